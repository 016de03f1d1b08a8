"""Simulated Windows hosts in a real domain: GPOs by samba-tool, reading as the machine itself."""

import json
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.ldap import Endpoint, LdapDirectory
from ipsec_orchestrator.codec import IpsecPolicy, encode
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.codec.gpt_ini import with_version
from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.facts.member_policy import parse_member_policy
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.tools import run_in_lab, samba_client_options
from ipsec_orchestrator.lab.windows import (
    GpoStore,
    RegistryFile,
    SambaToolMaker,
    SimulatedHost,
    WindowsSettings,
)
from ipsec_orchestrator.lab.windows.canned_policy import policy_answer
from ipsec_orchestrator.lab.windows.computer_account import read_computer_account
from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.inventory import AuthMethod, LdapSettings
from ipsec_orchestrator.model.secret import Secret

pytestmark = pytest.mark.lab

PAIR = "[{E437BC1C-AA7D-11D2-A382-00C04F991E27}{DEA8AFA0-CC85-11D0-9CE2-0080C7221EBD}]"
DOMAIN_DN = "DC=ipsectest,DC=com"
OU = f"OU=IPSecOU,{DOMAIN_DN}"


def directory_as(domain: Domain, user: str, password: str) -> LdapDirectory:
    """Open the domain's directory as somebody."""
    layout = domain.layout
    settings = LdapSettings(auth=AuthMethod.NTLM)
    credential = Credential(user=f"IPSECTEST\\{user}", password=Secret(password))
    return LdapDirectory(
        Endpoint(
            fqdn=layout.dc_fqdn,
            settings=settings,
            credential=credential,
            address=str(layout.dc_address),
        ),
    )


def administrator(domain: Domain) -> LdapDirectory:
    """Open the domain's directory as its administrator."""
    password = domain.layout.admin_password_file.read_text(encoding="utf-8")
    return directory_as(domain, "Administrator", password)


def machine(domain: Domain, name: str) -> LdapDirectory:
    """Open the domain's directory as a computer."""
    passwords = json.loads(domain.layout.computer_passwords_file.read_text(encoding="utf-8"))
    return directory_as(domain, f"{name}$", passwords[name])


def template(domain: Domain, gpo_id: UUID) -> bytes | None:
    """Read gpt.ini from the DC's folder."""
    folder = domain.layout.samba_dir / "state" / "sysvol" / "ipsectest.com" / "Policies"
    found = [f for f in (folder / braced(gpo_id)).iterdir() if f.name.casefold() == "gpt.ini"]
    return found[0].read_bytes() if found else None


@pytest.fixture
def store(samba_domain: Domain) -> Iterator[GpoStore]:
    """The GPOs of the domain; what a test makes goes away again, with its links."""
    made = GpoStore(lambda: administrator(samba_domain), SambaToolMaker(samba_domain.layout))
    before = {gpo.gpo_id for gpo in made.all()}
    with administrator(samba_domain) as directory:
        links = directory.read(OU, ["gPLink"])
        assert links is not None
    yield made
    for gpo in made.all():
        if gpo.gpo_id not in before:
            made.delete(gpo.gpo_id)
    with administrator(samba_domain) as directory:
        directory.replace(OU, Attributes({"gPLink": links.attributes.values_of("gPLink")}))


def test_gpos_come_and_go_whole(samba_domain: Domain, store: GpoStore) -> None:
    """samba-tool itself finds nothing wrong with a GPO that New-GPO's imitation made."""
    name = f"Größe {uuid4()}"
    made = store.create(name)

    layout = samba_domain.layout
    where = ["-H", f"ldap://{layout.dc_fqdn}", *samba_client_options(layout)]
    listed = run_in_lab(layout, ["samba-tool", "gpo", "listall", *where]).stdout
    run_in_lab(layout, ["samba-tool", "gpo", "aclcheck", *where])
    assert name in listed
    assert template(samba_domain, made.gpo_id) is not None
    with pytest.raises(ImitatedError):
        store.create(name)
    store.delete(made.gpo_id)
    with pytest.raises(ImitatedError):
        store.by_id(made.gpo_id)


