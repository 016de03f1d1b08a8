"""Which filter decides over a packet: worked examples, laws, and a second opinion by brute force."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from itertools import permutations, product
from random import Random
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.errors import IncomparableFiltersError
from ipsec_orchestrator.model.policy import (
    ConnectionType,
    Filter,
    FilterAction,
    NamedEndpoint,
)
from ipsec_orchestrator.planning.lockout.deciding import Certainty, Effect, decide
from ipsec_orchestrator.planning.lockout.filters import Direction, OneWay
from ipsec_orchestrator.planning.lockout.pairs import refuse_incomparable
from ipsec_orchestrator.planning.lockout.regions import (
    EVERY_ADDRESS,
    EVERY_PORT,
    Region,
    answers,
)
from tests.lockout_scene import (
    ADMIN,
    BLOCK,
    CONTROLLER,
    HOST,
    ICMP,
    NEGOTIATE,
    PERMIT,
    TCP,
    UDP,
    between,
    filters_of,
    packet,
    playbook_of,
)

OUT, IN = Direction.OUTBOUND, Direction.INBOUND
OPEN = {Effect.PASS, Effect.PERMIT}
TinyRule: TypeAlias = tuple[FilterAction, Filter]
TinyPacket: TypeAlias = tuple[Direction, IPv4Address, int, int, int]


def test_example_1_secure_servers_permit_intranet_block_the_rest() -> None:
    """The narrowest of three filters on single address, subnet and any decides, for certain."""
    filters = filters_of(
        (BLOCK, between("any", "any")),
        (PERMIT, between("me", "10.0.0.0/8")),
        (NEGOTIATE, between("me", "10.0.5.5")),
    )

    for remote, effect in (
        ("10.0.5.5", Effect.NEGOTIATE),
        ("10.3.3.3", Effect.PERMIT),
        ("8.8.8.8", Effect.BLOCK),
    ):
        found = packet(filters, OUT, remote)
        assert (found.effect, found.certainty) == (effect, Certainty.HIGH)


def test_example_2_the_protocol_counts() -> None:
    """Permit of ICMP goes before negotiate of everything."""
    filters = filters_of((NEGOTIATE, between("any", "any")), (PERMIT, between("any", "any", ICMP)))

    assert packet(filters, IN, ADMIN, ICMP).effect is Effect.PERMIT
    assert packet(filters, OUT, ADMIN, ICMP).effect is Effect.PERMIT
    assert packet(filters, IN, ADMIN, TCP).effect is Effect.NEGOTIATE


def test_example_3_the_port_counts_both_ways() -> None:
    """A mirrored permit of DNS lets question and answer through a block of everything."""
    filters = filters_of((BLOCK, between("any", "any")), (PERMIT, between("me", "any", UDP, 53)))

    asked = packet(filters, OUT, CONTROLLER, UDP, remote_port=53)
    answered = packet(filters, IN, CONTROLLER, UDP, remote_port=53)
    assert [asked.effect, answered.effect] == [Effect.PERMIT] * 2
    assert {asked.certainty, answered.certainty} == {Certainty.HIGH}


def test_example_4_any_instead_of_me_is_undecided() -> None:
    """A permit that is wider on the host's side and narrower on the other decides nothing."""
    filters = filters_of(
        (NEGOTIATE, between("me", "any")), (PERMIT, between("any", str(CONTROLLER)))
    )

    found = packet(filters, OUT, CONTROLLER, remote_port=389)
    assert found.effect is Effect.UNDECIDED
    assert "source address" in found.why
    assert "destination address" in found.why


def test_example_5_me_on_both_is_decided() -> None:
    """The cure of example 4: with me on the host's side the permit decides."""
    filters = filters_of(
        (NEGOTIATE, between("me", "any")), (PERMIT, between("me", str(CONTROLLER)))
    )

    found = packet(filters, OUT, CONTROLLER, remote_port=88)
    assert (found.effect, found.certainty) == (Effect.PERMIT, Certainty.HIGH)


def test_example_6_address_against_port_is_undecided_until_one_filter_has_both() -> None:
    """A port of everybody against everything of a subnet is open; a third filter decides it."""
    filters = filters_of(
        (BLOCK, between("any", "me", TCP, 3389)), (PERMIT, between("me", "10.9.0.0/24"))
    )
    cured = filters + filters_of((PERMIT, between("10.9.0.0/24", "me", TCP, 3389)))

    found = packet(filters, IN, ADMIN, local_port=3389)
    assert found.effect is Effect.UNDECIDED
    assert "source address" in found.why
    assert "destination port" in found.why
    assert packet(cured, IN, ADMIN, local_port=3389).effect is Effect.PERMIT


