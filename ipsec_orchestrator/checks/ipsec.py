"""Other IPsec settings on the host, and the switches that decide how a policy takes effect."""

from typing import Final

from ipsec_orchestrator.checks.check import (
    Verdict,
    failed,
    health_check,
    not_applicable,
    passed,
    policy_check,
    unknown,
)
from ipsec_orchestrator.facts.health import HealthFacts, NotRead
from ipsec_orchestrator.facts.host_health import HostHealth
from ipsec_orchestrator.facts.member_policy import MemberObservation

# NoDefaultExempt 3 exempts key exchange alone; what Windows does without it is taken for the same.
_LEAST_EXEMPT: Final = 3
_EXEMPTIONS: Final = {
    0: "multicast, broadcast, RSVP, Kerberos and key exchange",
    1: "multicast, broadcast and key exchange",
    2: "RSVP, Kerberos and key exchange",
    3: "key exchange",
}


def _other_gpo(facts: HealthFacts, observation: MemberObservation) -> Verdict:
    assigned = observation.assigned
    winner = observation.settings[0] if observation.settings else None
    if assigned is None:
        return passed("No GPO has assigned an IPsec policy.")
    name = assigned.name or assigned.path
    if facts.playbook is None or isinstance(facts.directory, NotRead):
        return not_applicable(
            f"{name!r} is assigned. Name a playbook to be told whether that is its policy."
        )
    ours = facts.directory.gpo
    if winner is None:
        return unknown(
            f"{name!r} is assigned, but the host does not tell by which GPO"
            + (f" ({observation.settings_reason})." if observation.settings_reason else "."),
            "Switch RSoP logging on, see ipsec.rsop-logging.",
        )
    if ours is not None and str(ours.gpo_id).casefold() in winner.gpo_id.casefold():
        return passed(f"{name!r} of the playbook's own GPO is assigned.")
    return failed(
        f"{name!r} is assigned by another GPO: {winner.gpo_id}.",
        "Unassign the policy in that GPO or take the host out of its reach; a computer has one "
        "policy at a time.",
    )


def _local_policy(health: HostHealth) -> Verdict:
    if health.local_policy is None:
        return passed("No local IPsec policy is assigned.")
    return failed(
        f"A local IPsec policy is assigned: {health.local_policy}.",
        "It gives way to a policy from a GPO and comes back when that goes. Unassign it with the "
        "snap-in IP Security Policies on Local Computer.",
    )


def _connection_rules(health: HostHealth) -> Verdict:
    if health.connection_rules_reason is not None:
        return unknown(
            f"Connection security rules can't be read ({health.connection_rules_reason}).",
            "Start the service Windows Defender Firewall (MpsSvc) there.",
        )
    if not health.connection_rules:
        return passed("No connection security rule is in force.")
    words = {0: "no security", 1: "request", 2: "require"}
    shown = ", ".join(
        f"{rule.name!r} (inbound {words.get(rule.inbound, '?')}, "
        f"outbound {words.get(rule.outbound, '?')})"
        for rule in health.connection_rules
    )
    return failed(
        f"Connection security rules of Windows Firewall are in force: {shown}.",
        "Which of the two decides for traffic that both match is not documented. Disable the "
        "rules, or make sure that they match none of the policy's traffic.",
    )


def _extension(health: HostHealth) -> Verdict:
    found = health.extension
    if not found.registered:
        return failed(
            "Group Policy knows no IPsec extension on this host.",
            "Repair Windows there: the key GPExtensions\\{e437bc1c-aa7d-11d2-a382-00c04f991e27} "
            "belongs to it.",
        )
    shown = ", ".join(
        f"{name} {'not set' if value is None else value}"
        for name, value in (
            ("NoMachinePolicy", found.no_machine_policy),
            ("NoBackgroundPolicy", found.no_background_policy),
            ("NoSlowLink", found.no_slow_link),
            ("NoGPOListChanges", found.no_gpo_list_changes),
        )
    )
    for switched_off, what in (
        (found.no_machine_policy, "for computers"),
        (found.no_background_policy, "in the background, so a refresh brings nothing"),
    ):
        if switched_off:
            return failed(
                f"The IPsec extension is not called {what}: {shown}.",
                "Take the value away, or set Configure IP security policy processing in Group "
                "Policy.",
            )
    skips = " Unchanged GPOs are skipped; gpupdate /force applies them again." * bool(
        found.no_gpo_list_changes
    )
    return passed(f"{shown}.{skips}")


