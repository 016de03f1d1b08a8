"""A refresh whose connection breaks, hangs or is refused after the order, by each transport.

The order is given once. What becomes of it is read on new connections until the deadline; after
that the member is unknown, with what was known at last and the command that finds out.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.adapters.thread_runner import ThreadRunner
from ipsec_orchestrator.engine.members import refresh_members
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.lab.winrm import Faults
from ipsec_orchestrator.model.inventory import Domain, Host, Inventory
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import MemberStep
from ipsec_orchestrator.ports import Directory, Members, ScriptCall, World
from tests.worlds import ListObserver

POLICY_ID = "{8C0F0A3E-5B1D-5F6E-9D52-1A2B3C4D5E6F}"
NAME = "Größe 大きさ"
DEADLINE_SECONDS = 5.0
WELL = Faults()
# Three of NTLM's handshake, Create, and one that waits for the pool (PSRP) or starts a bare
# PowerShell (WinRS); the next one brings the script.
REQUESTS_BEFORE_THE_SCRIPT = 5
FINDS_OUT = "Find out with: orchestrate show --host vm1"


class Behind(Protocol):
    """What stands behind the transport."""

    directory: Directory


class Reached(Protocol):
    """Hosts that can be made to misbehave."""

    world: Behind
    members: Members
    hosts: Mapping[str, Host]
    set_faults: Callable[[str, Faults], None]


@dataclass(slots=True)
class Timed(Members):
    """Real members, with faults switched at the moment of the order."""

    inner: Members
    switch: Callable[[Faults], None]
    during: Faults = WELL
    after: Faults = WELL
    orders: int = 0

    @override
    def run(self, host: Host, call: ScriptCall) -> Json:
        if call.name != "start_refresh":
            return self.inner.run(host, call)
        self.orders += 1
        self.switch(self.during)
        try:
            return self.inner.run(host, call)
        finally:
            self.switch(self.after)


@dataclass(slots=True, kw_only=True)
class Healing(ListObserver):
    """Makes the host well again once it has been looked at in vain that often."""

    heal: Callable[[], None]
    patience: int
    failures: int = 0
    all_said: list[str] = field(default_factory=list[str])

    @override
    def member_says(self, host: str, text: str) -> None:
        self.all_said.append(text)
        if text.startswith("looking again"):
            self.failures += 1
            if self.failures == self.patience:
                self.heal()


def refreshed(reached: Reached, members: Timed, observer: Observer) -> MemberResult:
    """Refresh vm1 until it has the policy that the directory assigns."""
    host = reached.hosts["vm1"]
    settings = replace(host.winrm, deadline_seconds=DEADLINE_SECONDS, connect_timeout_seconds=1.0)
    world = World(
        inventory=Inventory(
            domain=Domain(name="ipsectest.com"), hosts=(replace(host, winrm=settings),)
        ),
        directory=reached.world.directory,
        gpos={},
        sysvol={},
        members=members,
        scripts=script_call,
        clock=SystemClock(),
        runner=ThreadRunner(threads=1),
    )
    step = MemberStep(
        stage=Stage.MEMBERS, title="refresh vm1", host="vm1", before=None, after=POLICY_ID
    )
    (result,) = refresh_members([step], world, observer, force=True)
    return result


def timed(reached: Reached, **faults: Any) -> Timed:  # noqa: ANN401 - faults
    """Members whose vm1 misbehaves so."""
    return Timed(reached.members, lambda found: reached.set_faults("vm1", found), **faults)


def test_a_connection_cut_in_the_middle_of_the_order_is_read_again(
    canned_over_http: Reached,
) -> None:
    """The order was carried out, its answer cut off: not repeated, read anew, and done."""
    cut = Faults(reset_after_requests=REQUESTS_BEFORE_THE_SCRIPT, reset_in_response=True)
    members, observer = timed(canned_over_http, during=cut), ListObserver()
    result = refreshed(canned_over_http, members, observer)

    assert (result.outcome, result.policy) == (HostOutcome.DONE, NAME)
    assert members.orders == 1
    assert any("connection lost after the order" in text for _, text in observer.said)
    assert result.last_known is None


@pytest.mark.parametrize(
    "fault", [Faults(refused=True), Faults(reset_after_requests=2)], ids=["refused", "reset"]
)
def test_looks_are_repeated_while_the_member_comes_back(
    canned_over_http: Reached, fault: Faults
) -> None:
    """IPsec coming up cuts a few looks; once one comes through the member is done."""
    members = timed(canned_over_http, after=fault)
    observer = Healing(heal=lambda: canned_over_http.set_faults("vm1", WELL), patience=2)
    result = refreshed(canned_over_http, members, observer)

    assert (result.outcome, result.policy) == (HostOutcome.DONE, NAME)
    assert members.orders == 1
    assert observer.failures == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Faults(refused=True), "can't be reached"),
        (Faults(reset_after_requests=2), "can't be reached"),
        (Faults(hang=True), "seconds"),
    ],
    ids=["refused", "reset", "hang"],
)
def test_a_member_that_stays_away_is_unknown(
    canned_over_http: Reached, fault: Faults, words: str
) -> None:
    """After the deadline: unknown, why, what was known at last, and the command that finds out."""
    members = timed(canned_over_http, after=fault)
    began = time.monotonic()
    result = refreshed(canned_over_http, members, ListObserver())
    spent = time.monotonic() - began

    assert result.outcome is HostOutcome.UNKNOWN
    assert words in result.reason
    assert result.last_known is not None
    assert result.last_known.startswith("Last known, before the order, at 20")
    assert result.last_known.endswith("by its clock: no policy.")
    assert result.cure == FINDS_OUT
    assert members.orders == 1
    assert DEADLINE_SECONDS - 3.5 < spent < DEADLINE_SECONDS + 3.0


def test_a_member_that_refuses_us_afterwards_is_unknown_at_once(
    canned_over_http: Reached,
) -> None:
    """Waiting does not give rights; that the order was taken is no secret either."""
    members = timed(canned_over_http, after=Faults(access_denied=True))
    began = time.monotonic()
    result = refreshed(canned_over_http, members, ListObserver())

    assert result.outcome is HostOutcome.UNKNOWN
    assert "access denied" in result.reason
    assert result.last_known is not None
    assert result.cure == FINDS_OUT
    assert time.monotonic() - began < DEADLINE_SECONDS


def test_a_member_that_is_never_read_says_so(canned_over_http: Reached) -> None:
    """Without an order there is nothing unknown about it: failed, and nothing is known of it."""
    canned_over_http.set_faults("vm1", Faults(refused=True))
    members = timed(canned_over_http)
    result = refreshed(canned_over_http, members, ListObserver())

    assert result.outcome is HostOutcome.FAILED
    assert members.orders == 0
    assert result.last_known == "Last known: nothing; it was never read in this run."
    assert result.cure == FINDS_OUT
