"""Which flows a user means by the options of ``prove``, and what each verdict is worth."""

from dataclasses import replace

import pytest

from ipsec_orchestrator.app.prove import (
    CONTROL_PORT,
    ProofWish,
    assigned_policy,
    parse_pairs,
    wished_flows,
)
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.proving import exit_code
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.evidence import Diagnosis, FlowVerdict, Verdict
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.report.proof_rows import proof_to_json
from tests.proof_scene import CONTROL, FLOW


@pytest.fixture
def members(howto_inventory: Inventory) -> tuple[Host, ...]:
    """All hosts of the how-to but the domain controller."""
    return tuple(host for host in howto_inventory.hosts if host.name != "dc1")


def ways(flows: tuple[Flow, ...]) -> set[str]:
    """Flows in short."""
    return {f"{flow.source}>{flow.destination}:{flow.port}" for flow in flows}


def test_all_flows_of_the_how_to(
    howto: Playbook, howto_inventory: Inventory, members: tuple[Host, ...]
) -> None:
    """Without options all protected flows are proved, both ways."""
    flows = wished_flows(howto, howto_inventory, members, ProofWish())

    assert ways(flows) == {"host1>vm1:8080", "host1>vm2:8080", "vm1>host1:8080", "vm2>host1:8080"}


def test_pairs_choose_both_directions(
    howto: Playbook, howto_inventory: Inventory, members: tuple[Host, ...]
) -> None:
    """A pair means both ways, in whatever case it is written."""
    pairs = parse_pairs("VM1:host1", howto_inventory)
    flows = wished_flows(howto, howto_inventory, members, ProofWish(pairs=pairs))

    assert ways(flows) == {"host1>vm1:8080", "vm1>host1:8080"}


def test_the_control_goes_to_an_unprotected_port(
    howto: Playbook, howto_inventory: Inventory, members: tuple[Host, ...]
) -> None:
    """The same pairs on another port, without a rule."""
    flows = wished_flows(howto, howto_inventory, members, ProofWish(control=True))

    assert len(flows) == 4
    assert {flow.port for flow in flows} == {CONTROL_PORT}
    assert not any(flow.is_protected for flow in flows)


@pytest.mark.parametrize("destination", ["any", "8081", "udp"])
def test_a_protected_port_is_no_control(
    howto: Playbook, howto_inventory: Inventory, members: tuple[Host, ...], destination: str
) -> None:
    """A filter on every port or on the port itself, by TCP, has a say over it; one by UDP has not."""
    (wanted,) = howto.filter_lists
    filters = {
        "any": replace(wanted.filters[0], destination_port=0),
        "8081": replace(wanted.filters[0], destination_port=CONTROL_PORT),
        "udp": replace(wanted.filters[0], destination_port=CONTROL_PORT, protocol=17),
    }
    playbook = replace(
        howto, filter_lists=(replace(wanted, filters=(*wanted.filters, filters[destination])),)
    )
    wish = ProofWish(control=True)

    if destination == "udp":
        assert wished_flows(playbook, howto_inventory, members, wish)
        return
    with pytest.raises(UsageError, match=f"port {CONTROL_PORT}"):
        wished_flows(playbook, howto_inventory, members, wish)
    assert wished_flows(playbook, howto_inventory, members, replace(wish, port=8080))


def test_a_guard_outlives_the_proof() -> None:
    """The longer requests may wait, the later hosts take everything away; an order is taken as it is."""
    usual = ProofWish().limits.guard_seconds

    assert ProofWish(request_seconds=1).limits.guard_seconds == usual
    assert ProofWish(request_seconds=60).limits.guard_seconds >= usual + 3 * 40
    assert ProofWish(guard_seconds=30).limits.guard_seconds == 30


def test_a_sample_is_smaller(
    howto: Playbook, howto_inventory: Inventory, members: tuple[Host, ...]
) -> None:
    """Both directions between the two subnets are covered by two of the four flows."""
    flows = wished_flows(howto, howto_inventory, members, ProofWish(count=2))

    assert len(flows) == 2
    assert {flow.source.startswith("vm") for flow in flows} == {True, False}


