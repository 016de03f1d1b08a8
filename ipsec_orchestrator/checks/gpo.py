"""Group Policy runs on the host and leaves a trace of it."""

from datetime import timedelta
from typing import Final

from ipsec_orchestrator.checks.check import Verdict, failed, health_check, passed, unknown
from ipsec_orchestrator.facts.host_health import HostHealth

# Members refresh every 90 to 120 minutes; a day without is no accident.
_LONGEST: Final = timedelta(hours=24)


def _event_log(health: HostHealth) -> Verdict:
    if health.event_log_enabled is None:
        return unknown("The host does not tell whether the log is on.")
    if health.event_log_enabled:
        return passed("Microsoft-Windows-GroupPolicy/Operational is on.")
    return failed(
        "Microsoft-Windows-GroupPolicy/Operational is switched off.",
        "Run there: wevtutil set-log Microsoft-Windows-GroupPolicy/Operational /enabled:true",
    )


def _last_run(health: HostHealth) -> Verdict:
    last = health.last_run
    if last is None:
        return unknown(
            "No run of Group Policy is recorded.", "Run gpupdate /target:computer there."
        )
    age = health.time - last.ended_at
    when = f"{last.ended_at:%Y-%m-%d %H:%M} UTC"
    if last.status:
        return failed(
            f"The last run, {when}, ended with error 0x{last.status & 0xFFFFFFFF:08X}.",
            "Run gpupdate /target:computer there and look into its Group Policy log.",
        )
    if age > _LONGEST:
        return failed(
            f"The last run was {when}, {age.total_seconds() / 3600:.0f} hours ago by its clock.",
            "Run gpupdate /target:computer there; if that does not help, see that it reaches a "
            "domain controller (nltest /dsgetdc:) and that the service gpsvc runs.",
        )
    return passed(f"The last run ended without an error {when}.")


CHECKS: Final = (
    health_check("gpo.event-log", "Log of Group Policy", _event_log),
    health_check("gpo.last-run", "Last run of Group Policy", _last_run),
)