def test_example_7_equal_filters_with_two_actions_are_undecided() -> None:
    """Nothing is known of the order of two filters that match exactly the same."""
    filters = filters_of(
        (PERMIT, between("me", "any", TCP, 5985)), (BLOCK, between("me", "any", TCP, 5985))
    )

    found = packet(filters, OUT, ADMIN, remote_port=5985)
    assert found.effect is Effect.UNDECIDED
    assert "the same packets" in found.why


def test_example_8_a_longer_prefix_is_only_likely() -> None:
    """That /24 goes before /8 is said with medium certainty."""
    filters = filters_of(
        (BLOCK, between("me", "10.0.0.0/8")), (PERMIT, between("me", "10.9.0.0/24"))
    )

    found = packet(filters, IN, ADMIN, local_port=5985)
    assert (found.effect, found.certainty) == (Effect.PERMIT, Certainty.MEDIUM)


def test_example_9_the_article_touches_port_8080_only() -> None:
    """Both filters of the article negotiate 8080 to 8080; all else, and all others, pass."""
    filters = filters_of(
        (NEGOTIATE, between("10.0.1.0/24", "10.2.27.0/25", TCP, 8080)),
        (NEGOTIATE, between("10.2.27.0/25", "10.0.1.0/24", TCP, 8080)),
    )

    both = packet(filters, OUT, "10.2.27.9", local_port=8080, remote_port=8080)
    assert (both.effect, both.certainty, len(both.by)) == (Effect.NEGOTIATE, Certainty.HIGH, 2)
    assert packet(filters, OUT, "10.2.27.9", remote_port=8080).effect is Effect.NEGOTIATE
    assert packet(filters, IN, "10.2.27.9", local_port=8080).effect is Effect.NEGOTIATE
    assert packet(filters, IN, ADMIN, local_port=5985).effect is Effect.PASS
    for remote, port in product((str(ADMIN), "10.2.27.9", str(HOST)), (8080, 5985)):
        for direction in Direction:
            found = packet(filters, direction, remote, local="10.5.0.9", remote_port=port)
            assert found.effect is Effect.PASS


def test_example_10_a_permit_that_is_not_mirrored_lets_only_the_request_in() -> None:
    """The answer of WinRM is dropped: that is a lockout."""
    filters = filters_of(
        (BLOCK, between("me", "any")),
        (PERMIT, between("any", "me", TCP, 5985, mirrored=False)),
    )

    assert packet(filters, IN, ADMIN, local_port=5985).effect is Effect.PERMIT
    answered = packet(filters, OUT, ADMIN, local_port=5985)
    assert (answered.effect, answered.certainty) == (Effect.BLOCK, Certainty.HIGH)


def test_example_11_nothing_is_exempt_for_kerberos() -> None:
    """Without a filter of its own, traffic to a domain controller is negotiated."""
    filters = filters_of((NEGOTIATE, between("me", "any")))

    found = packet(filters, OUT, CONTROLLER, remote_port=88)
    assert (found.effect, found.certainty) == (Effect.NEGOTIATE, Certainty.HIGH)


def test_example_12_a_tunnel_filter_has_no_order_among_others() -> None:
    """A tunnel filter and an ordinary one for the same packets are undecided."""
    tunnel = [
        replace(found, is_tunnel=True)
        for found in filters_of((NEGOTIATE, between("10.0.1.0/24", "10.2.27.0/25", mirrored=False)))
    ]
    filters = (*tunnel, *filters_of((PERMIT, between("me", "10.2.27.9"))))

    found = packet(filters, OUT, "10.2.27.9")
    assert found.effect is Effect.UNDECIDED
    assert "tunnel" in found.why


def test_rules_for_different_connection_types_have_no_order() -> None:
    """Which of two interfaces a packet takes is not known, so neither rule decides."""
    filters = filters_of((BLOCK, between("me", "any")), (PERMIT, between("me", "10.9.0.7")))
    lan = [
        replace(f, rule=replace(f.rule, connection_type=ConnectionType.LAN))
        if f.action is PERMIT
        else f
        for f in filters
    ]

    found = packet(tuple(lan), OUT, ADMIN)
    assert found.effect is Effect.UNDECIDED
    assert "connection types" in found.why


def test_a_filter_that_may_match_is_not_counted_as_matching() -> None:
    """One whose packets can't be told makes the answer undecided, unless it permits."""
    (first, *_) = filters_of((NEGOTIATE, between("me", "any")))
    unsure = replace(first, doubt="its mask is not contiguous")

    assert packet((unsure,), OUT, ADMIN).effect is Effect.UNDECIDED
    assert packet((unsure,), OUT, ADMIN).why == "its mask is not contiguous"
    assert packet((replace(unsure, action=PERMIT),), OUT, ADMIN).effect is Effect.PERMIT


