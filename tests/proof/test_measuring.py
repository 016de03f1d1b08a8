"""What the last hours say of a flow: each of five, and nothing unseen is called absent."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.model.evidence import Association
from ipsec_orchestrator.model.measurement import CountedEvent, Measured, MemberHistory
from ipsec_orchestrator.proof.measuring import measure, needed_hosts
from tests.proof_scene import BEGIN, FLOW, HOST1, VM1

OTHER = IPv4Address("10.2.27.99")
WHEN = BEGIN - timedelta(hours=2)


def history(host: str, **more: Any) -> MemberHistory:  # noqa: ANN401 - any field
    """A member that has the policy, audits everything and saw nothing."""
    known: dict[str, Any] = {
        "since": BEGIN - timedelta(hours=24),
        "associations": (),
        "events": (),
        "main_mode_audit": 2,
        "quick_mode_audit": 3,
        "log_since": BEGIN - timedelta(days=9),
        "has_policy": True,
        "policy_reason": "Assigned.",
    }
    return MemberHistory(host=host, **(known | more))


def row(**more: Any) -> Association:  # noqa: ANN401 - any field
    """An association as vm1 shows it, for its way to port 8080 of host1."""
    known: dict[str, Any] = {
        "local_address": VM1,
        "remote_address": HOST1,
        "protocol": 6,
        "remote_port": 8080,
        "encryption": "3DES",
        "integrity": "SHA1",
    }
    return Association(**(known | more))


def event(event_id: int, *, hours: float = 0, **more: Any) -> CountedEvent:  # noqa: ANN401 - any
    """An event of vm1 about host1."""
    known: dict[str, Any] = {"local_address": VM1, "remote_address": HOST1}
    return CountedEvent(
        event_id=event_id, count=1, last=WHEN + timedelta(hours=hours), **(known | more)
    )


UP = event(5451, protocol=6, local_port=0, remote_port=8080)
OFF = {"main_mode_audit": 0, "quick_mode_audit": 0}
UNREAD = MemberHistory(host="vm1", policy_reason="vm1 can't be reached: no route.")

CASES: list[tuple[str, dict[str, Any], Measured]] = [
    ("nothing happened and all of it would be known", {}, Measured.NO_TRAFFIC),
    ("an association now", {"associations": (row(),)}, Measured.ENCRYPTED),
    ("the same where nothing is audited", {"associations": (row(),), **OFF}, Measured.ENCRYPTED),
    ("an association for any port", {"associations": (row(remote_port=0),)}, Measured.ENCRYPTED),
    ("one without a cipher", {"associations": (row(encryption="None"),)}, Measured.NOT_ENCRYPTED),
    (
        "a soft one",
        {"associations": (row(encryption="None", integrity="None"),)},
        Measured.FALLS_BACK,
    ),
    (
        "a soft one beside a good one",
        {"associations": (row(encryption="None", integrity="None"), row())},
        Measured.FALLS_BACK,
    ),
    ("one with another host", {"associations": (row(remote_address=OTHER),)}, Measured.NO_TRAFFIC),
    ("one for another port", {"associations": (row(remote_port=443),)}, Measured.NO_TRAFFIC),
    ("one for another protocol", {"associations": (row(protocol=17),)}, Measured.NO_TRAFFIC),
    (
        "one of the other direction",
        {"associations": (row(local_port=8080, remote_port=0),)},
        Measured.NO_TRAFFIC,
    ),
    ("an association came up", {"events": (UP,)}, Measured.ENCRYPTED),
    ("a soft one came up", {"events": (replace(UP, is_soft=True),)}, Measured.FALLS_BACK),
    ("main mode failed", {"events": (event(4653),)}, Measured.FALLS_BACK),
    ("quick mode failed", {"events": (event(4654),)}, Measured.FALLS_BACK),
    (
        "quick mode failed for a packet of this direction",
        {"events": (event(4654, local_port=50_123, remote_port=8080),)},
        Measured.FALLS_BACK,
    ),
    (
        "quick mode failed for a packet of the other direction",
        {"events": (event(4654, local_port=8080, remote_port=50_123),)},
        Measured.NO_TRAFFIC,
    ),
    ("main mode with another failed", {"events": (event(4652, remote_address=OTHER),)},
     Measured.NO_TRAFFIC),
    ("clear text came in", {"events": (event(4963),)}, Measured.FALLS_BACK),
    ("no key exchange service", {"events": (event(5453, remote_address=None),)},
     Measured.FALLS_BACK),
    ("it failed, and then went well", {"events": (event(4653, hours=-1), UP)}, Measured.ENCRYPTED),
    ("it went well, and then failed", {"events": (UP, event(4653, hours=1))}, Measured.FALLS_BACK),
    (
        "main mode failed, and then went well for the other direction",
        {"events": (event(4653, hours=-1), replace(UP, local_port=8080, remote_port=0))},
        Measured.NO_TRAFFIC,
    ),
    (
        "quick mode failed, and then went well for the other direction",
        {"events": (event(4654, hours=-1), replace(UP, local_port=8080, remote_port=0))},
        Measured.FALLS_BACK,
    ),
    (
        "it failed, went well unwritten, and is there",
        {"events": (event(4653),), "associations": (row(),), "quick_mode_audit": 2},
        Measured.ENCRYPTED,
    ),
    (
        "it fails although it is there, and success would be written down",
        {"events": (event(4653),), "associations": (row(),)},
        Measured.FALLS_BACK,
    ),
    ("other events say nothing", {"events": (event(4650), event(4655), event(5452))},
     Measured.NO_TRAFFIC),
    ("no policy", {"has_policy": False, "associations": (row(),)}, Measured.FALLS_BACK),
    ("policy not seen", {"has_policy": None}, Measured.UNKNOWN),
    ("nothing audited", OFF, Measured.UNKNOWN),
    ("failures of main mode not audited", {"main_mode_audit": 1}, Measured.UNKNOWN),
    ("success of quick mode not audited", {"quick_mode_audit": 2}, Measured.UNKNOWN),
    ("auditing not seen", {"main_mode_audit": None}, Measured.UNKNOWN),
    ("associations unread", {"associations": None}, Measured.UNKNOWN),
    ("log unread", {"events": None}, Measured.UNKNOWN),
    ("log too short", {"log_since": BEGIN - timedelta(hours=1)}, Measured.UNKNOWN),
    ("too many events", {"is_cut_off": True}, Measured.UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "expected"), [(told, found) for _, told, found in CASES], ids=[c[0] for c in CASES]
)
def test_every_measure(told: dict[str, Any], expected: Measured) -> None:
    """What one end told, beside another that has the policy and saw nothing."""
    found = measure(FLOW, history("vm1", **told), history("host1"))

    assert found.measured is expected
    bad = expected in {Measured.FALLS_BACK, Measured.UNKNOWN}
    assert bool(found.cure) >= bad
    assert bool(found.unseen) >= (expected is Measured.UNKNOWN)
    needs_evidence = expected not in {Measured.UNKNOWN, Measured.NO_TRAFFIC}
    assert bool(found.evidence) == needs_evidence
    assert all(text.startswith("vm1: ") for text in found.evidence)


def test_the_answering_end_is_read_the_other_way_round() -> None:
    """Its own port is the one of the flow, and the peer is who began."""
    mine = row(local_address=HOST1, remote_address=VM1, local_port=8080, remote_port=0)
    backward = replace(mine, local_port=0, remote_port=8080)
    quiet = history("vm1")

    assert measure(FLOW, quiet, history("host1", associations=(mine,))).measured is (
        Measured.ENCRYPTED
    )
    assert measure(FLOW, quiet, history("host1", associations=(backward,))).measured is (
        Measured.NO_TRAFFIC
    )


def test_a_member_that_could_not_be_read_is_one_sentence() -> None:
    """It is unknown unless the other end tells enough, and the reason is its own."""
    alone = measure(FLOW, UNREAD, history("host1"))
    seen_there = row(local_address=HOST1, remote_address=VM1, local_port=8080, remote_port=0)
    told = measure(FLOW, UNREAD, history("host1", associations=(seen_there,)))

    assert alone.measured is Measured.UNKNOWN
    assert alone.unseen == ("vm1: could not be read: vm1 can't be reached: no route.",)
    assert told.measured is Measured.ENCRYPTED
    assert told.unseen == alone.unseen


def test_an_event_alone_is_encrypted_only_where_every_method_encrypts() -> None:
    """What 5451 calls the algorithm is not published; so the rule's methods decide."""
    flow = replace(FLOW, algorithms=(("3DES", "SHA1"), ("None", "SHA1")))

    assert measure(flow, history("vm1", events=(UP,)), history("host1")).measured is (
        Measured.NOT_ENCRYPTED
    )


