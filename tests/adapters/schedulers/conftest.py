"""A schedule to begin with, and the tables of a real cron."""

from pathlib import Path

import pytest

from ipsec_orchestrator.model.schedule import Schedule, SchedulerKind, UnattendedSource
from tests.private_crontab import private_crontab


@pytest.fixture
def schedule() -> Schedule:
    """A line of cron with a keytab."""
    return Schedule(
        name="ipsec-azure",
        kind=SchedulerKind.CRON,
        program=("/usr/bin/python3", "-P", "-m", "ipsec_orchestrator"),
        playbook="/etc/ipsec-orchestrator/100% azure.yml",
        inventory=("/etc/ipsec-orchestrator/inventory",),
        every_seconds=1800,
        mode="report",
        source=UnattendedSource.KEYTAB,
        source_place="/etc/ipsec-orchestrator/watch.keytab",
    )


@pytest.fixture
def crontab(tmp_path: Path) -> Path:
    """The real ``crontab``, with tables of the test's own."""
    return private_crontab(tmp_path)