def test_a_port_range_is_cut_where_the_answer_changes() -> None:
    """One port in the middle of a range is found, not sampled."""
    filters = filters_of((BLOCK, between("me", "any", TCP, 50_000)))
    address = (int(CONTROLLER), int(CONTROLLER))
    region = Region(
        direction=OUT,
        box=((int(HOST), int(HOST)), address, (TCP, TCP), (1024, 1024), (49_152, 65_535)),
    )

    found = {answer.region.box[4]: answer.decision.effect for answer in answers(filters, region)}
    assert found == {
        (49_152, 49_999): Effect.PASS,
        (50_000, 50_000): Effect.BLOCK,
        (50_001, 65_535): Effect.PASS,
    }


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (
            (
                (NEGOTIATE, between("me", "any")),
                (PERMIT, between("any", "10.0.0.4")),
            ),
            "destination address",
        ),
        (
            (
                (BLOCK, between("any", "me", TCP, 3389)),
                (PERMIT, between("me", "10.9.0.0/24")),
            ),
            "destination port",
        ),
        (
            (
                (PERMIT, between("me", "any", TCP, 5985)),
                (BLOCK, between("me", "any", TCP, 5985)),
            ),
            "the same packets",
        ),
    ],
)
def test_incomparable_filters_are_refused_by_name(rules: tuple[TinyRule, ...], words: str) -> None:
    """The refusal names both filters with their rules, and the field."""
    with pytest.raises(IncomparableFiltersError) as refused:
        refuse_incomparable(playbook_of(*rules))

    text = str(refused.value)
    assert words in text
    assert "rule 1" in text
    assert "rule 2" in text
    assert "list 1" in text


def test_incomparable_filters_that_never_meet_are_fine() -> None:
    """Two filters for different hosts or ports contradict nobody."""
    refuse_incomparable(
        playbook_of(
            (BLOCK, between("me", "10.1.0.0/16", TCP, 80)),
            (PERMIT, between("any", "10.2.0.0/16")),
        )
    )


def test_a_third_filter_that_is_narrower_than_both_settles_a_pair() -> None:
    """What decides over everything that two filters share makes their own order meaningless."""
    refuse_incomparable(
        playbook_of(
            (BLOCK, between("any", "me", TCP, 3389)),
            (PERMIT, between("me", "10.9.0.0/24")),
            (PERMIT, between("10.9.0.0/24", "me", TCP, 3389)),
            # The mirrored permit meets the block the other way round too.
            (PERMIT, between("me", "10.9.0.0/24", TCP, 3389)),
        )
    )