@given(st.sampled_from(CASES), st.sampled_from(CASES))
def test_good_news_needs_both_ends(
    one: tuple[str, dict[str, Any], Measured], other: tuple[str, dict[str, Any], Measured]
) -> None:
    """Whatever falls back at one end falls back; absence has to be known at both."""
    turned = {**other[1]}
    if "associations" in turned and turned["associations"] is not None:
        turned["associations"] = tuple(
            replace(r, local_address=HOST1 if r.remote_address == HOST1 else OTHER,
                    remote_address=VM1, local_port=r.remote_port, remote_port=r.local_port)
            for r in turned["associations"]
        )  # fmt: skip
    if turned.get("events"):
        turned["events"] = tuple(
            replace(e, local_address=HOST1, local_port=e.remote_port, remote_port=e.local_port,
                    remote_address={HOST1: VM1}.get(e.remote_address, e.remote_address))
            for e in turned["events"]
        )  # fmt: skip
    found = measure(FLOW, history("vm1", **one[1]), history("host1", **turned)).measured
    both = {one[2], other[2]}

    if Measured.FALLS_BACK in both:
        assert found is Measured.FALLS_BACK
    elif found is Measured.NO_TRAFFIC:
        assert both == {Measured.NO_TRAFFIC}
    elif found is Measured.UNKNOWN:
        assert Measured.UNKNOWN in both


def test_every_host_is_asked_once_about_all_its_peers() -> None:
    """Both directions of a pair, and several ports, make one question a host."""
    back = replace(FLOW, source="host1", destination="vm1", source_address=HOST1,
                   destination_address=VM1)  # fmt: skip

    assert needed_hosts([FLOW, back, replace(FLOW, port=443)]) == {
        "vm1": (HOST1,),
        "host1": (VM1,),
    }
