"""``doctor`` on a real domain: silent when all is well, and each broken prerequisite by its name."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.system.conftest import DOMAIN_DN, OU_DN, PLAYBOOK, POLICIES_DN, Laboratory, document

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

ZONES = f"CN=MicrosoftDNS,DC=DomainDnsZones,{DOMAIN_DN}"
FOREST_ZONES = f"CN=MicrosoftDNS,DC=ForestDnsZones,{DOMAIN_DN}"
DEFAULT_POLICY = "{31B2F340-016D-11D2-945F-00C04FB984F9}"
PAIR = "[{E437BC1C-AA7D-11D2-A382-00C04F991E27}{DEA8AFA0-CC85-11D0-9CE2-0080C7221EBD}]"
GPO = "IPSec-Azure-OnPremises"
PASSWORD = "Delegated-User-1"  # noqa: S105 - of a user that the test makes


class Making(Protocol):
    """Makes a lab."""

    def __call__(self, name: str, *options: str) -> Laboratory: ...


@pytest.fixture(scope="module")
def small_lab(make_lab: Making) -> Laboratory:
    """A lab of the four hosts, for this module alone."""
    return make_lab("doctor")


@pytest.fixture
def well(small_lab: Laboratory) -> Laboratory:
    """That lab with nothing wrong in its domain."""
    small_lab.reset()
    return small_lab


def doctor(lab: Laboratory, *options: str | Path, **environment: str) -> tuple[int, Any]:
    """Run it on the example playbook; give exit code and document."""
    inventory = () if "-i" in options else ("-i", lab.inventory)
    said = lab.orchestrate("doctor", PLAYBOOK, *inventory, "--json", *options, **environment)
    assert "Traceback" not in said.stderr
    return said.returncode, document(said)


def ids(found: Any, outcome: str) -> set[str]:  # noqa: ANN401 - a JSON document
    """The checks that ended in one way."""
    return {finding["id"] for finding in found["findings"] if finding["outcome"] == outcome}


def test_a_healthy_lab_has_nothing_to_complain_of(small_lab: Laboratory) -> None:
    """Before a policy is there nothing fails and nothing is unknown; Azure is not applicable."""
    small_lab.reset()
    code, found = doctor(small_lab)

    assert ids(found, "failed") == set()
    assert ids(found, "unknown") == set()
    assert {name for name in ids(found, "not applicable") if not name.startswith("azure.")} == {
        "firewall.third-party",
    }
    assert code == 0
    assert found["counts"]["passed"] == len(
        [finding for finding in found["findings"] if finding["outcome"] == "passed"]
    )
    for finding in found["findings"]:
        assert set(finding) == {"id", "topic", "title", "outcome", "seen", "cure", "host"}
        assert finding["id"].startswith(f"{finding['topic']}.")


def test_it_writes_nothing(small_lab: Laboratory) -> None:
    """The directory's counter of writes stands still."""
    before = small_lab.highest_usn()
    doctor(small_lab)

    assert small_lab.highest_usn() == before


def test_all_is_well_after_apply_too(well: Laboratory) -> None:
    """The playbook's own GPO and policy are no rivals of themselves."""
    well.apply()
    code, found = doctor(well)
    seen = {f["id"]: f["seen"] for f in found["findings"] if f["host"] in (None, "vm1")}

    assert code == 0
    assert "IPSec-Azure-OnPremises" in seen["ou.gpo"]
    assert "playbook's own GPO" in seen["ipsec.other-gpo"]


def test_people_get_tables_by_topic(small_lab: Laboratory) -> None:
    """Every topic has its table, and the last line counts."""
    said = small_lab.orchestrate("doctor", "-i", small_lab.inventory, "--only", "ad,dns")

    assert said.returncode == 0, said.stdout
    assert "ad.bind" in said.stdout
    assert "dns.reverse" in said.stdout
    assert "hosts.winrm" not in said.stdout
    assert said.stdout.splitlines()[-1].endswith("passed.")


def test_an_unknown_topic_is_wrong_usage(small_lab: Laboratory) -> None:
    """A word that is no topic and no check is told with those that there are."""
    said = small_lab.orchestrate("doctor", "-i", small_lab.inventory, "--only", "dsn")

    assert said.returncode == 64
    assert "connectivity" in said.stderr