# A world so small that everything in it can be written down.
NETWORK = IPv4Network("10.0.0.0/30")
SELF = IPv4Address("10.0.0.1")
ADDRESSES = (*NETWORK, IPv4Address("192.0.2.9"))
PROTOCOLS = (ICMP, TCP, UDP)
PORTS = (0, 1, 2)
ENDS = ("me", "any", "10.0.0.1", "10.0.0.2", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.0/30")

tiny_filters = st.builds(
    lambda source, destination, protocol, port, mirrored: between(
        source,
        destination,
        protocol,
        port if protocol in {TCP, UDP} else 0,
        mirrored=mirrored,
    ),
    st.sampled_from(ENDS),
    st.sampled_from(ENDS),
    st.sampled_from((0, *PROTOCOLS)),
    st.sampled_from(PORTS),
    st.booleans(),
)
tiny_rules = st.lists(
    st.tuples(st.sampled_from((PERMIT, BLOCK, NEGOTIATE)), tiny_filters), min_size=1, max_size=4
)
tiny_packets = st.tuples(
    st.sampled_from(tuple(Direction)),
    st.sampled_from([found for found in ADDRESSES if found != SELF]),
    st.sampled_from(PROTOCOLS),
    st.sampled_from((1, 2, 3)),
    st.sampled_from((1, 2, 3)),
)


def values(found: OneWay) -> tuple[frozenset[object], ...]:
    """Everything that each field of a filter allows in the tiny world, written down."""

    def addresses(side: object) -> frozenset[object]:
        if side is NamedEndpoint.ME:
            return frozenset({SELF})
        if side is NamedEndpoint.ANY:
            return frozenset(ADDRESSES)
        if isinstance(side, IPv4Network):
            return frozenset(side)
        return frozenset({side})

    every_port: tuple[int, ...] = (0, 1, 2, 3)
    return (
        addresses(found.source),
        addresses(found.destination),
        frozenset((found.protocol,) if found.protocol else PROTOCOLS),
        frozenset((found.source_port,) if found.source_port else every_port),
        frozenset((found.destination_port,) if found.destination_port else every_port),
    )


def oracle(filters: tuple[OneWay, ...], numbers: tuple[object, ...]) -> set[object]:
    """What all orders that put narrower filters first say about a packet."""
    matching = [
        found
        for found in filters
        if all(number in field for number, field in zip(numbers, values(found), strict=True))
    ]
    if not matching:
        return {Effect.PASS}

    def narrower(one: OneWay, other: OneWay) -> bool:
        pairs = list(zip(values(one), values(other), strict=True))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    said: set[object] = set()
    for order in permutations(matching):
        pairs = ((one, two) for place, one in enumerate(order) for two in order[place + 1 :])
        if not any(narrower(two, one) for one, two in pairs):
            said.add(order[0].effect)
    return said


def tiny_answer(
    filters: tuple[OneWay, ...], shape: TinyPacket
) -> tuple[Effect, object, tuple[object, ...]]:
    """The product's answer, the effect behind it, and the packet as source and destination."""
    direction, remote, protocol, local_port, remote_port = shape
    if protocol == ICMP:
        local_port = remote_port = 0
    found = packet(
        filters,
        direction,
        remote,
        protocol,
        local=SELF,
        local_port=local_port,
        remote_port=remote_port,
    )
    numbers = (
        (SELF, remote, protocol, local_port, remote_port)
        if direction is OUT
        else (remote, SELF, protocol, remote_port, local_port)
    )
    return found.effect, found.by[0].effect if found.by else None, numbers


@given(tiny_rules, tiny_packets)
def test_every_order_that_respects_narrowness_agrees(
    rules: list[TinyRule], shape: TinyPacket
) -> None:
    """Decided is what all such orders say; where two of them differ the answer is undecided."""
    filters = filters_of(*rules)
    effect, behind, numbers = tiny_answer(filters, shape)
    said = oracle(filters, numbers)

    if len(said) > 1:
        assert effect is Effect.UNDECIDED
    elif effect is Effect.PASS:
        assert said == {Effect.PASS}
    else:
        assert said == {behind}


@given(tiny_rules, tiny_packets, st.randoms(use_true_random=False))
def test_the_order_of_rules_means_nothing(
    rules: list[TinyRule],
    shape: TinyPacket,
    random: Random,
) -> None:
    """However the rules are written down, the answer is the same."""
    shuffled = list(rules)
    random.shuffle(shuffled)
    effect, behind, _ = tiny_answer(filters_of(*rules), shape)
    other, other_behind, _ = tiny_answer(filters_of(*shuffled), shape)

    assert effect is other
    if effect is not Effect.UNDECIDED:
        assert behind == other_behind


@given(tiny_rules, tiny_packets, st.sampled_from(("10.0.0.2", "10.0.0.3", "192.0.2.9")))
def test_a_narrow_permit_never_closes_what_is_open(
    rules: list[TinyRule],
    shape: TinyPacket,
    remote: str,
) -> None:
    """A permit that is narrowest in every field takes nothing away."""
    permit = (PERMIT, between("me", remote, TCP, 2))
    before, _, _ = tiny_answer(filters_of(*rules), shape)
    after, _, _ = tiny_answer(filters_of(*rules, permit), shape)

    if before in OPEN:
        assert after in OPEN


@given(tiny_rules)
def test_parts_of_a_region_say_what_single_packets_say(
    rules: list[TinyRule],
) -> None:
    """Judging all addresses and ports at once gives, packet by packet, the same answers."""
    filters = filters_of(*rules)
    own = (int(SELF), int(SELF))
    for direction in Direction:
        region = Region(
            direction=direction, box=(own, EVERY_ADDRESS, (TCP, TCP), EVERY_PORT, EVERY_PORT)
        )
        parts = list(answers(filters, region))
        for remote, near, far in product(ADDRESSES[2:], (1, 2, 3), (1, 2, 3)):
            numbers = (int(SELF), int(remote), TCP, near, far)
            (part,) = [
                part
                for part in parts
                if all(
                    first <= number <= last
                    for number, (first, last) in zip(numbers, part.region.box, strict=True)
                )
            ]
            single = packet(
                filters, direction, remote, local=SELF, local_port=near, remote_port=far
            )
            assert part.decision == single


def test_no_filter_no_change() -> None:
    """A packet that nothing matches passes."""
    assert decide([]).effect is Effect.PASS
