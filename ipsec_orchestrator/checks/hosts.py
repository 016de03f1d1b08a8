"""Each host can be asked, and is fit to take and enforce a policy."""

from typing import Final

from ipsec_orchestrator.checks.check import (
    Check,
    Need,
    Verdict,
    failed,
    health_check,
    host_check,
    passed,
    policy_check,
    unknown,
    unread,
)
from ipsec_orchestrator.checks.clocks import judge_clock
from ipsec_orchestrator.facts.health import HealthFacts, HostFacts, NotRead, Trouble
from ipsec_orchestrator.facts.host_health import HostHealth
from ipsec_orchestrator.facts.member_policy import MemberObservation

# What one run of ours needs on a host at the same time, with as much again for other people.
_LEAST_QUOTAS: Final = {
    "max_shells_per_user": 5,
    "max_processes_per_shell": 5,
    "max_memory_per_shell_megabytes": 150,
    "max_connections": 10,
    "max_envelope_kilobytes": 150,
}
_QUOTA_WORDS: Final = {
    "max_shells_per_user": "MaxShellsPerUser",
    "max_processes_per_shell": "MaxProcessesPerShell",
    "max_memory_per_shell_megabytes": "MaxMemoryPerShellMB",
    "max_concurrent_operations_per_user": "MaxConcurrentOperationsPerUser",
    "max_connections": "MaxConnections",
    "max_envelope_kilobytes": "MaxEnvelopeSizekb",
    "idle_timeout_milliseconds": "IdleTimeout",
}
_POWERSHELL: Final = (5, 1)


def _winrm(_: HealthFacts, host: HostFacts) -> Verdict:
    settings = host.host.winrm
    where = f"{settings.scheme.value}, port {settings.effective_port}"
    if isinstance(host.policy, NotRead):
        match host.policy.trouble:
            case Trouble.UNREACHABLE | Trouble.FAILED:
                return failed(
                    host.policy.reason,
                    host.policy.cure
                    or "Start WinRM there (Enable-PSRemoting), let the port through firewalls, and "
                    "check address, port and scheme of the host in the inventory.",
                )
            case Trouble.REFUSED | Trouble.DENIED:
                return passed(f"WinRM answers ({where}).")
            case _:
                return unread(host.policy)
    return passed(f"WinRM answers ({where}, {settings.transport.value}).")


def _authentication(_: HealthFacts, host: HostFacts) -> Verdict:
    if isinstance(host.policy, NotRead):
        if host.policy.trouble in (Trouble.REFUSED, Trouble.DENIED):
            return failed(
                host.policy.reason,
                host.policy.cure
                or "Use an account that is an administrator there and whose password or ticket is "
                "valid; see the settings of credentials in the inventory.",
            )
        return unread(host.policy)
    return passed(f"Logged on by {host.host.winrm.auth.value}, with the right to run scripts.")


def _powershell(_: HealthFacts, observation: MemberObservation) -> Verdict:
    parts = observation.ps_version.split(".")
    version = tuple(int(part) for part in parts[:2] if part.isdigit())
    if version == _POWERSHELL:
        return passed(f"Windows PowerShell {observation.ps_version}.")
    return failed(
        f"PowerShell {observation.ps_version} answers.",
        "Install Windows Management Framework 5.1."
        if version < _POWERSHELL
        else "Let WinRM use the endpoint Microsoft.PowerShell, which is Windows PowerShell 5.1.",
    )


def _quotas(health: HostHealth) -> Verdict:
    if health.quotas_reason is not None or not health.quotas:
        return unknown(f"The limits of WinRM can't be read ({health.quotas_reason}).")
    shown = ", ".join(f"{_QUOTA_WORDS[name]} {value}" for name, value in health.quotas.items())
    # 0 is "no limit" where it is allowed at all.
    low = [
        f"{_QUOTA_WORDS[name]} {health.quotas[name]} (at least {least})"
        for name, least in _LEAST_QUOTAS.items()
        if 0 < health.quotas[name] < least
    ]
    if low:
        return failed(
            f"Too low: {', '.join(low)}.",
            "Raise it: Set-Item WSMan:\\localhost\\Shell\\..., or in Group Policy under Windows "
            "Remote Shell.",
        )
    return passed(f"{shown}.")