def _exemptions(health: HostHealth) -> Verdict:
    if not health.default_exempt:
        return passed("NoDefaultExempt is not set; taken as 3: only key exchange is exempt.")
    shown = ", ".join(
        f"{value} below Services\\{service} ({_EXEMPTIONS.get(value, 'not documented')})"
        for service, value in health.default_exempt.items()
    )
    if any(value != _LEAST_EXEMPT for value in health.default_exempt.values()):
        return failed(
            f"NoDefaultExempt is {shown}: such traffic passes the policy in clear.",
            "Set NoDefaultExempt to 3 or remove it, unless that traffic is meant to be exempt.",
        )
    return passed(f"NoDefaultExempt is {shown}.")


def _rsop_logging(_: HealthFacts, observation: MemberObservation) -> Verdict:
    if observation.rsop_logging is False:
        return failed(
            "RSoP logging is switched off.",
            "Set RSoPLogging to 1 below SOFTWARE\\Policies\\Microsoft\\Windows\\System, or in "
            "Group Policy; without it nothing says whether and when the extension has run.",
        )
    if observation.extension_reason is not None:
        return unknown(
            f"The RSoP log can't be read ({observation.extension_reason}).",
            "Run gpupdate once there; if that does not help, repair WMI.",
        )
    return passed("On." if observation.rsop_logging else "Not configured, which is on.")


def _dead_man(_: HealthFacts, observation: MemberObservation) -> Verdict:
    fired = observation.fired
    if fired is not None:
        return failed(
            f"Run {fired.run_id} was not confirmed in time: its task has disabled PolicyAgent.",
            f"orchestrate rollback {fired.run_id} takes the run back, members included; "
            f"orchestrate restore-members {fired.run_id} --keep-policy keeps its policy.",
        )
    waiting = next(iter(observation.dead_men), None)
    if waiting is None:
        return passed("No run waits for its confirmation.")
    if waiting.deadline is None:
        return failed(
            f"Run {waiting.run_id} broke off before its task was there, and has left a record.",
            f"orchestrate confirm {waiting.run_id} takes it away.",
        )
    return failed(
        f"Run {waiting.run_id} waits for its confirmation until {waiting.deadline}.",
        f"orchestrate confirm {waiting.run_id} keeps what it did.",
    )


def _nat(health: HostHealth) -> Verdict:
    words = {
        1: "the answering side may be behind NAT",
        2: "both sides may be behind NAT",
    }
    value = health.udp_encapsulation or 0
    return passed(
        f"AssumeUDPEncapsulationContextOnSendRule "
        f"{'not set' if health.udp_encapsulation is None else value}: "
        f"{words.get(value, 'no answering side behind NAT')}."
    )


CHECKS: Final = (
    policy_check("ipsec.other-gpo", "IPsec policy of another GPO", _other_gpo),
    health_check("ipsec.local-policy", "Local IPsec policy", _local_policy),
    health_check("ipsec.connection-rules", "Connection security rules", _connection_rules),
    health_check("ipsec.extension", "When Group Policy calls the IPsec extension", _extension),
    health_check("ipsec.exemptions", "Traffic exempt from IPsec", _exemptions),
    policy_check("ipsec.rsop-logging", "RSoP logging", _rsop_logging),
    policy_check("ipsec.dead-man", "Runs that wait for a confirmation", _dead_man),
    health_check("ipsec.nat", "NAT traversal", _nat),
)
