"""What a run says about itself in a log."""

import pytest

from ipsec_orchestrator.cli.progress import LogObserver
from ipsec_orchestrator.model.policy import Playbook
from tests.worlds import MemoryDomain


def test_a_log_says_of_a_member_only_what_is_new(
    domain: MemoryDomain, howto: Playbook, capsys: pytest.CaptureFixture[str]
) -> None:
    """A member that is asked again and again has one line for each thing that it says."""
    observer = LogObserver(domain.plan(howto))

    for host, text in [("vm1", "wait"), ("vm2", "wait"), ("vm1", "wait"), ("vm1", "run")]:
        observer.member_says(host, text)

    assert capsys.readouterr().err.splitlines() == ["vm1: wait", "vm2: wait", "vm1: run"]
