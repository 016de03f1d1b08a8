"""Narrowing and widening a GPO on a real DC, judged by Samba's own tools."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from ipsec_orchestrator.adapters.gpo_container import container_dn
from ipsec_orchestrator.adapters.ldap import LdapDirectory
from ipsec_orchestrator.adapters.smb import Share, SmbGpos, SmbSysvol
from ipsec_orchestrator.codec.gpo_filtering import Filtering, template_descriptor
from ipsec_orchestrator.codec.security_descriptor import decode_descriptor, encode_descriptor
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.tools import run_in_lab
from ipsec_orchestrator.model.directory import Attributes, Scope

pytestmark = pytest.mark.lab

_DOMAIN_DN = "DC=ipsectest,DC=com"
_ID = UUID("0e0e0e0e-1111-5222-8333-444444444444")
_DN = container_dn(_DOMAIN_DN, _ID)


@pytest.fixture
def sysvol(real_directory: LdapDirectory, sysvol_share: Share) -> Iterator[SmbSysvol]:
    """The files of a fresh GPO, which is gone afterwards."""
    gpos = SmbGpos(real_directory, sysvol_share)
    gpos.create(name="Filtered", wished_id=_ID, comment="how-to")
    yield SmbSysvol(sysvol_share, domain="ipsectest.com")
    gpos.delete(gpo_id=_ID)


def _descriptor(directory: LdapDirectory) -> bytes:
    entry = directory.read(_DN, ["nTSecurityDescriptor"])
    assert entry is not None
    return entry.attributes["nTSecurityDescriptor"][0]


def _bring_to(
    directory: LdapDirectory, sysvol: SmbSysvol, found: Filtering, computers: set[Sid]
) -> None:
    record = (found.record.encode(),) if found.record else ()
    directory.replace(
        _DN,
        Attributes(
            {
                "nTSecurityDescriptor": [encode_descriptor(found.descriptor)],
                "adminDisplayName": record,
            }
        ),
    )
    stored = sysvol.read_access(_ID)
    assert stored is not None
    wanted = template_descriptor(decode_descriptor(stored), found.descriptor, computers)
    sysvol.write_access(_ID, encode_descriptor(wanted))


def _complaints(domain: Domain) -> str:
    server = ("-H", f"ldap://{domain.facts.dc_fqdn}", "--use-kerberos=required")
    conf = str(domain.layout.smb_conf)
    said = [
        run_in_lab(domain.layout, command, check=False)
        for command in (
            ["samba-tool", "gpo", "aclcheck", *server],
            ["samba-tool", "ntacl", "sysvolcheck", "-s", conf],
        )
    ]
    return "".join(
        done.stdout + done.stderr for done in said if done.returncode or "ERROR" in done.stderr
    )


def test_narrowing_and_widening_leaves_every_byte_as_it_was(
    real_directory: LdapDirectory, sysvol: SmbSysvol, real_domain: Domain
) -> None:
    """Both halves agree at every stage for Samba's checks, and end in the bytes of the beginning."""
    found = real_directory.search(
        _DOMAIN_DN, Scope.SUBTREE, "(objectClass=computer)", ["objectSid"]
    )
    accounts = [Sid.from_bytes(entry.attributes["objectSid"][0]) for entry in found]
    first, *others = accounts
    before, files_before = _descriptor(real_directory), sysvol.read_access(_ID)
    stage = Filtering(descriptor=decode_descriptor(before))
    seen: list[str] = []
    for computers in ((first,), (first, *others), None):
        stage = stage.narrowed_to(computers)
        _bring_to(real_directory, sysvol, stage, set(accounts))
        entry = real_directory.read(_DN, ["nTSecurityDescriptor", "adminDisplayName"])
        assert entry is not None
        stage = Filtering(
            descriptor=decode_descriptor(entry.attributes["nTSecurityDescriptor"][0]),
            record=entry.attributes.text("adminDisplayName"),
        )
        assert stage.computers == (None if computers is None else tuple(sorted(computers, key=str)))
        seen.append(_complaints(real_domain))

    assert seen == ["", "", ""]
    assert _descriptor(real_directory) == before
    assert sysvol.read_access(_ID) == files_before
