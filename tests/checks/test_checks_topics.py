"""Each check on facts that are made by hand: what passes, what fails, what can't be told."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final
from uuid import UUID

import pytest

from ipsec_orchestrator.app.check_list import all_checks, chosen_checks, topics
from ipsec_orchestrator.checks.check import Check
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.facts.computers import ObservedComputers
from ipsec_orchestrator.facts.controllers import ControllerState, ReplicationPartner
from ipsec_orchestrator.facts.directory_health import DirectoryHealth, OuState
from ipsec_orchestrator.facts.gpo_templates import TemplateState
from ipsec_orchestrator.facts.health import (
    HealthFacts,
    HostFacts,
    NotRead,
    TimedAnswer,
    Trouble,
)
from ipsec_orchestrator.facts.host_health import (
    ConnectionRule,
    ExtensionSettings,
    HostHealth,
    PendingRestart,
)
from ipsec_orchestrator.facts.member_policy import (
    AssignedPolicy,
    DeadMan,
    MemberObservation,
    PolicySetting,
    Service,
)
from ipsec_orchestrator.facts.policy_run import PolicyRun
from ipsec_orchestrator.facts.probed_targets import ProbedTarget
from ipsec_orchestrator.facts.resolved_names import ResolvedNames
from ipsec_orchestrator.facts.rights import ObjectRights
from ipsec_orchestrator.model.finding import CheckOutcome, Finding
from ipsec_orchestrator.model.inventory import Domain, Host, HostRole, Inventory
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.ports import DomainNames

NOON: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SILENT: Final = NotRead(
    trouble=Trouble.UNREACHABLE, reason="vm1 can't be reached.", cure="Plug in."
)
VM1 = Host(
    name="vm1",
    role=HostRole.AZURE_VM,
    fqdn="vm1.example.com",
    addresses=(ip_address("10.0.1.20"),),
)
HOST1 = Host(
    name="host1",
    role=HostRole.ON_PREMISES,
    fqdn="host1.example.com",
    addresses=(ip_address("10.2.27.10"),),
)
INVENTORY = Inventory(domain=Domain(name="example.com"), hosts=(VM1, HOST1))
RIGHTS = ObjectRights(
    dn="CN=x",
    attributes=frozenset({"gplink"}),
    child_classes=frozenset(
        {
            "grouppolicycontainer",
            "ipsecpolicy",
            "ipsecisakmppolicy",
            "ipsecnfa",
            "ipsecnegotiationpolicy",
            "ipsecfilter",
        }
    ),
    descriptor_bits=4,
)
AUDIT = {
    UUID(f"0cce92{number}-69ae-11d9-bed3-505054503030"): 3 for number in ("18", "19", "13", "33")
}
TEMPLATE = TemplateState(
    name="Default", gpo_id=UUID(int=1), container_version=3, template_version=3
)
DIRECTORY = DirectoryHealth(
    names=DomainNames(
        dc="dc1.example.com",
        domain_dn="DC=example,DC=com",
        configuration_dn="CN=Configuration,DC=example,DC=com",
        domain="example.com",
    ),
    time=NOON,
    role_owner="DC1.example.com",
    computers=ObservedComputers(computers=()),
    units=(),
    gpo=None,
    gpo_problem=None,
    templates=(TEMPLATE,),
    policies=RIGHTS,
    ip_security=RIGHTS,
    gpo_rights=None,
)
POLICY = MemberObservation(
    time=NOON,
    culture="de-DE",
    ui_culture="de-DE",
    ps_version="5.1.20348.1",
    services={
        name: Service(name=name, state="Running", start_mode="Auto")
        for name in ("PolicyAgent", "IKEEXT", "BFE")
    },
)
HEALTH = HostHealth(
    time=NOON,
    quotas={
        "max_shells_per_user": 30,
        "max_processes_per_shell": 25,
        "max_memory_per_shell_megabytes": 1024,
        "max_concurrent_operations_per_user": 1500,
        "max_connections": 300,
        "max_envelope_kilobytes": 500,
        "idle_timeout_milliseconds": 7_200_000,
    },
    quotas_reason=None,
    pending_restart=PendingRestart(
        component_servicing=False, windows_update=False, renamed=False, file_renames=0
    ),
    triggers=(),
    local_policy=None,
    default_exempt={},
    udp_encapsulation=None,
    extension=ExtensionSettings(
        registered=True,
        no_machine_policy=None,
        no_slow_link=None,
        no_background_policy=0,
        no_gpo_list_changes=1,
    ),
    connection_rules=(),
    connection_rules_reason=None,
    firewall_profiles={"Domain": True},
    firewall_profiles_reason=None,
    block_rules=(),
    firewall_products=None,
    audit=AUDIT,
    audit_reason=None,
    event_log_enabled=True,
    last_run=PolicyRun(ended_at=NOON - timedelta(hours=1), status=0),
)
NAMES = ResolvedNames(
    addresses={"host1.example.com": frozenset(HOST1.addresses)},
    names={HOST1.addresses[0]: ("HOST1.example.com",)},
)
PATH = ProbedTarget(
    address=HOST1.addresses[0],
    ping=0,
    full_ping=0,
    path_mtu_bytes=1500,
    ports={8080: 10061, 5985: 0},
)


def facts(**changes: Any) -> HealthFacts:  # noqa: ANN401 - fields of the facts
    """Everything in order on vm1, but for what is changed: of the host, else of the domain."""
    host = HostFacts(
        host=VM1,
        policy=POLICY,
        clock=TimedAnswer(time=NOON, before=NOON, after=NOON),
        health=HEALTH,
        names=NAMES,
        paths={HOST1.addresses[0]: PATH},
    )
    of_host = {name: changes.pop(name) for name in list(changes) if hasattr(host, name)}
    whole: dict[str, Any] = {
        "inventory": INVENTORY,
        "playbook": None,
        "members": ("vm1",),
        "records": dict.fromkeys(
            (
                "_ldap._tcp.dc._msdcs",
                "_ldap._tcp.pdc._msdcs",
                "_kerberos._tcp.dc._msdcs",
                "_kerberos._tcp",
            ),
            ("dc1.example.com",),
        ),
        "directory": DIRECTORY,
        "directory_clock": TimedAnswer(time=NOON, before=NOON, after=NOON),
        "controllers": (ControllerState(fqdn="dc1.example.com"),),
        "hosts": {"vm1": replace(host, **of_host)},
    }
    return HealthFacts(**{**whole, **changes})


def check(check_id: str) -> Check:
    """One of the checks."""
    return next(found for found in all_checks() if found.check_id == check_id)


def examine(check_id: str, **changes: Any) -> Finding:  # noqa: ANN401 - as facts
    """Run a check that has one finding."""
    (finding,) = check(check_id).examine(facts(**changes))
    return finding


def health(**changes: Any) -> Mapping[str, HostHealth]:  # noqa: ANN401 - fields
    """Facts of a host whose health differs."""
    return {"health": replace(HEALTH, **changes)}


def directory(**changes: Any) -> Mapping[str, DirectoryHealth]:  # noqa: ANN401 - fields
    """Facts of a directory that differs."""
    return {"directory": replace(DIRECTORY, **changes)}


def policy(**changes: Any) -> Mapping[str, MemberObservation]:  # noqa: ANN401 - fields
    """Facts of a host whose policy differs."""
    return {"policy": replace(POLICY, **changes)}


def service(name: str, state: str, mode: str) -> Mapping[str, MemberObservation]:
    """Facts of a host one of whose services differs."""
    changed = Service(name=name, state=state, start_mode=mode)
    return policy(services={**POLICY.services, name: changed})


def rule(text: str) -> Mapping[str, HostHealth]:
    """Facts of a host with one blocking rule of the firewall."""
    return health(block_rules=(f"v2.31|Action=Block|Active=TRUE|{text}Name=Rule|",))


PASSED, FAILED = CheckOutcome.PASSED, CheckOutcome.FAILED
UNKNOWN, NOT_APPLICABLE = CheckOutcome.UNKNOWN, CheckOutcome.NOT_APPLICABLE
OU_DN = "OU=IPSecOU,DC=example,DC=com"


def path(**changes: Any) -> Mapping[str, Any]:  # noqa: ANN401 - fields
    """Facts of a host whose way to the other side differs."""
    return {"paths": {HOST1.addresses[0]: replace(PATH, **changes)}}


CASES: list[tuple[str, Mapping[str, Any], CheckOutcome, str]] = [
    ("ad.srv-records", {"records": {}}, FAILED, "_kerberos._tcp"),
    ("ad.srv-records", {"records": SILENT}, FAILED, "can't be reached"),
    ("ad.bind", {"directory": SILENT}, FAILED, "can't be reached"),
    ("ad.clock", {"directory": SILENT}, UNKNOWN, "can't be reached"),
    ("ad.clock", {"directory_clock": None}, UNKNOWN, "does not tell"),
    (
        "ad.clock",
        {
            "directory_clock": TimedAnswer(
                time=NOON, before=NOON - timedelta(seconds=301), after=NOON - timedelta(seconds=301)
            )
        },
        FAILED,
        "301 s ahead",
    ),
    ("ad.pdc-emulator", directory(role_owner="dc2.example.com"), FAILED, "dc2.example.com"),
    ("ad.pdc-emulator", directory(role_owner=None), UNKNOWN, "fSMORoleOwner"),
    ("ad.sysvol", directory(templates=()), UNKNOWN, "No file"),
    (
        "ad.sysvol",
        directory(templates=(replace(TEMPLATE, template_version=None),)),
        FAILED,
        "no gpt.ini",
    ),
    ("ad.sysvol", directory(templates=(replace(TEMPLATE, problem="locked"),)), FAILED, "locked"),
    (
        "ad.sysvol",
        directory(templates=(replace(TEMPLATE, problem="no route", out_of_reach=True),)),
        UNKNOWN,
        "no route",
    ),
    (
        "ad.sysvol-versions",
        directory(templates=(replace(TEMPLATE, template_version=2),)),
        FAILED,
        "3 and 2",
    ),
    ("ad.replication", {"controllers": SILENT}, UNKNOWN, "can't be reached"),
    (
        "ad.replication",
        {
            "controllers": (
                ControllerState(fqdn="a", gpo_versions={"cn=x": "1"}),
                ControllerState(fqdn="b", gpo_versions={"cn=x": "1"}),
            )
        },
        PASSED,
        "2 domain controllers",
    ),
    (
        "ad.replication",
        {
            "controllers": (
                ControllerState(fqdn="a", gpo_versions={"cn=x": "1"}),
                ControllerState(fqdn="b", gpo_versions={"cn=x": "2"}),
            )
        },
        FAILED,
        "cn=x",
    ),
    (
        "ad.replication",
        {
            "controllers": (
                ControllerState(fqdn="a"),
                ControllerState(fqdn="b", problem="b is off."),
            )
        },
        UNKNOWN,
        "b is off",
    ),
    (
        "ad.replication",
        {
            "controllers": (
                ControllerState(
                    fqdn="a",
                    partners=(ReplicationPartner(name="CN=B", failures=4, last_result=8606),),
                ),
                ControllerState(fqdn="b"),
            )
        },
        FAILED,
        "8606",
    ),
    (
        "ad.right-gpo",
        directory(policies=replace(RIGHTS, child_classes=frozenset())),
        FAILED,
        "groupPolicyContainer",
    ),
    (
        "ad.right-gpo",
        directory(policies=replace(RIGHTS, child_classes=None)),
        UNKNOWN,
        "does not tell",
    ),
    ("ad.right-ip-security", directory(ip_security=None), FAILED, "CN=IP Security"),
    (
        "ad.right-ip-security",
        directory(
            ip_security=replace(
                RIGHTS,
                child_classes=RIGHTS.child_classes - {"ipsecfilter"}
                if RIGHTS.child_classes
                else None,
            )
        ),
        FAILED,
        "ipsecFilter",
    ),
    ("ad.right-link", {}, NOT_APPLICABLE, "no OU"),
    (
        "ad.right-link",
        directory(units=(OuState(dn=OU_DN, exists=True, rights=RIGHTS),)),
        PASSED,
        "access list",
    ),
    (
        "ad.right-link",
        directory(
            units=(OuState(dn=OU_DN, exists=True, rights=replace(RIGHTS, attributes=frozenset())),)
        ),
        FAILED,
        "gPLink",
    ),
    ("ou.exists", {}, NOT_APPLICABLE, "names an OU"),
    ("ou.exists", directory(units=(OuState(dn=OU_DN, exists=False),)), FAILED, OU_DN),
    (
        "ou.accounts",
        directory(units=(OuState(dn=OU_DN, exists=True),)),
        FAILED,
        "no computer account of vm1",
    ),
    ("ou.gpo", {}, NOT_APPLICABLE, "No playbook"),
    (
        "ou.rivals",
        directory(units=(OuState(dn=OU_DN, exists=True, rivals=("Baseline",)),)),
        FAILED,
        "'Baseline'",
    ),
    (
        "ou.inheritance",
        directory(units=(OuState(dn=OU_DN, exists=True, blocking=("OU=Inner",)),)),
        FAILED,
        "OU=Inner",
    ),
    (
        "dns.forward",
        {"names": replace(NAMES, addresses={"host1.example.com": "DNS_ERROR_RCODE_NAME_ERROR,X"})},
        FAILED,
        "no such name",
    ),
    (
        "dns.forward",
        {
            "names": replace(
                NAMES, addresses={"host1.example.com": frozenset({ip_address("10.9.9.9")})}
            )
        },
        FAILED,
        "10.9.9.9 instead of 10.2.27.10",
    ),
    ("dns.forward", {"names": SILENT}, UNKNOWN, "can't be reached"),
    (
        "dns.reverse",
        {"names": replace(NAMES, names={HOST1.addresses[0]: ("other.example.com",)})},
        FAILED,
        "other.example.com instead of host1.example.com",
    ),
    ("dns.reverse", {"names": replace(NAMES, names={})}, NOT_APPLICABLE, "no addresses"),
    ("connectivity.tcp", path(ports={8080: 10060}), FAILED, "host1 port 8080"),
    ("connectivity.tcp", path(ports={8080: 10061}), PASSED, "the way is open"),
    ("connectivity.tcp", {"paths": {}}, NOT_APPLICABLE, "other side"),
    ("connectivity.ping", path(ping=11010), NOT_APPLICABLE, "not answered"),
    ("connectivity.path-mtu", path(ping=11010), NOT_APPLICABLE, "not answered"),
    ("connectivity.path-mtu", path(full_ping=11010, path_mtu_bytes=1396), FAILED, "1396"),
    ("connectivity.path-mtu", path(full_ping=11009, path_mtu_bytes=1396), PASSED, "says so"),
    ("hosts.winrm", {"policy": SILENT}, FAILED, "can't be reached"),
    ("hosts.winrm", {"policy": replace(SILENT, trouble=Trouble.REFUSED)}, PASSED, "answers"),
    (
        "hosts.authentication",
        {"policy": replace(SILENT, trouble=Trouble.DENIED)},
        FAILED,
        "reached",
    ),
    ("hosts.authentication", {"policy": SILENT}, UNKNOWN, "reached"),
    ("hosts.powershell", policy(ps_version="4.0"), FAILED, "4.0"),
    ("hosts.powershell", policy(ps_version="7.4.1"), FAILED, "7.4.1"),
    ("hosts.quotas", health(quotas={}, quotas_reason="AccessDenied"), UNKNOWN, "AccessDenied"),
    (
        "hosts.quotas",
        health(quotas={**HEALTH.quotas, "max_envelope_kilobytes": 100}),
        FAILED,
        "MaxEnvelopeSizekb 100",
    ),
    (
        "hosts.quotas",
        health(quotas={**HEALTH.quotas, "max_processes_per_shell": 0}),
        PASSED,
        "MaxProcessesPerShell 0",
    ),
    (
        "hosts.clock",
        {"clock": TimedAnswer(time=NOON - timedelta(seconds=400), before=NOON, after=NOON)},
        FAILED,
        "400 s behind",
    ),
    (
        "hosts.service-policyagent",
        service("PolicyAgent", "Stopped", "Disabled"),
        FAILED,
        "Disabled",
    ),
    ("hosts.service-policyagent", service("PolicyAgent", "Stopped", "Manual"), PASSED, "Manual"),
    ("hosts.service-bfe", service("BFE", "Stopped", "Auto"), FAILED, "Stopped"),
    ("hosts.service-ikeext", policy(services={}), FAILED, "no service IKEEXT"),
    (
        "hosts.pending-restart",
        health(pending_restart=replace(HEALTH.pending_restart, renamed=True)),
        FAILED,
        "new computer name",
    ),
    (
        "hosts.pending-restart",
        health(pending_restart=replace(HEALTH.pending_restart, file_renames=4)),
        PASSED,
        "4 entries",
    ),
    (
        "ipsec.other-gpo",
        policy(assigned=AssignedPolicy(path="LDAP://x", name="foreign")),
        NOT_APPLICABLE,
        "'foreign'",
    ),
    ("ipsec.local-policy", health(local_policy="ipsecPolicy{1}"), FAILED, "ipsecPolicy{1}"),
    (
        "ipsec.connection-rules",
        health(connection_rules=(ConnectionRule(name="R", inbound=2, outbound=1),)),
        FAILED,
        "'R' (inbound require, outbound request)",
    ),
    ("ipsec.connection-rules", health(connection_rules_reason="Stopped"), UNKNOWN, "Stopped"),
    (
        "ipsec.extension",
        health(extension=replace(HEALTH.extension, registered=False)),
        FAILED,
        "no IPsec extension",
    ),
    (
        "ipsec.extension",
        health(extension=replace(HEALTH.extension, no_machine_policy=1)),
        FAILED,
        "for computers",
    ),
    ("ipsec.exemptions", health(default_exempt={"PolicyAgent": 3}), PASSED, "PolicyAgent"),
    (
        "ipsec.exemptions",
        health(default_exempt={"IPSEC": 3, "PolicyAgent": 1}),
        FAILED,
        "multicast",
    ),
    ("ipsec.rsop-logging", policy(rsop_logging=False), FAILED, "off"),
    ("ipsec.rsop-logging", policy(extension_reason="HRESULT 0x8004100e"), UNKNOWN, "0x8004100e"),
    ("ipsec.dead-man", policy(dead_men=()), PASSED, "No run waits"),
    (
        "ipsec.dead-man",
        policy(dead_men=(DeadMan(run_id="r", deadline="2026-11-26T15:00:00Z", fired=False),)),
        FAILED,
        "waits for its confirmation until 2026-11-26T15:00:00Z",
    ),
    (
        "ipsec.dead-man",
        policy(dead_men=(DeadMan(run_id="r", deadline=None, fired=False),)),
        FAILED,
        "broke off",
    ),
    (
        "ipsec.dead-man",
        policy(dead_men=(DeadMan(run_id="r", deadline="2026-11-26T15:00:00Z", fired=True),)),
        FAILED,
        "not confirmed in time",
    ),
    ("ipsec.nat", health(udp_encapsulation=2), PASSED, "both sides"),
    ("firewall.profiles", health(firewall_profiles={"Public": False}), PASSED, "Public off"),
    (
        "firewall.profiles",
        health(firewall_profiles={}, firewall_profiles_reason="Stopped"),
        UNKNOWN,
        "Stopped",
    ),
    ("firewall.key-exchange", rule("Dir=In|Protocol=17|LPort=500|"), FAILED, "Rule"),
    ("firewall.key-exchange", rule("Dir=Out|Protocol=17|RPort2_10=4000-5000|"), FAILED, "Rule"),
    ("firewall.key-exchange", rule("Dir=In|Protocol=50|"), FAILED, "Rule"),
    ("firewall.key-exchange", rule("Dir=In|"), FAILED, "Rule"),
    ("firewall.key-exchange", rule("Dir=In|Protocol=17|"), FAILED, "Rule"),
    (
        "firewall.key-exchange",
        rule("Dir=In|Protocol=17|LPort=53|LPort=5000|"),
        PASSED,
        "No firewall rule",
    ),
    ("firewall.key-exchange", rule("Dir=In|Protocol=17|LPort=53|LPort=4500|"), FAILED, "Rule"),
    ("firewall.key-exchange", rule("Dir=In|Protocol=6|LPort=500|"), PASSED, "No firewall rule"),
    ("firewall.key-exchange", rule("Dir=In|App=x.exe|"), PASSED, "No firewall rule"),
    (
        "firewall.key-exchange",
        rule("Dir=In|Protocol=17|RA4=192.0.2.1|"),
        PASSED,
        "No firewall rule",
    ),
    ("firewall.third-party", health(firewall_products=("Fortress",)), FAILED, "Fortress"),
    ("firewall.third-party", health(firewall_products=()), PASSED, "No firewall"),
    ("firewall.third-party", {}, NOT_APPLICABLE, "Windows Server"),
    ("audit.subcategories", health(audit={}), FAILED, "IPsec Quick Mode"),
    (
        "audit.subcategories",
        health(audit={**AUDIT, UUID("0cce9218-69ae-11d9-bed3-505054503030"): 1}),
        FAILED,
        "IPsec Main Mode",
    ),
    (
        "audit.subcategories",
        health(audit={**AUDIT, UUID("0cce9218-69ae-11d9-bed3-505054503030"): 2}),
        PASSED,
        "All four",
    ),
    ("audit.subcategories", health(audit={}, audit_reason="no right"), UNKNOWN, "no right"),
    ("gpo.event-log", health(event_log_enabled=None), UNKNOWN, "does not tell"),
    ("gpo.last-run", health(last_run=None), UNKNOWN, "No run"),
    (
        "gpo.last-run",
        health(last_run=PolicyRun(ended_at=NOON, status=-2147467259)),
        FAILED,
        "0x80004005",
    ),
    (
        "gpo.last-run",
        health(last_run=PolicyRun(ended_at=NOON - timedelta(hours=25), status=0)),
        FAILED,
        "25 hours",
    ),
]


@pytest.mark.parametrize(("check_id", "changes", "outcome", "words"), CASES)
def test_a_check_judges_what_it_sees(
    check_id: str, changes: Mapping[str, Any], outcome: CheckOutcome, words: str
) -> None:
    """The outcome is as expected, what was seen is said, and whatever failed has a cure."""
    finding = examine(check_id, **changes)

    assert finding.outcome is outcome
    assert words in finding.seen
    assert bool(finding.cure) or outcome is not FAILED


@pytest.mark.parametrize("made", all_checks(), ids=lambda made: made.check_id)
def test_nothing_fails_when_all_is_well(made: Check) -> None:
    """On facts of a healthy world no check fails, and none is unknown."""
    for finding in made.examine(facts()):
        assert finding.outcome in (PASSED, NOT_APPLICABLE), finding
        assert finding.check_id == made.check_id
        assert finding.title == made.title
        assert finding.seen


@pytest.mark.parametrize("made", all_checks(), ids=lambda made: made.check_id)
def test_what_was_not_read_never_passes(made: Check) -> None:
    """Without facts a check may fail or be unknown, but it does not say that all is well."""
    blind = facts(
        records=SILENT,
        directory=SILENT,
        directory_clock=None,
        controllers=SILENT,
        policy=SILENT,
        clock=None,
        health=SILENT,
        names=SILENT,
        paths=SILENT,
    )

    for finding in made.examine(blind):
        assert finding.outcome in (FAILED, UNKNOWN), finding


def test_a_foreign_gpo_is_told_from_ours(howto: Playbook) -> None:
    """Without the playbook's own GPO in the directory an assigned policy is another's."""
    observed = policy(
        assigned=AssignedPolicy(path="LDAP://x", name="foreign"),
        settings=(
            PolicySetting(precedence=1, ipsec_id="x", ipsec_name="foreign", gpo_id="CN={5}"),
        ),
    )
    finding = examine("ipsec.other-gpo", playbook=howto, **observed)

    assert finding.outcome is FAILED
    assert "CN={5}" in finding.seen


def test_topics_and_ids_choose_checks() -> None:
    """A topic means all of its checks, an id one, and several words their union."""
    chosen = [found.check_id for found in chosen_checks(["audit", "ad.bind"])]

    assert chosen == ["ad.bind", "audit.subcategories"]
    assert chosen_checks([]) == all_checks()
    assert chosen_checks(["azure"]) == ()
    assert topics()[:3] == ("ad", "ou", "azure")


def test_a_word_that_means_nothing_is_refused() -> None:
    """An unknown word of ``--only`` is wrong usage, with the topics."""
    with pytest.raises(UsageError, match="connectivity"):
        chosen_checks(["dsn"])


def test_ids_are_unique_and_start_with_their_topic() -> None:
    """No two checks share an id, and each lies in the module of its topic."""
    ids = [found.check_id for found in all_checks()]

    assert len(ids) == len(set(ids))
    assert {found.topic for found in all_checks()} <= set(topics())