FAULTS = {
    "refused": {"hosts.winrm"},
    "access-denied": {"hosts.authentication"},
    "clock-skew=600": {"hosts.clock"},
    "service-disabled=PolicyAgent": {"hosts.service-policyagent"},
    "service-disabled=IKEEXT": {"hosts.service-ikeext"},
    "service-disabled=BFE": {"hosts.service-bfe"},
    "pending-reboot": {"hosts.pending-restart"},
    "low-quotas": {"hosts.quotas"},
    "local-policy": {"ipsec.local-policy"},
    "connection-security-rule": {"ipsec.connection-rules"},
    "no-background-policy": {"ipsec.extension"},
    "default-exempt=0": {"ipsec.exemptions"},
    "no-rsop-logging": {"ipsec.rsop-logging"},
    "ike-blocked": {"firewall.key-exchange"},
    "firewall-third-party": {"firewall.third-party"},
    "no-audit": {"audit.subcategories"},
    "no-event-log": {"gpo.event-log"},
    "stale-group-policy": {"gpo.last-run"},
    "dns-wrong": {"dns.forward", "dns.reverse"},
    "port-blocked=8080": {"connectivity.tcp"},
    "path-mtu=1400": {"connectivity.path-mtu"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_a_host_has_its_check(small_lab: Laboratory, fault: str) -> None:
    """Exactly the check of that prerequisite fails, on that host, and says what to do."""
    small_lab.reset()
    small_lab.fault("vm1", fault)
    try:
        code, found = doctor(small_lab)
    finally:
        small_lab.fault("vm1")
        # Healed: whoever comes next need not bring the whole lab back.
        small_lab.used = False
    failed = [finding for finding in found["findings"] if finding["outcome"] == "failed"]

    assert {finding["id"] for finding in failed} == FAULTS[fault]
    assert {finding["host"] for finding in failed} == {"vm1"}
    assert all(finding["cure"] for finding in failed)
    assert code == 2


def test_a_healed_host_is_well(small_lab: Laboratory) -> None:
    """What a fault brought goes with it."""
    small_lab.reset()
    small_lab.fault("vm1", "service-disabled=BFE", "local-policy", "stale-group-policy", "no-audit")
    small_lab.fault("vm1")
    code, _ = doctor(small_lab)

    assert code == 0


def test_what_cannot_be_asked_is_unknown(small_lab: Laboratory) -> None:
    """Nothing is said of a host that can't be asked, and the others are judged all the same."""
    small_lab.reset()
    small_lab.fault("vm1", "refused")
    _, found = doctor(small_lab, "--only", "hosts,audit")
    small_lab.fault("vm1")
    small_lab.used = False
    outcomes = {
        (finding["host"], finding["id"]): finding["outcome"] for finding in found["findings"]
    }

    assert outcomes["vm1", "audit.subcategories"] == "unknown"
    assert outcomes["vm2", "audit.subcategories"] == "passed"


def test_unknown_alone_gives_three(small_lab: Laboratory) -> None:
    """Where nothing failed, but something could not be told, the exit code is 3."""
    small_lab.reset()
    small_lab.fault("vm1", "refused")
    code, _ = doctor(small_lab, "--only", "audit")
    small_lab.fault("vm1")
    small_lab.used = False

    assert code == 3


def test_unanswered_pings_are_no_failure(small_lab: Laboratory) -> None:
    """Windows does not answer pings by default: neither they nor the path MTU are applicable."""
    small_lab.reset()
    small_lab.fault("vm1", "no-ping")
    code, found = doctor(small_lab, "--only", "connectivity", "--limit", "vm1")
    small_lab.fault("vm1")
    small_lab.used = False

    assert code == 0
    assert ids(found, "not applicable") == {"connectivity.ping", "connectivity.path-mtu"}


def test_powershell_finds_the_same(powershell_lab: Laboratory) -> None:
    """Where the scripts run in PowerShell the same checks fail as without it."""
    powershell_lab.reset()
    several = [
        fault
        for fault in FAULTS
        if fault not in {"refused", "access-denied"} and not fault.startswith("clock")
    ]
    powershell_lab.fault("vm1", *several)
    _, ill = doctor(powershell_lab)
    powershell_lab.fault("vm1")
    code, _ = doctor(powershell_lab)

    assert ids(ill, "failed") == set().union(*(FAULTS[fault] for fault in several))
    assert code == 0


def rename_ou(_: Laboratory) -> str:
    return (
        f"dn: {OU_DN}\nchangetype: modrdn\nnewrdn: OU=Elsewhere\ndeleteoldrdn: 1\n"
        f"newsuperior: {DOMAIN_DN}\n"
    )


def move_account(_: Laboratory) -> str:
    return (
        f"dn: CN=VM1,{OU_DN}\nchangetype: modrdn\nnewrdn: CN=VM1\ndeleteoldrdn: 1\n"
        f"newsuperior: CN=Computers,{DOMAIN_DN}\n"
    )


def add_stranger(_: Laboratory) -> str:
    return (
        f"dn: CN=STRAY,{OU_DN}\nchangetype: add\nobjectClass: computer\n"
        "sAMAccountName: STRAY$\ndNSHostName: stray.ipsectest.com\n"
    )


def block_inheritance(_: Laboratory) -> str:
    return (
        f"dn: OU=Inner,{OU_DN}\nchangetype: add\nobjectClass: organizationalUnit\ngPOptions: 1\n\n"
        f"dn: CN=VM1,{OU_DN}\nchangetype: modrdn\nnewrdn: CN=VM1\ndeleteoldrdn: 1\n"
        f"newsuperior: OU=Inner,{OU_DN}\n"
    )


def add_rival(lab: Laboratory) -> str:
    lab.samba_tool("gpo", "create", "Rival")
    (dn,) = lab.search(POLICIES_DN, "(displayName=Rival)", "dn", scope="one")
    return (
        f"dn: {dn}\nchangetype: modify\nreplace: gPCMachineExtensionNames\n"
        f"gPCMachineExtensionNames: {PAIR}\n\n"
        f"dn: {OU_DN}\nchangetype: modify\nadd: gPLink\ngPLink: [LDAP://{dn};0]\n"
    )


def delete_address(_: Laboratory) -> str:
    return f"dn: DC=vm1,DC=ipsectest.com,{ZONES}\nchangetype: delete\n"


def delete_pointer(lab: Laboratory) -> str:
    layout = lab.layout
    node = f"3.1,DC={layout.network}.127.in-addr.arpa"
    return f"dn: DC={node},{ZONES}\nchangetype: delete\n"


def delete_service_record(_: Laboratory) -> str:
    dn = f"DC=_ldap._tcp.pdc,DC=_msdcs.ipsectest.com,{FOREST_ZONES}"
    return f"dn: {dn}\nchangetype: delete\n"


NOBODY: set[str | None] = {None}
BROKEN: dict[str, tuple[Callable[[Laboratory], str], set[str], set[str | None] | None]] = {
    "the OU is called otherwise": (rename_ou, {"ou.exists"}, None),
    "an account is outside of the OU": (move_account, {"ou.accounts"}, None),
    "a stranger is in the OU": (add_stranger, {"ou.others"}, None),
    "an inner OU blocks inheritance": (block_inheritance, {"ou.inheritance"}, None),
    "another GPO has IPsec settings": (add_rival, {"ou.rivals"}, None),
    "a host has no A record": (delete_address, {"dns.forward"}, {"host1", "vm2"}),
    "a host has no PTR record": (delete_pointer, {"dns.reverse"}, {"host1", "vm1"}),
    "the PDC emulator has no SRV record": (delete_service_record, {"ad.srv-records"}, None),
}


@pytest.mark.parametrize("case", BROKEN)
def test_each_fault_of_the_domain_has_its_check(well: Laboratory, case: str) -> None:
    """What an administrator broke in the directory is found by exactly its check."""
    ldif, expected, hosts = BROKEN[case]
    well.modify(ldif(well))
    code, found = doctor(well)
    failed = [finding for finding in found["findings"] if finding["outcome"] == "failed"]

    assert {finding["id"] for finding in failed} == expected
    assert {finding["host"] for finding in failed} == (hosts or NOBODY)
    assert ids(found, "unknown") == set()
    assert code == 2


def test_a_gpo_of_somebody_else_with_our_name_is_found(well: Laboratory) -> None:
    """Whether what has the playbook's name and not our mark is ours can't be told."""
    well.used = True
    well.samba_tool("gpo", "create", GPO)
    code, found = doctor(well, "--only", "ou")

    assert ids(found, "failed") == set()
    assert ids(found, "unknown") == {"ou.gpo"}
    assert code == 3


def test_the_policy_of_another_gpo_is_found_on_the_hosts(well: Laboratory, tmp_path: Path) -> None:
    """Members that have a policy already tell of whose GPO it is."""
    well.apply()
    text = PLAYBOOK.read_text(encoding="utf-8")
    assert f"name: {GPO}" in text
    other = tmp_path / PLAYBOOK.name
    other.write_text(text.replace(f"name: {GPO}", "name: IPSec-Other"), encoding="utf-8")
    said = well.orchestrate("doctor", other, "-i", well.inventory, "--json")
    failed = [item for item in document(said)["findings"] if item["outcome"] == "failed"]

    assert {item["id"] for item in failed} == {"ou.rivals", "ipsec.other-gpo"}
    assert {item["host"] for item in failed if item["id"] == "ipsec.other-gpo"} == {
        "host1",
        "vm1",
        "vm2",
    }
    told = {item["id"]: item["seen"] for item in failed}
    assert GPO in told["ou.rivals"]
    assert well.gpo_id(GPO).casefold() in told["ipsec.other-gpo"].casefold()
    assert said.returncode == 2


def test_a_wrong_address_is_told_with_the_right_one(well: Laboratory) -> None:
    """An A record that leads to another host is found on the hosts that ask for it."""
    right, wrong = (f"DC={name},DC=ipsectest.com,{ZONES}" for name in ("vm1", "vm2"))
    record = well.run(
        "ldbsearch",
        "-H",
        f"ldap://{well.layout.dc_fqdn}",
        "-b",
        wrong,
        "-s",
        "base",
        "dnsRecord",
        *_options(well),
    ).stdout
    (value,) = [
        line for line in record.replace("\n ", "").splitlines() if line.startswith("dnsRecord")
    ]
    well.modify(f"dn: {right}\nchangetype: modify\nreplace: dnsRecord\n{value}\n")
    _, found = doctor(well, "--only", "dns")
    failed = [finding for finding in found["findings"] if finding["outcome"] == "failed"]

    assert {finding["host"] for finding in failed} == {"host1", "vm2"}
    assert {finding["id"] for finding in failed} == {"dns.forward"}
    assert "10.0.1.21 instead of 10.0.1.20" in failed[0]["seen"]


def _options(lab: Laboratory) -> Iterable[str]:
    from ipsec_orchestrator.lab.domain.tools import samba_client_options  # noqa: PLC0415

    return samba_client_options(lab.layout)


def remove_template(lab: Laboratory) -> None:
    """Take the file away that every member reads of the default policy."""
    lab.used = True
    folder = lab.sysvol / "ipsectest.com" / "Policies" / DEFAULT_POLICY
    (file,) = [found for found in folder.iterdir() if found.name.casefold() == "gpt.ini"]
    file.unlink()


def test_a_missing_template_is_found(well: Laboratory) -> None:
    """A GPO without its file in SYSVOL ends every member's Group Policy."""
    remove_template(well)
    code, found = doctor(well)

    assert ids(found, "failed") == {"ad.sysvol"}
    assert code == 2


def test_versions_that_differ_are_found(well: Laboratory) -> None:
    """A GPO whose halves disagree has not been replicated, or was edited by half."""
    (dn,) = well.search(POLICIES_DN, f"(cn={DEFAULT_POLICY})", "dn", scope="one")
    well.modify(f"dn: {dn}\nchangetype: modify\nreplace: versionNumber\nversionNumber: 70000\n")
    _, found = doctor(well, "--only", "ad")

    assert ids(found, "failed") == {"ad.sysvol-versions"}


def test_apply_does_not_begin_without_its_prerequisites(well: Laboratory) -> None:
    """Apply writes nothing, names the check and how to leave it out; then it goes on."""
    remove_template(well)
    before = well.highest_usn()
    refused = well.play("apply", "--yes", "--limit", "vm1")
    untouched = well.highest_usn() == before
    wrong = well.play("apply", "--yes", "--limit", "vm1", "--skip-check", "ad.sysvl")
    forced = well.play("apply", "--yes", "--limit", "vm1", "--skip-check", "ad.sysvol")

    assert refused.returncode == 1
    assert "--skip-check ad.sysvol" in refused.stderr
    assert DEFAULT_POLICY in refused.stderr
    assert untouched
    assert wrong.returncode == 64
    assert "Skipped as ordered: ad.sysvol" in forced.stderr
    assert well.gpo_id()


def limited_user(lab: Laboratory) -> dict[str, Any]:
    """Make a user without any rights of an administrator, and give the environment to be it."""
    lab.used = True
    lab.samba_tool("user", "create", "delegate", PASSWORD)
    return {
        "IPSEC_ORCHESTRATOR_USER": "delegate@IPSECTEST.COM",
        "IPSEC_ORCHESTRATOR_PASSWORD": PASSWORD,
    }


def without_cache(content: dict[str, Any]) -> None:
    """Take the lab's credential cache out of the inventory."""
    del content["domain"]["credentials"]["ccache"]


def grant(lab: Laboratory, dn: str, ace: str) -> None:
    """Delegate something on one object to the user."""
    account = lab.search(DOMAIN_DN, "(sAMAccountName=delegate)", "objectSid")
    (sid,) = next(entry["objectSid"] for entry in account.values() if entry)
    sddl = ace.replace("SID", sid.decode())
    lab.samba_tool("dsacl", "set", f"--objectdn={dn}", f"--sddl={sddl}")


RIGHTS = {
    # schemaIDGUIDs of groupPolicyContainer and gPLink.
    "ad.right-gpo": (POLICIES_DN, "(OA;;CC;f30e3bc2-9ff0-11d1-b603-0000f80367c1;;SID)"),
    "ad.right-link": (OU_DN, "(OA;;WP;f30e3bbe-9ff0-11d1-b603-0000f80367c1;;SID)"),
    "ad.right-ip-security": (f"CN=IP Security,CN=System,{DOMAIN_DN}", "(A;;CC;;;SID)"),
}


def test_missing_rights_are_named_one_by_one(well: Laboratory) -> None:
    """A plain user lacks all three rights; each that is delegated is there from then on."""
    environment = limited_user(well)
    inventory = well.variant("delegate", without_cache)
    lacking = set(RIGHTS)
    options = ("-i", inventory, "--only", "ad")
    _, found = doctor(well, *options, **environment)
    assert ids(found, "failed") == lacking
    for check_id, (dn, ace) in RIGHTS.items():
        grant(well, dn, ace)
        lacking.discard(check_id)
        _, found = doctor(well, *options, **environment)
        assert ids(found, "failed") == lacking


def test_apply_is_refused_to_who_may_not(well: Laboratory) -> None:
    """A user without the rights is told before anything is written."""
    environment = limited_user(well)
    # Planning reads the policies that are there, which plain users may not.
    grant(well, f"CN=IP Security,CN=System,{DOMAIN_DN}", "(A;CI;RPLCLORC;;;SID)")
    inventory = well.variant("delegate", without_cache)
    before = well.highest_usn()
    said = well.play("apply", "--yes", "--limit", "vm1", inventory=inventory, **environment)

    assert said.returncode == 1
    assert "ad.right-gpo" in said.stderr
    assert "ad.right-ip-security" in said.stderr
    assert "gPLink" in said.stderr
    # The server itself notes when a user logs on.
    assert well.gpo_count() == 2
    assert well.highest_usn() <= before + 2


def test_a_domain_out_of_reach_leaves_the_hosts(small_lab: Laboratory) -> None:
    """Where no DC answers, that is one failed check, and the hosts are examined all the same."""
    small_lab.reset()

    def elsewhere(content: dict[str, Any]) -> None:
        content["domain"]["ldap"] |= {"address": "127.0.0.9", "connect_timeout": 2}

    code, found = doctor(small_lab, "-i", small_lab.variant("elsewhere", elsewhere))

    assert ids(found, "failed") == {"ad.bind"}
    assert "hosts.winrm" in ids(found, "passed")
    assert "ad.pdc-emulator" in ids(found, "unknown")
    assert code == 2


def test_no_dns_is_said(small_lab: Laboratory) -> None:
    """A DNS server that does not answer is one failed check, with its cure."""
    small_lab.reset()

    def elsewhere(content: dict[str, Any]) -> None:
        content["domain"] |= {"dns_server": "127.0.0.9", "pdc": "dc1.ipsectest.com"}

    _, found = doctor(
        small_lab, "-i", small_lab.variant("no-dns", elsewhere), "--only", "ad.srv-records"
    )
    (finding,) = found["findings"]

    assert finding["outcome"] == "failed"
    assert "dns_server" in finding["cure"]
