"""Measuring the whole how-to before requiring IPsec: who is asked, and what is made of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ipsec_orchestrator.adapters.memory.members import AnswerCall
from ipsec_orchestrator.app.promote import Promotion, measure_flows, measured_flows
from ipsec_orchestrator.errors import HostUnreachableError, UsageError
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.measurement import Measured
from ipsec_orchestrator.model.policy import FilterActionKind, Mode, Playbook, in_mode
from ipsec_orchestrator.planning.tightening import (
    MEASURED,
    UNMEASURED,
    Measurement,
    refuse_unmeasured,
    with_measurement,
)
from ipsec_orchestrator.ports import ScriptCall
from ipsec_orchestrator.report.measurement_rows import (
    measurement_rows,
    measurement_sentence,
    measurements_to_json,
)
from tests.worlds import MemoryDomain, with_windows_hosts

NAMES = ("host1", "vm1", "vm2")
WAYS = {("host1", "vm1"), ("host1", "vm2"), ("vm1", "host1"), ("vm2", "host1")}


@dataclass(slots=True)
class Remembering:
    """A member that also tells what it did during the last hours."""

    inner: AnswerCall
    now: Callable[[], str]
    addresses: dict[str, str]
    peers: Iterable[str] = ()
    instead: Callable[[ScriptCall], Json] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __call__(self, call: ScriptCall) -> Json:
        """Answer a call."""
        if call.name != "ipsec_history":
            return self.inner(call)
        self.asked.append(dict(call.parameters))
        return self.instead(call) if self.instead else self.history()

    def history(self) -> Json:
        """Associations with some peers, both directions, and everything audited."""
        return {
            "time": self.now(),
            "quick_mode": {
                "problem": None,
                "associations": [
                    {
                        "local_address": self.addresses[host],
                        "remote_address": self.addresses[peer],
                        "local_port": mine,
                        "remote_port": theirs,
                        "protocol": 6,
                        "first_cipher": 6,
                        "first_integrity": 3,
                    }
                    for host, peer in (tuple(pair.split(">")) for pair in self.peers)
                    for mine, theirs in ((0, 8080), (8080, 0))
                ],
            },
            "log": {
                "audited": {"main_mode": 3, "quick_mode": 3, "driver": 3},
                "problem": None,
                "since": "2020-01-01T00:00:00Z",
                "cut_off": False,
                "events": [],
            },
        }


@dataclass(slots=True)
class Scene:
    """The how-to in mode request, applied, and its members."""

    domain: MemoryDomain
    playbook: Playbook
    members: dict[str, Remembering]

    def measure(self, playbook: Playbook | None = None, **more: Any) -> Promotion | None:  # noqa: ANN401
        """Measure the how-to that is to be required."""
        wanted = playbook or self.playbook
        known: dict[str, Any] = {"hours": 24, "accepted": (), "tell": lambda _: None}
        flows = measured_flows(wanted, self.domain.inventory)
        return measure_flows(wanted, flows, self.domain.world, **(known | more))

    def words(self, **more: Any) -> dict[tuple[str, str], Measured]:  # noqa: ANN401 - as measure
        """What was measured by flow."""
        promotion = self.measure(**more)
        assert promotion is not None
        return {(m.flow.source, m.flow.destination): m.measured for m in promotion.measurements}


@pytest.fixture
def scene(howto: Playbook, domain: MemoryDomain, tmp_path: Path) -> Scene:
    """Everybody has the policy, and every pair has associations."""
    with_windows_hosts(domain, tmp_path)
    requested = replace(
        howto,
        mode=Mode.REQUEST,
        filter_actions=tuple(in_mode(a, Mode.REQUEST) for a in howto.filter_actions),
    )
    hosts = [host for host in domain.inventory.hosts if host.name in NAMES]
    addresses = {host.name: str(host.addresses[0]) for host in hosts}
    domain.apply(requested, hosts)
    members = {
        name: Remembering(
            inner=domain.answers[name],
            now=lambda: domain.clock.now().isoformat(),
            addresses=addresses,
            peers=[f"{one}>{other}" for one, other in sorted(WAYS) if one == name],
        )
        for name in NAMES
    }
    domain.answers = dict(members)
    return Scene(domain=domain, playbook=howto, members=members)


def test_all_pairs_with_associations_are_encrypted(scene: Scene) -> None:
    """Every member is asked once, about all its peers, for the hours that were wished."""
    promotion = scene.measure(hours=6)

    assert promotion is not None
    assert promotion.is_promotable
    assert scene.words() == dict.fromkeys(WAYS, Measured.ENCRYPTED)
    (asked, _) = scene.members["host1"].asked
    addresses = scene.members["host1"].addresses
    assert asked["Seconds"] == 6 * 3600
    assert set(asked["PeerAddresses"]) == {addresses["vm1"], addresses["vm2"]}


def test_a_member_without_the_policy_falls_back(scene: Scene, howto: Playbook) -> None:
    """It is not in force there: both its directions are named with the cure, others are fine."""
    host = scene.domain.inventory.host("vm1")
    assert host is not None
    stopped = scene.members["vm1"].inner

    def agent_stopped(call: ScriptCall) -> Json:
        answer = stopped(call)
        if call.name == "member_policy":
            assert isinstance(answer, dict)
            services: Any = answer["services"]
            answer["services"] = [
                {**service, "state": "Stopped"} if service["name"] == "PolicyAgent" else service
                for service in services
            ]
        return answer

    scene.members["vm1"].inner = agent_stopped
    promotion = scene.measure()

    assert promotion is not None
    assert not promotion.is_promotable
    assert {(m.flow.source, m.flow.destination) for m in promotion.falling_back} == {
        ("vm1", "host1"),
        ("host1", "vm1"),
    }
    for found in promotion.falling_back:
        assert found.evidence == ("vm1: Assigned, not enforced: PolicyAgent does not run.",)
        assert found.cure is not None
        assert "Start-Service PolicyAgent" in found.cure
        assert f"orchestrate apply {howto.file} --limit vm1" in found.cure


def test_pairs_without_traffic_do_not_stand_in_the_way(scene: Scene) -> None:
    """Nothing was seen, and all of it would have been written down: that is told."""
    scene.members["vm2"].peers, scene.members["host1"].peers = (), ("host1>vm1",)
    promotion = scene.measure()

    assert promotion is not None
    assert promotion.is_promotable
    assert scene.words()["vm2", "host1"] is Measured.NO_TRAFFIC


def test_an_unreachable_member_is_unknown_until_somebody_takes_the_risk(scene: Scene) -> None:
    """Pairs are accepted one by one, both directions together."""
    scene.members["host1"].peers = ()

    def gone(call: ScriptCall) -> Json:
        raise HostUnreachableError(host=call.name, reason="no route")

    for name in ("vm1", "vm2"):
        scene.members[name].instead, scene.members[name].inner = gone, gone
    promotion = scene.measure()
    one = scene.measure(accepted=(("VM1", "host1"),))
    both = scene.measure(accepted=(("vm1", "host1"), ("host1", "vm2")))

    assert promotion is not None
    assert one is not None
    assert both is not None
    assert len(promotion.unknown) == 4
    assert {m.flow.source for m in one.unknown} == {"vm2", "host1"}
    assert both.is_promotable
    assert all("no route" in text for m in both.measurements for text in m.unseen)


def test_accepting_the_unknown_accepts_no_fallback(scene: Scene) -> None:
    """What is known to fail is not a risk but a certainty."""
    flow = {"local_address": "", "protocol": "", "local_port": "", "remote_port": ""}

    def failing(call: ScriptCall) -> Any:  # noqa: ANN401 - JSON
        history: Any = scene.members["vm1"].history()
        history["log"]["events"] = [
            {
                "id": 4653,
                "count": 7,
                "last": (scene.domain.clock.now() - timedelta(hours=1)).isoformat(),
                "soft": False,
                "remote_address": str(call.parameters["PeerAddresses"][0]),  # type: ignore[index]
                **flow,
            }
        ]
        return history

    scene.members["vm1"].instead = failing
    promotion = scene.measure(accepted=(("vm1", "host1"),))

    assert promotion is not None
    assert {m.flow.source for m in promotion.falling_back} == {"vm1", "host1"}
    assert "main mode) failed, 7 times" in promotion.falling_back[0].evidence[0]


def test_there_is_nothing_to_promote_where_nothing_is_requested(
    scene: Scene, howto: Playbook
) -> None:
    """Neither where IPsec is required already, nor where another playbook's policy is assigned."""
    hosts = [host for host in scene.domain.inventory.hosts if host.name in NAMES]
    assert scene.measure(replace(howto, name="other")) is None

    scene.domain.apply(howto, hosts)
    assert scene.measure() is None


