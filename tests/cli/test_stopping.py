"""Signals that end a run in order, and those that somebody has switched off."""

import signal
from collections.abc import Iterator

import pytest

from ipsec_orchestrator.cli.stopping import stopping
from tests.lacking import lacking

SIGNALS = ("SIGTERM", "SIGHUP")


@pytest.fixture(params=SIGNALS)
def number(request: pytest.FixtureRequest) -> Iterator[int]:
    """A signal whose handling is put back afterwards."""
    found = getattr(signal, request.param, None)
    if found is None:
        lacking(f"no {request.param} on this system")
    before = signal.getsignal(found)
    yield int(found)
    signal.signal(found, before)


def test_a_stop_from_outside_is_like_ctrl_c(number: int) -> None:
    """The block ends as by Ctrl-C, so that what it holds is released; then all is as before."""
    signal.signal(number, signal.SIG_DFL)
    with pytest.raises(KeyboardInterrupt), stopping():
        signal.raise_signal(number)
    assert signal.getsignal(number) == signal.SIG_DFL


def test_what_was_switched_off_stays_off(number: int) -> None:
    """A run under nohup outlives its terminal."""
    signal.signal(number, signal.SIG_IGN)
    with stopping():
        signal.raise_signal(number)
    assert signal.getsignal(number) == signal.SIG_IGN
