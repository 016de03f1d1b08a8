"""A wire for the tests that want one, and the policies that its members get."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ipsec_orchestrator.lab.domain.claim import claim_layout, release_layout
from ipsec_orchestrator.lab.lab_hosts import lab_hosts
from ipsec_orchestrator.lab.wire.prerequisites import best_stack, missing_prerequisites
from ipsec_orchestrator.lab.wire.wire import Wire
from tests.lab.wire.on_the_wire import Exchange, Policies, Sniffer, exchange
from tests.lacking import lacking


@pytest.fixture(scope="session")
def policies() -> Policies:
    """What makes policies."""
    return Policies()


@pytest.fixture(scope="session")
def ask() -> Callable[..., Exchange]:
    """The function that sends a request from one member to another."""
    return exchange


@pytest.fixture
def sniff(wire: Wire, tmp_path: Path) -> Callable[[], Sniffer]:
    """What puts an independent sniffer on the bridge."""
    if shutil.which("tcpdump") is None:
        lacking("The independent sniffer is missing: apt-get install tcpdump.")
    return lambda: Sniffer(wire.namespace, wire.bridge, tmp_path / "bridge.pcap")


@pytest.fixture(scope="session")
def _wire_can_run() -> None:
    missing = missing_prerequisites(3)
    if missing:
        lacking("; ".join(item.sentence for item in missing))


@pytest.fixture(scope="session")
def running_wire(_wire_can_run: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """A started wire with host1, vm1 and vm2, of whatever guests this machine can have."""
    layout = claim_layout(tmp_path_factory.mktemp("wire"), "wire")
    try:
        with Wire(layout, lab_hosts(layout, 3), stack=best_stack()) as wire:
            yield wire
    finally:
        release_layout(layout)


@pytest.fixture
def wire(running_wire: Wire) -> Wire:
    """The wire without any policy or fault."""
    for name, member in running_wire.members.items():
        member.disobey(ignore_policy=False)
        running_wire.enforce(name, None)
    for first, second in running_wire.faults():
        running_wire.set_faults(first, second, ())
    return running_wire
