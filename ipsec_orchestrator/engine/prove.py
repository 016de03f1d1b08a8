"""Proves many flows: pairs of hosts side by side, but no host in two proofs at once.

Windows has room for one capture session at a time, and what is measured on a host is to be the
traffic of one flow. So hosts are matched into rounds; in a round each host is in one pair, whose
flows are proved one after the other.
"""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.engine.prove_flow import prove_flow
from ipsec_orchestrator.engine.prove_order import ProofOrder
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.evidence import FlowEvidence, FlowVerdict
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.ports import World
from ipsec_orchestrator.proof.judge import judge

Tell = Callable[[Flow, str], None]
"""Hears of every step of every flow, from any thread."""

_TIDY_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdict on one flow and what it rests on."""

    evidence: FlowEvidence
    verdict: FlowVerdict


class _StoppedError(Exception):
    """Whoever wanted the proof does not want it any more."""


class _Brake:
    """Stops proofs between two of their steps, and knows when all have tidied up."""

    def __init__(self) -> None:
        self._pulled = False
        self._going_on = 0
        self._changed = threading.Condition()

    @contextmanager
    def going_on(self) -> Generator[None]:
        with self._changed:
            if self._pulled:
                raise _StoppedError
            self._going_on += 1
        try:
            yield
        finally:
            with self._changed:
                self._going_on -= 1
                self._changed.notify_all()

    def check(self) -> None:
        if self._pulled:
            raise _StoppedError

    def pull(self) -> None:
        """Stop everything, and wait until the hosts are left as they were."""
        with self._changed:
            self._pulled = True
            self._changed.wait_for(lambda: self._going_on == 0, _TIDY_SECONDS)


def prove(flows: Iterable[Flow], order: ProofOrder, world: World, tell: Tell) -> Generator[Proof]:
    """Prove flows; results come as they are ready.

    Whoever stops iterating (Ctrl-C) stops the proofs: each ends at its next step and takes
    everything away before this returns.

    Args:
        flows: What is to be proved.
        order: How.
        world: How hosts are reached.
        tell: Hears of every step.

    Raises:
        UsageError: The inventory does not have one of the hosts.
    """
    brake = _Brake()

    def pair(work: tuple[Flow, ...]) -> tuple[Proof, ...]:
        return tuple(one(flow) for flow in work)

    def one(flow: Flow) -> Proof:
        def say(text: str) -> None:
            brake.check()
            tell(flow, text)

        with brake.going_on():
            hosts = (_host(flow.source, world), _host(flow.destination, world))
            evidence = prove_flow(flow, hosts, order, world, say)
        return Proof(evidence, judge(evidence))

    try:
        for round_ in rounds(flows):
            for _, proofs in world.runner.each(pair, round_):
                yield from proofs
    finally:
        brake.pull()


def rounds(flows: Iterable[Flow]) -> tuple[tuple[tuple[Flow, ...], ...], ...]:
    """Match pairs of hosts into rounds in which no host is in two pairs."""
    pairs: dict[frozenset[str], list[Flow]] = {}
    for flow in flows:
        pairs.setdefault(frozenset((flow.source, flow.destination)), []).append(flow)
    found: list[tuple[tuple[Flow, ...], ...]] = []
    while pairs:
        busy: set[str] = set()
        chosen: list[tuple[Flow, ...]] = []
        for pair in list(pairs):
            if not busy & pair:
                busy |= pair
                chosen.append(tuple(pairs.pop(pair)))
        found.append(tuple(chosen))
    return tuple(found)


def _host(name: str, world: World) -> Host:
    host = world.inventory.host(name)
    if host is None:
        raise UsageError(
            f"The inventory has no host called {name}.",
            cure="orchestrate hosts lists those that it has.",
        )
    return host
