"""Gates: what is looked at behind a wave, how often, and what counts against it."""

from dataclasses import replace
from typing import TypeAlias, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.engine.health import Health, check_wave
from ipsec_orchestrator.engine.waves import judge_refresh, judge_wave
from ipsec_orchestrator.errors import HostUnreachableError
from ipsec_orchestrator.model.inventory import Domain, Inventory
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult
from ipsec_orchestrator.model.rollout import OnFailure
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import ConnectionCheck, HealthStep
from ipsec_orchestrator.ports import ScriptCall, World
from tests.worlds import ListObserver, MemoryDomain

GATE = HealthStep(
    stage=Stage.WAVES,
    title="look",
    wave=1,
    waves=2,
    hosts=("vm1",),
    wait_seconds=0,
    policy=None,
    services=False,
    management=False,
    connections=(),
    patience_seconds=60,
    failure_share_percent=0,
    on_failure=OnFailure.STOP,
)
Answer: TypeAlias = Union[Json, Exception]  # noqa: UP007 - Json is a forward reference
NOBODY = Inventory(domain=Domain(name="ipsectest.com"), hosts=())
PORTAL = ConnectionCheck(
    name="portal", source="vm1", target="host1", address="10.2.27.10", port=8080
)
PAGE = ConnectionCheck(name="page", source="vm1", url="http://host1/", status=200)


def answering(domain: MemoryDomain, *answers: Answer) -> World:
    """A world in which vm1 gives these answers to ``probe_services``, the last one for ever."""
    left = list(answers)

    def answer(call: ScriptCall) -> Json:
        assert call.name == "probe_services"
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    domain.answers = {"vm1": answer}
    return domain.world


def result(check: str, number: int = 0, status: int | None = None) -> Json:
    """The answer to one check."""
    return {"checks": [{"check": check, "result": number, "status": status}]}


TCP = "tcp 10.2.27.10 8080"
HTTP = "http http://host1/"


@pytest.mark.parametrize(
    ("check", "answer", "words"),
    [
        (
            PORTAL,
            result(TCP, 10061),
            "from vm1 to host1 port 8080) fails: the connection is refused",
        ),
        (PORTAL, result(TCP, 10060), "nothing answers"),
        (PORTAL, result(TCP, 12), "socket error 12"),
        (PORTAL, result("tcp 10.9.9.9 1"), "was not tried"),
        (PAGE, result(HTTP, 0, 503), "answers with status 503, not 200"),
        (PAGE, result(HTTP, 11001), "the name does not resolve"),
        (
            PORTAL,
            HostUnreachableError(host="vm1", reason="silent", cure="Look."),
            "could not be tried",
        ),
    ],
)
def test_a_connection_that_fails_is_looked_at_again_and_then_told(
    domain: MemoryDomain, check: ConnectionCheck, answer: Answer, words: str
) -> None:
    """Three times more, with longer and longer pauses; then it counts against the wave's host."""
    step = replace(GATE, connections=(check,))
    health = check_wave(step, answering(domain, answer), ListObserver())

    assert words in health.trouble["vm1"]
    assert domain.clock.waited == [5.0, 15.0, 40.0]


@pytest.mark.parametrize(("patience", "waited"), [(0, []), (12, [1.0, 3.0, 8.0])])
def test_the_playbook_says_how_long_it_is_looked_at(
    domain: MemoryDomain, patience: int, waited: list[float]
) -> None:
    """Without patience the first look counts."""
    step = replace(GATE, connections=(PORTAL,), patience_seconds=patience)
    health = check_wave(step, answering(domain, result(TCP, 10060)), ListObserver())

    assert set(health.trouble) == {"vm1"}
    assert domain.clock.waited == waited


@pytest.mark.parametrize(("check", "question"), [(PORTAL, TCP), (PAGE, HTTP)])
def test_a_connection_that_comes_up_in_time_is_no_trouble(
    domain: MemoryDomain, check: ConnectionCheck, question: str
) -> None:
    """The first key exchange may take longer than a connection waits."""
    world = answering(domain, result(question, 10060), result(question, 0, 200))
    observer = ListObserver()
    health = check_wave(replace(GATE, connections=(check,)), world, observer)

    assert health.trouble == {}
    assert domain.clock.waited == [5.0]
    assert observer.said[0][0] == "vm1"


def test_a_host_that_does_not_answer_is_trouble(domain: MemoryDomain) -> None:
    """The management port is asked on a connection of its own; nobody there is a failure."""
    health = check_wave(replace(GATE, management=True), domain.world, ListObserver())

    assert "did not answer on a new connection" in health.trouble["vm1"]
    assert health.policies == {}


def test_nothing_to_look_at_asks_nobody(domain: MemoryDomain) -> None:
    """With every check switched off no host is asked."""
    assert check_wave(GATE, domain.world, ListObserver()).trouble == {}


def member(name: str, outcome: HostOutcome) -> MemberResult:
    """How a host came out of its refresh."""
    return MemberResult(
        host=name, role="azure-vm", outcome=outcome, policy="p", enforced=True, reason="", wave=1
    )


@given(
    st.lists(st.sampled_from(HostOutcome), min_size=1, max_size=30),
    st.sets(st.integers(0, 29)),
    st.integers(0, 99),
)
def test_a_wave_passes_if_no_more_than_its_share_is_ill(
    outcomes: list[HostOutcome], ill: set[int], share: int
) -> None:
    """Whoever was not refreshed well or is found ill counts once; the share is of the wave."""
    names = [f"m{number}" for number in range(len(outcomes))]
    known = {n: member(n, outcome) for n, outcome in zip(names, outcomes, strict=True)}
    trouble = {names[number]: "ill" for number in ill if number < len(names)}
    step = replace(GATE, hosts=tuple(names), failure_share_percent=share)
    health = Health(trouble=trouble, policies=dict.fromkeys(trouble), enforcing={})
    verdict = judge_wave(step, health, known, NOBODY)

    failing = {n for n in names if known[n].outcome is not HostOutcome.DONE} | set(trouble)
    assert (verdict.stop is not None) == (len(failing) > len(names) * share / 100)
    assert {m.host for m in verdict.members} == {
        n for n in trouble if known[n].outcome is HostOutcome.DONE
    }
    refused = {n for n in names if known[n].outcome is not HostOutcome.DONE}
    assert (judge_refresh(step, known).stop is not None) == (
        len(refused) > len(names) * share / 100
    )