def test_what_was_measured_takes_the_place_of_the_warning(scene: Scene, howto: Playbook) -> None:
    """The plan of a promotion is an ordinary one that says what it rests on."""
    promotion = scene.measure()
    assert promotion is not None
    found = promotion.measurements
    plan = scene.domain.plan(howto)
    measured = with_measurement(
        plan,
        Measurement(
            text=measurement_sentence(found, hours=24, measured_at=scene.domain.clock.now()),
            document=measurements_to_json(found, hours=24, promotable=True),
        ),
    )
    refuse_unmeasured(measured)
    codes = [warning.code for warning in measured.warnings]

    assert UNMEASURED not in codes
    assert "4 encrypted" in measured.warnings[codes.index(MEASURED)].text
    assert measured.steps == plan.steps
    assert with_measurement(plan, None) is plan


def test_rows_and_documents_tell_every_flow(scene: Scene) -> None:
    """Who, where to, what, because of what, and what to do."""
    scene.members["vm2"].peers, scene.members["host1"].peers = (), ("host1>vm1",)
    promotion = scene.measure()
    assert promotion is not None
    rows = {(r[0], r[1]): r[2:] for r, _ in measurement_rows(promotion.measurements)}
    document: Any = measurements_to_json(promotion.measurements, hours=24, promotable=True)
    sentence = measurement_sentence(
        promotion.measurements, hours=24, measured_at=scene.domain.clock.now()
    )

    assert rows["vm1", "host1"][:2] == ("TCP 8080", "encrypted")
    assert "has an association now, 3DES and SHA1" in rows["vm1", "host1"][2]
    assert rows["vm2", "host1"][1] == "no traffic seen"
    assert {pair["measured"] for pair in document["pairs"]} == {"encrypted", "no traffic seen"}
    assert "Not shown to work: host1 to vm2; vm2 to host1." in sentence


def test_what_can_not_be_measured_is_said_at_once(
    howto: Playbook, howto_inventory: Inventory
) -> None:
    """A member without an address, and a policy that protects nothing."""
    hosts = tuple(
        replace(host, addresses=()) if host.name == "vm1" else host
        for host in howto_inventory.hosts
    )
    with pytest.raises(UsageError, match="no addresses for vm1"):
        measured_flows(howto, replace(howto_inventory, hosts=hosts))
    permits = tuple(
        replace(action, kind=FilterActionKind.PERMIT, methods=()) for action in howto.filter_actions
    )
    with pytest.raises(UsageError, match="protects no flow"):
        measured_flows(replace(howto, filter_actions=permits), howto_inventory)
