"""What is run: the command line of one pass, and its variables."""

from typing import Final

from ipsec_orchestrator.model.schedule import Schedule, UnattendedSource

USER_VARIABLE: Final = "IPSEC_ORCHESTRATOR_USER"
LOG_FILE: Final = "ecs:"
"""What ``--event-log`` calls a log that is a file."""
CLIENT_KEYTAB_VARIABLE: Final = "KRB5_CLIENT_KTNAME"


def pass_arguments(schedule: Schedule) -> tuple[str, ...]:
    """Give the arguments, the program first; none of them is a secret."""
    options = (
        ("--mode", schedule.mode),
        ("--limit", schedule.limit),
        ("--dc", schedule.dc),
        ("--threads", str(schedule.threads) if schedule.threads else ""),
        ("--state", schedule.state),
        ("--notify-config", schedule.notify_config),
        ("--metrics-file", schedule.metrics_file),
    )
    return (
        *schedule.program,
        "reconcile",
        schedule.playbook,
        *(f"--inventory={path}" for path in schedule.inventory),
        "--once",
        *(f"{name}={value}" for name, value in options if value),
        *(f"--event-log={log}" for log in schedule.event_logs),
    )


def written_files(schedule: Schedule) -> tuple[str, ...]:
    """Give the files that a pass writes for others to read: metrics, and logs in files."""
    logs = (log for log in schedule.event_logs if log.startswith(LOG_FILE))
    files = (schedule.metrics_file, *(log.removeprefix(LOG_FILE) for log in logs))
    return tuple(file for file in files if file)


def variables(schedule: Schedule) -> dict[str, str]:
    """Give the variables of the environment that a pass needs besides; none is a secret."""
    found = {USER_VARIABLE: schedule.user} if schedule.user else {}
    if schedule.source is UnattendedSource.KEYTAB:
        # Where the scheduler has no way of its own to hand a file over.
        found[CLIENT_KEYTAB_VARIABLE] = f"FILE:{schedule.source_place}"
    return found
