"""Proofs over scripted members: what is asked in which order, and that all of it goes again."""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.adapters.memory.members import MemoryMembers
from ipsec_orchestrator.engine.prove import Proof, prove, rounds
from ipsec_orchestrator.engine.prove_order import Limits, ProofOrder, Service
from ipsec_orchestrator.errors import HostUnreachableError, OutcomeUnknownError
from ipsec_orchestrator.model.evidence import Verdict
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import ScriptCall, World
from tests.proof_scene import BEGIN, CONTROL, FLOW, HOST1, SPI_BACK, SPI_OUT, VM1, clear, esp
from tests.worlds import MemoryDomain

ENDS = ("vm1", "host1")
Answer = Callable[[dict[str, Any]], Json]


@dataclass
class ScriptedHost:
    """A member that answers as the scripts do, and knows what it has at the moment."""

    name: str
    asked: list[str]
    has: set[str] = field(default_factory=set[str])
    instead: dict[str, Callable[[], Json]] = field(default_factory=dict[str, Any])
    frames: tuple[Any, ...] = ()
    secured: bool = False
    nonces: list[str] = field(default_factory=list[str])
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict[str, Any])

    def __call__(self, call: ScriptCall) -> Json:
        """Answer a call."""
        self.asked.append(f"{call.name} {self.name}")
        self.parameters[call.name] = dict(call.parameters)
        if call.name in self.instead:
            return self.instead[call.name]()
        answer: Answer = getattr(self, f"_{call.name}")
        return answer(dict(call.parameters))

    def _proof_begin(self, _: dict[str, Any]) -> Json:
        self.has.add("guard")
        return {"time": BEGIN.isoformat()}

    def _capture_start(self, _: dict[str, Any]) -> Json:
        self.has.add("capture")
        return {"capturing": True, "by": "NetEventPacketCapture", "others": [], "problem": None}

    def _proof_listener_start(self, _: dict[str, Any]) -> Json:
        self.has.add("listener")
        return {"taken": False, "listening": True, "process_id": 7, "problem": None}

    def _proof_request(self, parameters: dict[str, Any]) -> Json:
        self.nonces += parameters["Nonces"]
        return {
            "requests": [
                {
                    "size": size,
                    "sent_at": BEGIN.isoformat(),
                    "milliseconds": 12.5,
                    "answered": True,
                    "status": 200,
                    "error": None,
                }
                for size in parameters["Sizes"]
            ],
        }

    def _associations(self, parameters: dict[str, Any]) -> Json:
        row = {
            "id": "77",
            "local_address": parameters["LocalAddress"],
            "remote_address": parameters["PeerAddress"],
            "local_port": 0,
            "remote_port": 0,
            "protocol": 0,
            "first_transform": 4,
            "first_cipher": 6,
            "first_integrity": 3,
        }
        rows: list[Json] = [row] if self.secured else []
        return {
            "quick_mode": {"problem": None, "associations": rows},
            "main_mode": {"problem": None, "associations": []},
            "offload": {"problem": None, "enabled": False},
        }

    def _ipsec_events(self, _: dict[str, Any]) -> Json:
        spis = (SPI_BACK, SPI_OUT) if self.name == "vm1" else (SPI_OUT, SPI_BACK)
        fields = {
            "QuickModeSaId": "77",
            "InboundSpi": str(spis[0]),
            "OutboundSpi": str(spis[1]),
        }
        event: Json = {"id": 5451, "time": BEGIN.isoformat(), "fields": fields}
        return {
            "audited": {"main_mode": 3, "quick_mode": 3, "driver": 3},
            "events": [event] if self.secured else [],
            "problem": None,
        }

    def _member_policy(self, _: dict[str, Any]) -> Json:
        running: Json = {"name": "PolicyAgent", "state": "Running", "start_mode": "Auto"}
        assigned: Json = {
            "DSIPSECPolicyPath": "LDAP://CN=ipsecPolicy{0}",
            "DSIPSECPolicyName": "policy-azure-onpremises",
        }
        return {
            "time": BEGIN.isoformat(),
            "culture": "de-DE",
            "ui_culture": "de-DE",
            "ps_version": "5.1",
            "services": [running],
            "assigned": assigned if self.secured else None,
            "cache": None,
            "extension_status": {"reason": None, "status": None},
            "policy_settings": {"reason": None, "settings": []},
            "dead_men": [],
            "rsop_logging": None,
            "last_run": None,
            "extension_flags": None,
        }

    def _capture_stop(self, _: dict[str, Any]) -> Json:
        return {"stopped": True, "problem": None}

    def _capture_read(self, _: dict[str, Any]) -> Json:
        return {
            "frames": [
                {
                    "time": frame.captured_at.isoformat(),
                    "content": base64.b64encode(frame.content).decode(),
                }
                for frame in self.frames
            ],
            "left_out": 0,
            "problem": None,
        }

    def _proof_end(self, _: dict[str, Any]) -> Json:
        self.has.clear()
        return {"received": self._received(), "problems": {}}

    def _received(self) -> Json:
        return list(self.nonces)


