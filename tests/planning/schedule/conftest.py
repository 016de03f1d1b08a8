"""A schedule to begin with."""

import pytest

from ipsec_orchestrator.model.schedule import Schedule, SchedulerKind, UnattendedSource


@pytest.fixture
def schedule() -> Schedule:
    """A service of the system with a keytab."""
    return Schedule(
        name="ipsec-azure",
        kind=SchedulerKind.SYSTEMD,
        program=("/usr/bin/python3", "-P", "-m", "ipsec_orchestrator"),
        playbook="/etc/ipsec-orchestrator/azure.yml",
        inventory=("/etc/ipsec-orchestrator/inventory",),
        every_seconds=1800,
        mode="report",
        source=UnattendedSource.KEYTAB,
        source_place="/etc/ipsec-orchestrator/watch.keytab",
    )
