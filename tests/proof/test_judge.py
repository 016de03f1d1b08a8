"""Every verdict and every diagnosis, and that nothing doubtful is called encrypted."""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import TCP, UDP
from scapy.packet import Raw

from ipsec_orchestrator.model.evidence import Diagnosis, FlowEvidence, Frame, Verdict
from ipsec_orchestrator.proof.judge import judge
from tests import proof_scene as scene_of
from tests.proof_scene import (
    CONTROL,
    FLOW,
    INFORMATIONAL,
    MAIN_MODE,
    NONCES,
    QUICK_MODE,
    association,
    clear,
    esp,
    event,
    framed,
    ike,
    ip,
    main_mode_opened,
    requests,
    scene,
)

NOBODY = requests(small=False, large=False)
REQUESTS_IN_CLEAR = tuple(clear(text=nonce) for nonce in NONCES)
ANSWERED_IN_CLEAR = (*REQUESTS_IN_CLEAR, clear(back=True))
AROUND = replace(FLOW, is_second_path=True)
NO_CLAIM: dict[str, Any] = {"associations": ()}


def wire(*frames: Frame, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of an end
    """An end that captured these frames."""
    return {"frames": frames, **more}


CASES: list[tuple[str, FlowEvidence, Verdict, Diagnosis]] = [
    ("all agree", scene(), Verdict.ENCRYPTED, Diagnosis.NONE),
    (
        "existing service, source not captured, destination not asked",
        scene(
            source={"frames": None},
            destination={"associations": None, "received_nonces": None},
        ),
        Verdict.ENCRYPTED,
        Diagnosis.NONE,
    ),
    (
        "control port",
        scene(flow=CONTROL, both=wire(clear(port=8081), clear(port=8081, back=True), esp())),
        Verdict.CLEAR,
        Diagnosis.NONE,
    ),
    (
        "control port, nobody there",
        scene(flow=CONTROL, sent=NOBODY, both=wire(clear(port=8081))),
        Verdict.NO_ANSWER,
        Diagnosis.NOT_LISTENING,
    ),
    (
        "control port, only ESP",
        scene(flow=CONTROL),
        Verdict.UNKNOWN,
        Diagnosis.NONE,
    ),
    (
        "second path, answered in clear",
        scene(flow=AROUND, both=wire(*ANSWERED_IN_CLEAR, **NO_CLAIM)),
        Verdict.CLEAR,
        Diagnosis.SECOND_PATH,
    ),
    (
        "second path, answered and not seen",
        scene(flow=AROUND, both=wire(**NO_CLAIM)),
        Verdict.UNKNOWN,
        Diagnosis.SECOND_PATH,
    ),
    (
        "second path that leads nowhere",
        scene(flow=AROUND, sent=NOBODY, both=wire(clear(), **NO_CLAIM)),
        Verdict.NO_ANSWER,
        Diagnosis.NONE,
    ),
    (
        "before the policy is assigned",
        scene(both=wire(*ANSWERED_IN_CLEAR, has_policy=False, **NO_CLAIM)),
        Verdict.CLEAR,
        Diagnosis.NOT_ASSIGNED,
    ),
    (
        "one side without policy, both accept clear",
        scene(both=wire(*ANSWERED_IN_CLEAR, **NO_CLAIM), destination={"has_policy": False}),
        Verdict.CLEAR,
        Diagnosis.POLICY_ABSENT,
    ),
    (
        "filters match nowhere",
        scene(both=wire(*ANSWERED_IN_CLEAR, **NO_CLAIM)),
        Verdict.CLEAR,
        Diagnosis.FILTER,
    ),
    (
        "clear, and whether there is a policy is unknown",
        scene(both=wire(*ANSWERED_IN_CLEAR, has_policy=None, **NO_CLAIM)),
        Verdict.CLEAR,
        Diagnosis.NONE,
    ),
    (
        "fallback",
        scene(both=wire(ike(MAIN_MODE), *ANSWERED_IN_CLEAR, **NO_CLAIM)),
        Verdict.CLEAR,
        Diagnosis.FALLBACK,
    ),
    (
        "fallback because one side lacks the policy",
        scene(
            both=wire(ike(MAIN_MODE), *ANSWERED_IN_CLEAR, **NO_CLAIM),
            destination={"has_policy": False},
        ),
        Verdict.CLEAR,
        Diagnosis.FALLBACK,
    ),
    (
        "fallback allowed: first clear, then secured",
        scene(
            flow=replace(FLOW, may_fall_back=True),
            both=wire(*main_mode_opened(), clear(), clear(back=True), esp(), esp(back=True)),
        ),
        Verdict.MIXED,
        Diagnosis.FALLBACK,
    ),
    (
        "lying member",
        scene(both=wire(*ANSWERED_IN_CLEAR)),
        Verdict.CLEAR,
        Diagnosis.FALSE_ASSOCIATIONS,
    ),
    (
        "lying member that negotiated before",
        scene(both=wire(*main_mode_opened(), *ANSWERED_IN_CLEAR)),
        Verdict.CLEAR,
        Diagnosis.FALSE_ASSOCIATIONS,
    ),
    (
        "lying member, ESP of other flows",
        scene(both=wire(esp(), esp(back=True), *ANSWERED_IN_CLEAR)),
        Verdict.CLEAR,
        Diagnosis.FALSE_ASSOCIATIONS,
    ),
    (
        "some packets in clear",
        scene(both=wire(esp(), esp(back=True), clear(), clear(back=True))),
        Verdict.MIXED,
        Diagnosis.FALSE_ASSOCIATIONS,
    ),
    (
        "answers in clear",
        scene(both=wire(*main_mode_opened(), esp(), clear(back=True))),
        Verdict.MIXED,
        Diagnosis.ONE_DIRECTION,
    ),
    (
        "requests in clear",
        scene(both=wire(clear(), esp(back=True))),
        Verdict.MIXED,
        Diagnosis.ONE_DIRECTION,
    ),
    (
        "answers in clear are dropped",
        scene(sent=NOBODY, both=wire(esp(), clear(back=True), **NO_CLAIM)),
        Verdict.MIXED,
        Diagnosis.ONE_DIRECTION,
    ),
    (
        "source without policy",
        scene(sent=NOBODY, both=wire(clear(), **NO_CLAIM), source={"has_policy": False}),
        Verdict.NO_ANSWER,
        Diagnosis.POLICY_ABSENT,
    ),
    (
        "destination without policy refuses",
        scene(
            sent=NOBODY,
            both=wire(ike(MAIN_MODE), ike(INFORMATIONAL, back=True, notify=14), **NO_CLAIM),
            destination={"has_policy": False},
        ),
        Verdict.NO_ANSWER,
        Diagnosis.POLICY_ABSENT,
    ),
    (
        "source's filters are for another subnet",
        scene(sent=NOBODY, both=wire(clear(), **NO_CLAIM)),
        Verdict.NO_ANSWER,
        Diagnosis.FILTER,
    ),
    (
        "clear and no answer, policy unknown",
        scene(sent=NOBODY, both=wire(clear(), has_policy=None, **NO_CLAIM)),
        Verdict.NO_ANSWER,
        Diagnosis.NOT_LISTENING,
    ),
    (
        "clear, and the port is closed",
        scene(sent=NOBODY, both=wire(clear(), clear(back=True), **NO_CLAIM)),
        Verdict.NO_ANSWER,
        Diagnosis.NOT_LISTENING,
    ),
    (
        "fallback of the source, the other side goes on requiring",
        scene(sent=NOBODY, both=wire(ike(MAIN_MODE), clear(), **NO_CLAIM)),
        Verdict.NO_ANSWER,
        Diagnosis.IKE_UNANSWERED,
    ),
    (
        "IKE lost on the way",
        scene(sent=NOBODY, source=wire(ike(MAIN_MODE)), destination=wire(), both=NO_CLAIM),
        Verdict.NO_ANSWER,
        Diagnosis.IKE_UNANSWERED,
    ),
    (
        "IKE arrives and is not answered",
        scene(sent=NOBODY, both=wire(ike(MAIN_MODE), **NO_CLAIM)),
        Verdict.NO_ANSWER,
        Diagnosis.IKE_UNANSWERED,
    ),
    (
        "the source does not answer what the destination begins",
        scene(sent=NOBODY, both=wire(ike(MAIN_MODE, back=True), **NO_CLAIM)),
        Verdict.NO_ANSWER,
        Diagnosis.IKE_UNANSWERED,
    ),
    (
        "the keying service does not run",
        scene(
            sent=NOBODY,
            both=wire(clear(port=445), **NO_CLAIM),
            source={"events": (event(5453),)},
        ),
        Verdict.NO_ANSWER,
        Diagnosis.IKE_UNANSWERED,
    ),
    (
        "main mode refused",
        scene(
            sent=NOBODY,
            both=wire(ike(MAIN_MODE), ike(INFORMATIONAL, back=True, notify=14), **NO_CLAIM),
        ),
        Verdict.NO_ANSWER,
        Diagnosis.NO_COMMON_METHOD,
    ),
    (
        "quick mode without result",
        scene(
            sent=NOBODY,
            both=wire(
                *main_mode_opened(),
                ike(MAIN_MODE, encrypted=True),
                ike(QUICK_MODE, encrypted=True),
                ike(INFORMATIONAL, encrypted=True, back=True),
                **NO_CLAIM,
            ),
        ),
        Verdict.NO_ANSWER,
        Diagnosis.NO_COMMON_METHOD,
    ),
    (
        "authentication fails, encrypted",
        scene(
            sent=NOBODY,
            both=wire(*main_mode_opened(), ike(MAIN_MODE, encrypted=True), **NO_CLAIM),
        ),
        Verdict.NO_ANSWER,
        Diagnosis.AUTHENTICATION,
    ),
    (
        "authentication fails for want of a ticket",
        scene(sent=NOBODY, both=wire(*main_mode_opened(), **NO_CLAIM)),
        Verdict.NO_ANSWER,
        Diagnosis.AUTHENTICATION,
    ),
    (
        "authentication is refused in clear",
        scene(
            sent=NOBODY,
            both=wire(ike(MAIN_MODE), ike(INFORMATIONAL, back=True, notify=24), **NO_CLAIM),
        ),
        Verdict.NO_ANSWER,
        Diagnosis.AUTHENTICATION,
    ),
    (
        "ESP lost on the way there",
        scene(sent=NOBODY, source=wire(esp()), destination=wire(*main_mode_opened())),
        Verdict.NO_ANSWER,
        Diagnosis.ESP_BLOCKED,
    ),
    (
        "ESP lost on the way back",
        scene(sent=NOBODY, source=wire(esp()), destination=wire(esp(), esp(back=True))),
        Verdict.NO_ANSWER,
        Diagnosis.ESP_BLOCKED,
    ),
    (
        "ESP one way, one capture",
        scene(sent=NOBODY, source=wire(esp()), destination={"frames": None}),
        Verdict.NO_ANSWER,
        Diagnosis.NONE,
    ),
    ("nothing listens behind ESP", scene(sent=NOBODY), Verdict.NO_ANSWER, Diagnosis.NOT_LISTENING),
    (
        "large requests are lost",
        scene(sent=requests(large=False)),
        Verdict.NO_ANSWER,
        Diagnosis.PATH_MTU,
    ),
    ("small ones are lost", scene(sent=requests(small=False)), Verdict.NO_ANSWER, Diagnosis.NONE),
    (
        "nothing at all",
        scene(sent=NOBODY, both=wire(**NO_CLAIM)),
        Verdict.NO_ANSWER,
        Diagnosis.NONE,
    ),
    (
        "offload, both show clear",
        scene(both=wire(*ANSWERED_IN_CLEAR, offloads_ipsec=True)),
        Verdict.UNKNOWN,
        Diagnosis.OFFLOAD,
    ),
    (
        "offload at one end, ESP at the other",
        scene(source=wire(*ANSWERED_IN_CLEAR, offloads_ipsec=True)),
        Verdict.UNKNOWN,
        Diagnosis.OFFLOAD,
    ),
    (
        "offload shows nothing",
        scene(both=wire(offloads_ipsec=True)),
        Verdict.UNKNOWN,
        Diagnosis.OFFLOAD,
    ),
    (
        "an adapter that could offload, but has no association to use for it",
        scene(both=wire(*ANSWERED_IN_CLEAR, offloads_ipsec=True, **NO_CLAIM)),
        Verdict.CLEAR,
        Diagnosis.FILTER,
    ),
    (
        "no capture at all",
        scene(both={"frames": None, "capture_problem": "a session of somebody else's runs"}),
        Verdict.UNKNOWN,
        Diagnosis.NONE,
    ),
    ("answered, but nothing captured", scene(both=wire()), Verdict.UNKNOWN, Diagnosis.NONE),
    (
        "ESP without encryption",
        scene(
            source={"associations": (association(at_source=True, encryption="None"),)},
            destination={"associations": (association(at_source=False, encryption="None"),)},
        ),
        Verdict.CLEAR,
        Diagnosis.NO_ENCRYPTION,
    ),
    (
        "nobody tells SPIs",
        scene(
            source={
                "associations": (association(at_source=True, inbound_spi=None, outbound_spi=None),)
            },
            destination={
                "associations": (association(at_source=False, inbound_spi=None, outbound_spi=None),)
            },
        ),
        Verdict.UNKNOWN,
        Diagnosis.NONE,
    ),
]


@pytest.mark.parametrize(
    ("evidence", "verdict", "diagnosis"),
    [pytest.param(*case[1:], id=case[0]) for case in CASES],
)
def test_verdict_and_diagnosis(
    evidence: FlowEvidence,
    verdict: Verdict,
    diagnosis: Diagnosis,
) -> None:
    """Each situation gets its verdict, its diagnosis, and a sentence."""
    found = judge(evidence)

    assert (found.verdict, found.diagnosis) == (verdict, diagnosis), found.reason
    assert found.reason.endswith(".")


def test_every_diagnosis_has_a_case() -> None:
    """The table above leaves no diagnosis and no verdict out."""
    assert {case[3] for case in CASES} == set(Diagnosis)
    assert {case[2] for case in CASES} == set(Verdict)


def _at(end: str, **changes: Any) -> FlowEvidence:  # noqa: ANN401 - any field of an end
    return scene(source=changes) if end == "source" else scene(destination=changes)


def _reporting(end: str, **changes: Any) -> FlowEvidence:  # noqa: ANN401 - any field of it
    return _at(end, associations=(association(at_source=end == "source", **changes),))


def _seeing(end: str, *frames: Frame) -> FlowEvidence:
    seen = scene_of.end(at_source=end == "source").frames or ()
    return _at(end, frames=(*seen, *frames))


HARMFUL: list[tuple[str, FlowEvidence]] = [
    case
    for end in ("source", "destination")
    for case in [
        (f"{end}: wrong outbound SPI", _reporting(end, outbound_spi=1)),
        (f"{end}: wrong inbound SPI", _reporting(end, inbound_spi=1)),
        (f"{end}: SPIs the wrong way round", _reporting(
            end,
            inbound_spi=scene_of.SPI_OUT if end == "source" else scene_of.SPI_BACK,
            outbound_spi=scene_of.SPI_BACK if end == "source" else scene_of.SPI_OUT,
        )),
        (f"{end}: other encryption", _reporting(end, encryption="DES")),
        (f"{end}: other integrity", _reporting(end, integrity="MD5")),
        (f"{end}: no encryption", _reporting(end, encryption="None")),
        (f"{end}: association of another port", _reporting(end, local_port=1, remote_port=1)),
        (f"{end}: association of another protocol", _reporting(end, protocol=17)),
        (f"{end}: association with somebody else", _reporting(
            end, remote_address=IPv4Address("10.9.9.9")
        )),
        (f"{end}: reports none", _at(end, associations=())),
        (f"{end}: one clear packet out", _seeing(end, clear())),
        (f"{end}: one clear packet back", _seeing(end, clear(back=True))),
        (f"{end}: nonce on another way", _seeing(
            end, framed(ip() / UDP(sport=7, dport=7) / Raw(NONCES[1].encode()))
        )),
        (f"{end}: a packet cut off before its ports", _seeing(
            end, framed(ip() / TCP(dport=8080), cut=36)
        )),
        (f"{end}: ESP with a strange SPI", _seeing(end, esp(spi=99))),
        (f"{end}: captured nothing", _at(end, frames=())),
        (f"{end}: captured one direction", _at(end, frames=(esp(),))),
        (f"{end}: frames left out", _at(end, frames_left_out=1)),
        (f"{end}: has no policy", _at(end, has_policy=False)),
        (f"{end}: audited clear text", _at(end, events=(event(4963),))),
    ]
] + [
    ("nobody reads associations", scene(both={"associations": None})),
    ("one tells no SPI, the other was not asked", scene(
        source={"associations": None},
        destination={
            "associations": (association(at_source=False, inbound_spi=None, outbound_spi=None),)
        },
    )),
    ("only one direction's SPI is told", scene(
        source={"associations": (association(at_source=True, inbound_spi=None),)},
        destination={"associations": (association(at_source=False, outbound_spi=None),)},
    )),
    ("a request did not arrive", scene(destination={"received_nonces": frozenset(NONCES[:1])})),
    ("no request was sent", scene(sent=())),
    ("requests carried nothing random", replace(scene(), nonces=())),
    ("one request was not answered", scene(sent=requests(large=False))),
    ("nobody could capture", scene(both={"frames": None})),
]  # fmt: skip


@pytest.mark.parametrize("evidence", [pytest.param(case[1], id=case[0]) for case in HARMFUL])
def test_one_piece_that_does_not_agree_is_enough(evidence: FlowEvidence) -> None:
    """One missing or contradicting piece keeps a flow from being called encrypted."""
    assert judge(evidence).verdict is not Verdict.ENCRYPTED


@given(
    st.booleans(),
    st.booleans(),
    st.sampled_from(["source", "destination"]),
    st.data(),
)
def test_missing_and_strange_pieces_never_add_up_to_encrypted(
    small: bool,  # noqa: FBT001 - drawn
    large: bool,  # noqa: FBT001 - drawn
    end: str,
    data: st.DataObject,
) -> None:
    """However the rest looks, a clear packet, an unanswered request or two silent ends decide."""
    other = {
        "offloads_ipsec": data.draw(st.booleans()),
        "has_policy": data.draw(st.sampled_from([True, False, None])),
        "associations": data.draw(
            st.sampled_from([None, (), (association(at_source=end == "source"),)])
        ),
        "received_nonces": data.draw(st.sampled_from([None, frozenset(), frozenset(NONCES)])),
    }
    seen = data.draw(st.lists(st.sampled_from([esp(), esp(back=True), clear(), ike(MAIN_MODE)])))
    good = scene_of.end(at_source=True).frames or ()
    evidence = scene(
        sent=requests(small=small, large=large),
        **{end: {**other, "frames": (*good, *seen)}},  # type: ignore[arg-type]  # either end by name
    )

    verdict = judge(evidence).verdict

    harmless = small and large and clear() not in seen and other["has_policy"] is not False
    if not harmless or other["associations"] == ():
        assert verdict is not Verdict.ENCRYPTED


def test_the_cure_for_untold_spis_is_said() -> None:
    """Where Windows tells no SPI the reader learns what to switch on."""
    untold = {"inbound_spi": None, "outbound_spi": None}
    found = judge(
        scene(
            source={"associations": (association(at_source=True, **untold),)},
            destination={"associations": (association(at_source=False, **untold),)},
        )
    )

    assert "auditing of IPsec Quick Mode" in found.reason


def test_associations_wider_than_the_flow_count_as_well() -> None:
    """An association for any protocol and port covers the flow; its SPIs decide."""
    wide = {"protocol": 0, "local_port": 0, "remote_port": 0}
    found = judge(
        scene(
            source={"associations": (association(at_source=True, **wide),)},
            destination={"associations": (association(at_source=False, **wide),)},
        )
    )

    assert found.verdict is Verdict.ENCRYPTED
    assert len(found.associations) == 2


def test_an_earlier_association_beside_the_present_one_does_no_harm() -> None:
    """After a rekey the old row is still there; one that fits the wire is enough."""
    old = association(at_source=True, inbound_spi=1, outbound_spi=2)

    found = judge(scene(source={"associations": (old, association(at_source=True))}))

    assert found.verdict is Verdict.ENCRYPTED
    assert old not in found.associations


def test_events_from_before_the_run_do_not_count() -> None:
    """Clear text that was dropped before the first frame is another story."""
    found = judge(scene(both={"events": (event(4963, second=-60),)}))

    assert found.verdict is Verdict.ENCRYPTED


def test_what_encrypted_did_without_is_said() -> None:
    """An end that could not capture or be asked, and a service that tells nothing, are noted."""
    found = judge(
        scene(
            source={"frames": None, "capture_problem": "not allowed"},
            destination={"associations": None, "received_nonces": None, "notes": ("in the lab",)},
        )
    )

    assert found.verdict is Verdict.ENCRYPTED
    assert found.notes[0] == "in the lab"
    assert [note for note in found.notes if "vm1 could not capture" in note]
    assert [note for note in found.notes if "host1 could not be asked" in note]
    assert [note for note in found.notes if "does not tell what it received" in note]


def test_udp_behind_the_keying_ports_is_still_the_flow() -> None:
    """A sender that takes port 4500 for its own cannot pass clear packets off as ESP."""
    flow = replace(FLOW, protocol=17, port=9000)
    disguised = framed(ip() / UDP(sport=4500, dport=9000) / Raw(b"\x01\x02\x03\x04secret"))

    found = judge(scene(flow=flow, both=wire(disguised, **NO_CLAIM)))

    assert found.clear_packets == 1
    assert found.verdict is Verdict.CLEAR