@dataclass
class Scene:
    """A world with scripted members."""

    world: World
    hosts: dict[str, ScriptedHost]
    asked: list[str]

    def secure(self) -> None:
        """Let the wire and both hosts say that all is encrypted."""
        for host in self.hosts.values():
            host.secured, host.frames = True, (esp(), esp(back=True))

    def prove(self, *flows: Flow, order: ProofOrder | None = None) -> list[Proof]:
        """Prove flows."""
        return list(prove(flows, order or ordered(), self.world, lambda *_: None))

    def left(self) -> dict[str, set[str]]:
        """What is left on which host."""
        return {name: host.has for name, host in self.hosts.items() if host.has}


def ordered(**changes: Any) -> ProofOrder:  # noqa: ANN401 - any field of it
    """The usual order, with ids that count."""
    ids = (f"{number:032x}" for number in count(1))
    return ProofOrder(policy="policy-azure-onpremises", new_id=lambda: next(ids), **changes)


@pytest.fixture
def scene(domain: MemoryDomain) -> Scene:
    """All hosts of the how-to; nothing is encrypted."""
    asked: list[str] = []
    shared: list[str] = []
    hosts = {
        host.name: ScriptedHost(
            host.name, asked, nonces=shared, frames=(clear(port=8081), clear(back=True, port=8081))
        )
        for host in domain.inventory.hosts
    }
    return Scene(replace(domain.world, members=MemoryMembers(hosts)), hosts, asked)


def test_everything_agrees(scene: Scene) -> None:
    """Wire, associations joined with their events, answers and random texts make the verdict."""
    scene.secure()

    (proof,) = scene.prove(FLOW)

    assert proof.verdict.verdict is Verdict.ENCRYPTED, proof.verdict.reason
    assert {(found.inbound_spi, found.source) for found in proof.verdict.associations} == {
        (SPI_BACK, "cim, event 5451"),
        (SPI_OUT, "cim, event 5451"),
    }
    assert proof.evidence.destination.received_nonces == frozenset(proof.evidence.nonces)
    assert proof.evidence.source.has_policy is True


def test_the_order_of_things(scene: Scene) -> None:
    """Guards stand before anything else, captures before traffic, and the guards go last."""
    scene.prove(CONTROL)

    work = [text for text in scene.asked if not text.startswith(("assoc", "ipsec", "member"))]
    assert work == [
        "proof_begin host1",
        "proof_begin vm1",
        "capture_start host1",
        "capture_start vm1",
        "proof_listener_start host1",
        "proof_request vm1",
        "capture_stop vm1",
        "capture_read vm1",
        "capture_stop host1",
        "capture_read host1",
        "proof_end vm1",
        "proof_end host1",
    ]
    assert scene.left() == {}


def test_the_control_says_clear(scene: Scene) -> None:
    """The same instrument can tell the difference."""
    (proof,) = scene.prove(CONTROL)

    assert proof.verdict.verdict is Verdict.CLEAR