def _language(_: HealthFacts, observation: MemberObservation) -> Verdict:
    # Nothing that is read depends on it; it is shown because people will see its texts.
    return passed(f"Language {observation.ui_culture}, formats of {observation.culture}.")


def _clock(facts: HealthFacts, host: HostFacts) -> Verdict:
    if isinstance(host.policy, NotRead):
        return unread(host.policy)
    if host.clock is None:
        return unknown("The host does not tell its time.")
    ahead, dc = host.clock.ahead_seconds, facts.directory_clock
    return judge_clock("this host", ahead, None if dc is None else ahead - dc.ahead_seconds)


def _service(name: str, title: str, *, must_run: bool) -> Check:
    def judge(_: HealthFacts, host: HostFacts) -> Verdict:
        if isinstance(host.policy, NotRead):
            return unread(host.policy)
        service = host.policy.services.get(name)
        if service is None:
            return failed(f"There is no service {name}.", "Use a Windows that has it.")
        seen = f"{service.state}, start type {service.start_mode}{_triggers(host, name)}."
        if service.start_mode.casefold() == "disabled":
            return failed(
                f"{name} is {seen}",
                f"Run Set-Service {name} -StartupType Automatic there, or take away the GPO or "
                "baseline that disables it.",
            )
        if must_run and not service.running:
            return failed(
                f"{name} is {seen}", f"Run Start-Service {name} there, and see why it was stopped."
            )
        return passed(seen)

    return host_check(f"hosts.service-{name.casefold()}", title, [Need.POLICY, Need.HEALTH], judge)


def _triggers(host: HostFacts, service: str) -> str:
    if isinstance(host.health, NotRead):
        return ""
    found = [t for t in host.health.triggers if t.service.casefold() == service.casefold()]
    if not found:
        return ", no trigger"
    words = {1: "starts", 2: "stops"}
    shown = "; ".join(
        f"type {t.trigger_type} {words.get(t.action or 0, 'acts')} {{{t.subtype or '?'}}}"
        for t in found
    )
    return f", triggers: {shown}"


def _pending_restart(health: HostHealth) -> Verdict:
    pending = health.pending_restart
    reasons = [
        words
        for waits, words in (
            (pending.component_servicing, "Windows components"),
            (pending.windows_update, "an update"),
            (pending.renamed, "its new computer name"),
        )
        if waits
    ]
    if reasons:
        return failed(
            f"A restart is pending for {' and '.join(reasons)}.",
            "Restart the host before the policy comes, so that nobody has to wonder which of the "
            "two has changed its behaviour.",
        )
    files = pending.file_renames
    return passed(
        "No restart is pending."
        + (f" ({files} entries in the list of files to be moved, which is usual.)" if files else "")
    )


CHECKS: Final = (
    host_check("hosts.winrm", "WinRM answers", [Need.POLICY], _winrm),
    host_check("hosts.authentication", "Logon to the host", [Need.POLICY], _authentication),
    policy_check("hosts.powershell", "Windows PowerShell 5.1", _powershell),
    health_check("hosts.quotas", "Limits of WinRM", _quotas),
    policy_check("hosts.language", "Language", _language),
    host_check("hosts.clock", "Clock of the host", [Need.POLICY, Need.DIRECTORY], _clock),
    _service("PolicyAgent", "Service that enforces the policy", must_run=False),
    _service("IKEEXT", "Service that exchanges keys", must_run=False),
    _service("BFE", "Base Filtering Engine", must_run=True),
    health_check("hosts.pending-restart", "Pending restart", _pending_restart),
)
