"""The named policies: what is tried again, how often, and what never."""

from collections.abc import Callable
from time import monotonic

import pytest

from ipsec_orchestrator.adapters.retry import (
    CONNECT_ATTEMPTS,
    READ_ATTEMPTS,
    connecting,
    reading,
)
from ipsec_orchestrator.errors import (
    AuthenticationError,
    HostUnreachableError,
    OutcomeUnknownError,
)


class _BrokenError(Exception):
    """Stands for a broken connection."""


def _failing(error: Exception, calls: list[float], *, times: int = 99) -> Callable[[], str]:
    def work() -> str:
        calls.append(monotonic())
        if len(calls) <= times:
            raise error
        return "done"

    return work


def test_connecting_gives_a_host_another_chance() -> None:
    """A host that comes up at the second attempt is reached."""
    calls: list[float] = []
    error = HostUnreachableError(host="dc1", reason="nothing listens there")
    assert connecting(deadline_seconds=10)(_failing(error, calls, times=1)) == "done"
    assert len(calls) == 2


def test_connecting_ends_with_the_last_error_itself() -> None:
    """After the attempts the host's own error comes out, not a wrapper of the library."""
    calls: list[float] = []
    error = HostUnreachableError(host="dc1", reason="nothing listens there")
    with pytest.raises(HostUnreachableError) as caught:
        connecting(deadline_seconds=10)(_failing(error, calls))
    assert caught.value is error
    assert len(calls) == CONNECT_ATTEMPTS


def test_connecting_stops_at_the_deadline() -> None:
    """No further attempt begins after the deadline."""
    calls: list[float] = []
    error = HostUnreachableError(host="dc1", reason="nothing listens there")
    with pytest.raises(HostUnreachableError):
        connecting(deadline_seconds=0)(_failing(error, calls))
    assert len(calls) == 1


def test_a_refused_logon_is_not_tried_again() -> None:
    """A second try with the same password would bring the account nearer to being locked out."""
    calls: list[float] = []
    error = AuthenticationError(target="dc1", reason="wrong")
    with pytest.raises(AuthenticationError):
        connecting(deadline_seconds=10)(_failing(error, calls))
    assert len(calls) == 1


def test_reading_repeats_on_a_broken_connection_only() -> None:
    """Three attempts for a broken connection, one for anything else."""
    broken: list[float] = []
    with pytest.raises(_BrokenError):
        reading(_BrokenError)(_failing(_BrokenError(), broken))
    unknown: list[float] = []
    with pytest.raises(OutcomeUnknownError):
        reading(_BrokenError)(_failing(OutcomeUnknownError(host="dc1", reason="lost"), unknown))
    assert (len(broken), len(unknown)) == (READ_ATTEMPTS, 1)