def test_links_are_made_and_changed(store: GpoStore) -> None:
    """A new link comes last; it can be moved, disabled and enforced."""
    first, second = store.create(f"first {uuid4()}"), store.create(f"second {uuid4()}")
    store.set_link(first.gpo_id, OU, new=True, enabled=None, enforced=None, order=None)
    later = store.set_link(second.gpo_id, OU, new=True, enabled=None, enforced=None, order=None)

    moved = store.set_link(second.gpo_id, OU, new=False, enabled=False, enforced=True, order=1)

    assert (later.enabled, later.enforced) == (True, False)
    assert (moved.order, moved.enabled, moved.enforced) == (1, False, True)
    shown, blocked = store.links(OU)
    assert shown[0].gpo_id == second.gpo_id
    assert not blocked


def test_deleting_keeps_links_only_when_told(samba_domain: Domain, store: GpoStore) -> None:
    """Remove-GPO takes the links along; with KeepLinks they stay and point to nothing."""
    kept, dropped = store.create(f"kept {uuid4()}"), store.create(f"dropped {uuid4()}")
    for gpo in (kept, dropped):
        store.set_link(gpo.gpo_id, OU, new=True, enabled=None, enforced=None, order=None)

    store.delete(dropped.gpo_id)
    store.delete(kept.gpo_id, keep_links=True)

    with administrator(samba_domain) as directory:
        entry = directory.read(OU, ["gPLink"])
    assert entry is not None
    text = (entry.attributes.text("gPLink") or "").upper()
    assert str(kept.gpo_id).upper() in text
    assert str(dropped.gpo_id).upper() not in text


def test_a_computer_knows_its_groups_and_its_site(samba_domain: Domain) -> None:
    """Read with its own account: Domain Computers, Authenticated Users, and the only site."""
    with machine(samba_domain, "vm1") as directory:
        account = read_computer_account(directory, "vm1$")

    assert account.site_dn == f"CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{DOMAIN_DN}"
    assert Sid.parse("S-1-5-11") in account.sids
    assert any(str(sid).endswith("-515") for sid in account.sids)


def test_a_member_gets_its_policy_from_the_real_domain(
    samba_domain: Domain,
    store: GpoStore,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """From GPO, link and assignment to registry and cache, all read as vm1 itself."""
    gpo = store.create(f"assigning {uuid4()}")
    store.set_link(gpo.gpo_id, OU, new=True, enabled=None, enforced=None, order=1)
    policy_id = uuid4()
    policy_dn = f"CN=ipsecPolicy{{{policy_id}}},CN=IP Security,CN=System,{DOMAIN_DN}"
    with administrator(samba_domain) as directory:
        texts = Attributes.of_text(
            objectClass="ipsecPolicy",
            ipsecName="policy-azure-onpremises",
            ipsecID=f"{{{policy_id}}}",
            ipsecDataType="256",
        )
        directory.add(policy_dn, texts.with_values("ipsecData", [encode(IpsecPolicy())]))
        for dn in assignment_dns(gpo.dn)[1:-1]:
            if directory.read(dn, ["objectClass"]) is None:
                directory.add(dn, Attributes.of_text(objectClass="container"))
        directory.add(
            assignment_dns(gpo.dn)[-1],
            Attributes.of_text(objectClass="ipsecPolicy", ipsecOwnersReference=policy_dn),
        )
        directory.replace(
            gpo.dn,
            Attributes.of_text(gPCMachineExtensionNames=PAIR, versionNumber="1"),
        )
    host = SimulatedHost(
        WindowsSettings(name="vm1", account="vm1$"),
        registry=RegistryFile(tmp_path_factory.mktemp("vm1") / "vm1.json"),
        open_directory=lambda: machine(samba_domain, "vm1"),
        read_template=lambda gpo_id: _bumped(template(samba_domain, gpo_id)),
    )

    run = host.refresh_policy(force=False)

    seen = parse_member_policy(policy_answer(host))
    with administrator(samba_domain) as directory:
        directory.delete(policy_dn)
    assert run is not None
    assert gpo.display_name in [found.name for found in run.gpos.applied]
    assert seen.assigned is not None
    assert seen.assigned.policy_id == policy_id
    assert seen.cached(policy_id) is not None


def _bumped(content: bytes | None) -> bytes | None:
    """Take a template for edited once."""
    return None if content is None else with_version(content, GpoVersion(machine=1, user=0))