@pytest.mark.parametrize("text", ["vm1", "vm1:vm1", "vm1:host1:vm2", "vm1:nobody", ""])
def test_what_is_no_pair_is_refused(howto_inventory: Inventory, text: str) -> None:
    """A pair is two different hosts of the inventory."""
    with pytest.raises(UsageError):
        parse_pairs(text, howto_inventory)


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (ProofWish(port=1), "to port 1"),
        (ProofWish(pairs=(("vm1", "vm2"),)), "vm1, vm2"),
    ],
)
def test_nothing_to_prove_is_an_error(
    howto: Playbook,
    howto_inventory: Inventory,
    members: tuple[Host, ...],
    wish: ProofWish,
    reason: str,
) -> None:
    """An empty choice never looks like a success."""
    with pytest.raises(UsageError, match=reason):
        wished_flows(howto, howto_inventory, members, wish)


def test_hosts_without_addresses_are_named(
    howto: Playbook, howto_inventory: Inventory, members: tuple[Host, ...]
) -> None:
    """Where the inventory has no addresses there are no flows, and the sentence says whose."""
    bare = tuple(replace(host, addresses=()) for host in members)

    with pytest.raises(UsageError, match="no addresses for host1, vm1, vm2"):
        wished_flows(howto, howto_inventory, bare, ProofWish())


def test_a_playbook_without_assignment_needs_one_policy(howto: Playbook) -> None:
    """Of several policies none can be guessed."""
    other = replace(howto.policies[0], name="other")
    both = replace(howto, assignment=None, policies=(*howto.policies, other))

    assert assigned_policy(replace(howto, assignment=None)) is howto.policies[0]
    with pytest.raises(UsageError, match="assigns no policy"):
        assigned_policy(both)


AROUND = replace(FLOW, is_second_path=True)


def judged(verdict: Verdict, flow: Flow = FLOW) -> FlowVerdict:
    """A verdict."""
    return FlowVerdict(
        flow=flow,
        verdict=verdict,
        diagnosis=Diagnosis.NONE,
        reason="because",
        sent=2,
        answered=2,
        esp_packets=0,
        clear_packets=0,
    )


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([judged(Verdict.ENCRYPTED)], Exit.DONE),
        ([judged(Verdict.CLEAR, CONTROL)], Exit.DONE),
        ([judged(Verdict.ENCRYPTED), judged(Verdict.CLEAR)], Exit.DIFFERENCES),
        ([judged(Verdict.ENCRYPTED, CONTROL)], Exit.DIFFERENCES),
        ([judged(Verdict.ENCRYPTED), judged(Verdict.UNKNOWN)], Exit.SOME_HOSTS),
        ([judged(Verdict.UNKNOWN), judged(Verdict.NO_ANSWER)], Exit.DIFFERENCES),
        ([judged(Verdict.MIXED)], Exit.DIFFERENCES),
        ([judged(Verdict.CLEAR, AROUND)], Exit.DIFFERENCES),
        ([judged(Verdict.NO_ANSWER, AROUND)], Exit.DONE),
        ([judged(Verdict.UNKNOWN, AROUND)], Exit.SOME_HOSTS),
    ],
)
def test_exit_codes(verdicts: list[FlowVerdict], code: Exit) -> None:
    """0 if all are as they ought to be; what is known to be wrong goes before what is unknown."""
    assert exit_code(verdicts) is code


def test_the_json_document() -> None:
    """Every field that the documentation names is there."""
    document = proof_to_json([judged(Verdict.ENCRYPTED)])

    assert isinstance(document, dict)
    pairs: Json = document["pairs"]
    assert isinstance(pairs, list)
    (pair,) = pairs
    assert isinstance(pair, dict)
    assert {key: pair[key] for key in ("source", "destination", "protocol", "port")} == {
        "source": "vm1",
        "destination": "host1",
        "protocol": "tcp",
        "port": 8080,
    }
    assert pair["verdict"] == "encrypted"
    assert pair["diagnosis"] is None
    assert pair["associations"] == []