@pytest.mark.parametrize(
    "where", ["capture_start", "proof_request", "associations", "capture_read"]
)
def test_nothing_stays_after_ctrl_c(scene: Scene, where: str) -> None:
    """Ctrl-C at any step takes everything away on both hosts before it goes on."""
    scene.secure()

    def interrupt() -> Json:
        raise KeyboardInterrupt

    for name in ENDS:
        scene.hosts[name].instead[where] = interrupt

    with pytest.raises(KeyboardInterrupt):
        scene.prove(FLOW)

    assert scene.left() == {}
    assert {"proof_end vm1", "proof_end host1"} <= set(scene.asked)


def lost() -> Json:
    """The connection breaks after the order."""
    raise OutcomeUnknownError(host="vm1", reason="connection lost")


def away() -> Json:
    """The host can't be reached."""
    raise HostUnreachableError(host="host1.ipsectest.com", reason="connection refused")


@pytest.mark.parametrize("where", ["capture_start", "associations", "ipsec_events", "capture_read"])
def test_what_could_not_be_read_is_told(scene: Scene, where: str) -> None:
    """A lost connection at one end is part of the evidence, and never makes it "encrypted" more."""
    scene.secure()
    scene.hosts["vm1"].instead[where] = lost

    (proof,) = scene.prove(FLOW)

    told = " ".join(
        (
            proof.evidence.source.capture_problem or "",
            proof.evidence.source.associations_problem or "",
            *proof.evidence.source.notes,
        ),
    )
    assert "connection lost" in told
    assert scene.left() == {}


def test_requests_of_unknown_outcome_are_no_verdict(scene: Scene) -> None:
    """Whether they were sent is not known, so nothing that was seen means anything."""
    scene.secure()
    scene.hosts["vm1"].instead["proof_request"] = lost

    (proof,) = scene.prove(FLOW)

    assert proof.verdict.verdict is Verdict.UNKNOWN
    assert "no request could be sent from vm1" in proof.verdict.reason
    assert scene.left() == {}


def test_without_a_guard_nothing_is_started(scene: Scene) -> None:
    """A host on which no guard stands gets no capture and no listener, and no traffic is sent."""
    scene.hosts["host1"].instead["proof_begin"] = away

    (proof,) = scene.prove(FLOW)

    assert proof.verdict.verdict is Verdict.UNKNOWN
    assert "connection refused" in proof.verdict.reason
    assert [text for text in scene.asked if text.endswith("host1")] == [
        "proof_begin host1",
        "proof_end host1",
    ]
    assert "proof_request vm1" not in scene.asked


def test_a_foreign_capture_session_is_left_alone(scene: Scene) -> None:
    """Where another session runs nothing is captured, and its name is told."""
    scene.secure()
    for name in ENDS:
        scene.hosts[name].instead["capture_start"] = lambda: {
            "capturing": False,
            "by": None,
            "others": ["Somebody's trace"],
            "problem": None,
        }

    (proof,) = scene.prove(FLOW)

    assert proof.verdict.verdict is Verdict.UNKNOWN
    assert "Somebody's trace" in proof.verdict.reason
    assert not any(text.startswith(("capture_stop", "capture_read")) for text in scene.asked)


def test_an_existing_service_is_asked_without_a_listener_of_ours(scene: Scene) -> None:
    """With ``--service existing`` nothing listens for us, and nobody can tell what arrived."""
    scene.secure()

    (proof,) = scene.prove(FLOW, order=ordered(service=Service.EXISTING))

    assert "proof_listener_start host1" not in scene.asked
    assert proof.evidence.destination.received_nonces is None


def test_a_taken_port_is_used_and_told(scene: Scene) -> None:
    """What listens there already answers; ours is not started."""
    scene.hosts["host1"].instead["proof_listener_start"] = lambda: {
        "taken": True,
        "listening": False,
        "process_id": None,
        "problem": None,
    }

    (proof,) = scene.prove(CONTROL)

    assert "port 8081 was taken" in " ".join(proof.verdict.notes)
    assert proof.evidence.destination.received_nonces is None


def test_what_can_not_be_taken_away_is_tried_again_and_told(scene: Scene) -> None:
    """One failure is repeated; a second one is said, with the time when the guard does it."""
    scene.hosts["vm1"].instead["proof_end"] = lost

    (proof,) = scene.prove(CONTROL)

    assert scene.asked.count("proof_end vm1") == 2
    assert "by itself after 300 seconds" in " ".join(proof.verdict.notes)


