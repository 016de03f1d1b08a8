"""Verdicts on what really went over the wire: key exchange by strongSwan, ESP by the kernel."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ipsec_orchestrator.codec import IsakmpMethod, constants
from ipsec_orchestrator.lab.wire.member import WireMember
from ipsec_orchestrator.lab.wire.member_policy import MemberPolicy
from ipsec_orchestrator.lab.wire.sabotage import WireFault
from ipsec_orchestrator.lab.wire.wire import Wire
from ipsec_orchestrator.model.evidence import (
    Association,
    Diagnosis,
    EndEvidence,
    FlowEvidence,
    FlowVerdict,
    Frame,
    Request,
    Verdict,
)
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.proof.judge import judge
from tests.lab.wire.on_the_wire import Exchange, Policies

pytestmark = pytest.mark.lab

Ask = Callable[..., Exchange]
PORT = 8080
NONCE = "00112233445566778899aabbccddeeff"
BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
# Enough for many packets, which a path MTU black hole then swallows.
SIZES = (20, 120_000)


def _associations(member: WireMember, peer: WireMember) -> tuple[Association, ...]:
    return tuple(
        Association(
            local_address=member.address,
            remote_address=peer.address,
            encryption={"3DES_CBC": "3DES", "NULL": "None"}.get(quick.cipher, quick.cipher),
            integrity={"HMAC_SHA1_96": "SHA1"}.get(quick.integrity, quick.integrity),
            inbound_spi=quick.spi_in,
            outbound_spi=quick.spi_out,
        )
        for quick in member.associations().quick_modes
    )


def _end(
    member: WireMember, peer: WireMember, frames: tuple[Frame, ...], having: set[str]
) -> EndEvidence:
    return EndEvidence(
        host=member.name,
        frames=frames,
        associations=_associations(member, peer),
        received_nonces=frozenset({NONCE}),
        has_policy=member.name in having,
    )


def _proved(
    source: WireMember,
    destination: WireMember,
    ask: Ask,
    *,
    sizes: tuple[int, ...],
    seconds: float,
    having: set[str],
) -> FlowVerdict:
    """Send requests from one member to another, watch both adapters, and judge."""
    requests: list[Request] = []
    with source.capture(kept_bytes=128) as one, destination.capture(kept_bytes=128) as other:
        for size in sizes:
            found = ask(source, destination, PORT, size=size, seconds=seconds)
            answered = len(found.answer) == size
            requests.append(Request(size=size, sent_at=BEGIN, milliseconds=1, answered=answered))
        frames = []
        for capture in (one, other):
            capture.stop()
            frames.append(
                tuple(
                    Frame(
                        captured_at=BEGIN + timedelta(microseconds=frame.nanoseconds // 1000),
                        content=frame.content,
                        original_length=frame.length_bytes,
                    )
                    for frame in capture.frames()
                )
            )
        return judge(
            FlowEvidence(
                flow=Flow(
                    source=source.name,
                    destination=destination.name,
                    source_address=source.address,
                    destination_address=destination.address,
                    protocol=6,
                    port=PORT,
                    rule="rule",
                    algorithms=(("3DES", "SHA1"),),
                ),
                nonces=(NONCE, NONCE),
                requests=tuple(requests),
                source=_end(source, destination, frames[0], having),
                destination=_end(destination, source, frames[1], having),
            )
        )


def _policies_of(sabotage: str, policies: Policies) -> tuple[MemberPolicy | None, ...]:
    """Give what host1 and vm1 get: the how-to's policy, but for what the sabotage is about."""
    howto = policies.policy()
    one_way = policies.filter("10.2.27.0/25", "10.0.1.0/24", mirrored=False)
    other_net = policies.filter("10.2.27.0/25", "10.9.9.0/24")
    md5 = constants.Integrity.MD5
    soft = policies.rule(offers=(policies.esp(), policies.fallback))
    quick = policies.rule(offers=(policies.esp(integrity=md5),))
    null = policies.policy(policies.rule(offers=(policies.esp(constants.Cipher.NONE),)))
    half = policies.policy(policies.rule(one_way))
    found = {
        "no policy anywhere": (None, None),
        "destination without policy": (howto, None),
        "source without policy": (None, howto),
        "another subnet": (policies.policy(policies.rule(other_net)), howto),
        "fallback": (policies.policy(soft), None),
        "return direction missing": (half, half),
        "other main mode": (howto, policies.policy(methods=(IsakmpMethod(integrity=md5),))),
        "other quick mode": (howto, policies.policy(quick)),
        "no encryption": (null, null),
    }
    return found.get(sabotage, (howto, howto))


@pytest.mark.parametrize(
    ("sabotage", "verdict", "diagnosis"),
    [
        ("none", Verdict.ENCRYPTED, Diagnosis.NONE),
        ("no policy anywhere", Verdict.CLEAR, Diagnosis.NOT_ASSIGNED),
        ("destination without policy", Verdict.NO_ANSWER, Diagnosis.POLICY_ABSENT),
        ("source without policy", Verdict.NO_ANSWER, Diagnosis.POLICY_ABSENT),
        ("another subnet", Verdict.NO_ANSWER, Diagnosis.FILTER),
        ("fallback", Verdict.CLEAR, Diagnosis.FALLBACK),
        ("return direction missing", Verdict.MIXED, Diagnosis.ONE_DIRECTION),
        ("other main mode", Verdict.NO_ANSWER, Diagnosis.NO_COMMON_METHOD),
        ("other quick mode", Verdict.NO_ANSWER, Diagnosis.NO_COMMON_METHOD),
        ("no encryption", Verdict.CLEAR, Diagnosis.NO_ENCRYPTION),
        ("both lie", Verdict.CLEAR, None),
        (WireFault.ESP_DROPPED.value, Verdict.NO_ANSWER, Diagnosis.ESP_BLOCKED),
        (WireFault.IKE_DROPPED.value, Verdict.NO_ANSWER, Diagnosis.IKE_UNANSWERED),
        (WireFault.ALL_DROPPED.value, Verdict.NO_ANSWER, Diagnosis.IKE_UNANSWERED),
        (WireFault.LARGE_DROPPED.value, Verdict.NO_ANSWER, Diagnosis.PATH_MTU),
    ],
)
def test_every_sabotage_is_found_out_and_named(  # noqa: PLR0917 - fixtures and a table's columns
    wire: Wire,
    ask: Ask,
    policies: Policies,
    sabotage: str,
    verdict: Verdict,
    diagnosis: Diagnosis | None,
) -> None:
    """What is broken on a real wire gets its verdict and its diagnosis."""
    given = dict(zip(("host1", "vm1"), _policies_of(sabotage, policies), strict=True))
    for name in given:
        # A policy that stays in force goes on with the key exchange of the test before.
        wire.enforce(name, None)
    for name, policy in given.items():
        wire.enforce(name, policy)
        wire.member(name).disobey(ignore_policy=sabotage == "both lie")
    if sabotage in set(WireFault):
        wire.set_faults("host1", "vm1", [WireFault(sabotage)])

    # Only the black hole needs the large request to show what is broken.
    broken = verdict is Verdict.NO_ANSWER and diagnosis is not Diagnosis.PATH_MTU
    found = _proved(
        wire.member("host1"),
        wire.member("vm1"),
        ask,
        sizes=SIZES[:1] if broken else SIZES,
        seconds=3 if verdict is Verdict.NO_ANSWER else 10,
        having={name for name, policy in given.items() if policy is not None},
    )

    assert found.verdict is verdict, found.reason
    assert diagnosis in {None, found.diagnosis}, found.reason
