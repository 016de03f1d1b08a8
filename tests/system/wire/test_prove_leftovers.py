"""Nothing is left on the hosts, however a proof ends."""

import signal

import pytest

from tests.system.conftest import Laboratory
from tests.system.wire.proofs import Start, ends_clean, is_clean, leftovers, verdicts, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

CONTROL = ("--control", "--pairs", "vm1:host1")


def test_nothing_is_left_after_a_normal_end(any_lab: Laboratory) -> None:
    """When a proof has ended, the hosts are as before."""
    verdicts(any_lab, *CONTROL, code=0)

    assert is_clean(any_lab)


def test_nothing_is_left_after_ctrl_c(any_lab: Laboratory, proving: Start) -> None:
    """Ctrl-C in the middle of a proof ends it, and the hosts are as before when it has ended."""
    process = proving(*CONTROL)
    wait_for(process, "sending from")
    assert any(leftovers(any_lab).values())
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=120)

    assert process.returncode == 1, said
    assert "Traceback" not in said
    assert is_clean(any_lab)


def test_nothing_is_left_after_kill_9(any_lab: Laboratory, proving: Start) -> None:
    """When the program dies on the spot, the hosts take everything away by themselves in time."""
    process = proving(*CONTROL, "--guard", "30")
    wait_for(process, "sending from")
    process.kill()
    process.wait(10)

    assert any(leftovers(any_lab).values())
    assert ends_clean(any_lab, 120)


def test_nothing_is_left_after_a_lost_connection(any_lab: Laboratory, proving: Start) -> None:
    """A host that can't be reached any more takes everything away by itself, and that is said."""
    process = proving(*CONTROL, "--guard", "30")
    wait_for(process, "sending from vm1")
    any_lab.fault("host1", "refused")
    said, _ = process.communicate(timeout=300)
    any_lab.fault("host1")

    # What was seen at the other end, or before, may be enough for a verdict.
    assert process.returncode in {0, 2, 3}, said
    assert "Traceback" not in said
    assert "the host does it by itself after 30 seconds" in said
    assert ends_clean(any_lab, 120)
