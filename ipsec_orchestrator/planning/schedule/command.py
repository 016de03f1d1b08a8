"""What is run: the command line of one pass, and its variables."""

from typing import Final

from ipsec_orchestrator.model.schedule import Schedule, UnattendedSource

USER_VARIABLE: Final = "IPSEC_ORCHESTRATOR_USER"
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
    )


def variables(schedule: Schedule) -> dict[str, str]:
    """Give the variables of the environment that a pass needs besides; none is a secret."""
    found = {USER_VARIABLE: schedule.user} if schedule.user else {}
    if schedule.source is UnattendedSource.KEYTAB:
        # Where the scheduler has no way of its own to hand a file over.
        found[CLIENT_KEYTAB_VARIABLE] = f"FILE:{schedule.source_place}"
    return found