def test_the_notes_of_the_inventory_are_carried(scene: Scene) -> None:
    """What an inventory says about a host's proofs is in every verdict about it."""
    inventory = scene.world.inventory
    hosts = [replace(host, variables={"proof_notes": ["A stand-in."]}) for host in inventory.hosts]
    scene.world = replace(scene.world, inventory=inventory.with_hosts(hosts))

    (proof,) = scene.prove(CONTROL)

    assert proof.verdict.notes == ("A stand-in.",)


def test_stopping_early_stops_the_other_pairs(scene: Scene) -> None:
    """Whoever closes the results gets hosts back as they were, and no further proof begins."""
    flows = (CONTROL, replace(CONTROL, source="vm2"), replace(CONTROL, destination="vm2"))

    with closing(prove(flows, ordered(), scene.world, lambda *_: None)) as proofs:
        first = next(iter(proofs))

    assert first.verdict.verdict is Verdict.CLEAR
    assert scene.left() == {}
    assert scene.asked.count("proof_request vm1") + scene.asked.count("proof_request vm2") < 3


def test_no_host_is_in_two_proofs_at_once(scene: Scene) -> None:
    """Hosts have room for one capture; the next proof of a host begins when the last has ended."""
    going_on: dict[str, int] = {}
    lock = threading.Lock()
    most: list[int] = []

    def begin(host: ScriptedHost) -> Callable[[], Json]:
        def answer() -> Json:
            with lock:
                going_on[host.name] = going_on.get(host.name, 0) + 1
                most.append(max(going_on.values()))
            return {}

        return answer

    def end(host: ScriptedHost) -> Callable[[], Json]:
        def answer() -> Json:
            with lock:
                going_on[host.name] -= 1
            return {"received": [], "problems": {}}

        return answer

    for host in scene.hosts.values():
        host.instead |= {"proof_begin": begin(host), "proof_end": end(host)}
    names = ("vm1", "vm2", "host1")
    flows = [replace(CONTROL, source=a, destination=b) for a in names for b in names if a != b]

    found = scene.prove(*flows)

    assert len(found) == len(flows)
    assert set(most) == {1}


HOSTS = st.sampled_from([f"h{number}" for number in range(8)])


@st.composite
def any_flows(draw: st.DrawFn) -> list[Flow]:
    """Flows between different hosts, each once."""
    pairs = draw(st.lists(st.tuples(HOSTS, HOSTS, st.integers(1, 3)), unique=True, max_size=40))
    return [
        replace(CONTROL, source=source, destination=destination, port=port)
        for source, destination, port in pairs
        if source != destination
    ]


@given(any_flows())
def test_rounds_hold_every_flow_once_and_no_host_twice(flows: list[Flow]) -> None:
    """Matching loses nothing, repeats nothing, and keeps both directions of a pair together."""
    found = rounds(flows)

    def flat() -> Iterator[Flow]:
        for round_ in found:
            for pair in round_:
                yield from pair

    assert sorted(flat(), key=repr) == sorted(flows, key=repr)
    for round_ in found:
        hosts = [name for pair in round_ for name in {pair[0].source, pair[0].destination}]
        assert len(hosts) == len(set(hosts))
        for pair in round_:
            assert len({frozenset((flow.source, flow.destination)) for flow in pair}) == 1


def test_costs_are_said() -> None:
    """The sentence names the largest request, the capture's size and the time limit."""
    text = Limits(capture_megabytes=3, guard_seconds=120).sentence()

    assert "120 kB" in text
    assert "3 MB" in text
    assert "120 seconds" in text


def test_addresses_of_the_flow_are_asked_for(scene: Scene) -> None:
    """Each end is asked about its own address and the other's."""
    scene.prove(FLOW)

    told = {
        name: (
            scene.hosts[name].parameters["associations"]["LocalAddress"],
            scene.hosts[name].parameters["associations"]["PeerAddress"],
        )
        for name in ENDS
    }
    assert told == {"vm1": (str(VM1), str(HOST1)), "host1": (str(HOST1), str(VM1))}
