"""The proof of one flow, from the guards on both hosts to the evidence."""

from collections.abc import Callable
from contextlib import ExitStack

from ipsec_orchestrator.engine.prove_end import ProofEnd
from ipsec_orchestrator.engine.prove_order import ProofOrder, Service
from ipsec_orchestrator.model.evidence import FlowEvidence, Request
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.ports import World

Say = Callable[[str], None]
"""Told before each step; raises to end the proof, which takes everything away first."""


def prove_flow(
    flow: Flow,
    hosts: tuple[Host, Host],
    order: ProofOrder,
    world: World,
    say: Say,
) -> FlowEvidence:
    """Send real traffic along a flow and watch it from both ends.

    Whatever happens, also an exception or Ctrl-C, both hosts are left as they were; where that
    is impossible at the moment, the guard on the host does it at its time.

    Args:
        flow: What is to be proved.
        hosts: Its source and its destination.
        order: How.
        world: How the hosts are reached.
        say: Hears of every step.
    """
    run_id = order.new_id()
    nonces = tuple(order.new_id() for _ in order.limits.sizes(flow.protocol))
    source = ProofEnd(
        hosts[0],
        local=flow.source_address,
        peer=flow.destination_address,
        run_id=run_id,
        order=order,
        world=world,
    )
    destination = ProofEnd(
        hosts[1],
        local=flow.destination_address,
        peer=flow.source_address,
        run_id=run_id,
        order=order,
        world=world,
    )
    with ExitStack() as stack:
        for end in (destination, source):
            say(f"setting up {end.host.name}")
            # First the promise, then the deed: also half a beginning is taken away.
            stack.callback(end.finish)
            end.begin()
        requests, nobody = _watched(flow, nonces, (source, destination), order, say)
        say("taking everything away")
    return FlowEvidence(
        flow=flow,
        nonces=nonces,
        requests=requests,
        source=source.evidence(without_frames=nobody),
        destination=destination.evidence(without_frames=nobody),
    )


def _watched(
    flow: Flow,
    nonces: tuple[str, ...],
    ends: tuple[ProofEnd, ProofEnd],
    order: ProofOrder,
    say: Say,
) -> tuple[tuple[Request, ...], str | None]:
    """Do it; give the requests, and the reason if there was nobody to answer any."""
    source, destination = ends
    for end in (destination, source):
        say(f"starting the capture on {end.host.name}")
        end.start_capture()
    if order.service is Service.TEMPORARY:
        say(f"starting a listener on {destination.host.name}")
        problem = destination.start_listener(flow)
        if problem is not None:
            return (), f"no listener could be started on {destination.host.name}: {problem}"
    say(f"sending from {source.host.name}")
    requests = source.send(flow, nonces)
    for end in ends:
        say(f"reading associations and events of {end.host.name}")
        end.look()
    for end in ends:
        say(f"reading the capture of {end.host.name}")
        end.stop_capture()
    if not requests:
        return (), f"no request could be sent from {source.host.name}"
    return requests, None
