"""Which filter decides over a packet, as far as that is certain.

Windows orders filters from most specific to least by a formula that is not published. Only where
one filter is at least as narrow as another in every field, and narrower in one, it is certain to
come first, whatever the formula. Of filters that nobody can order the answer is certain only if
all of them say the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ipsec_orchestrator.model.policy import FilterActionKind
from ipsec_orchestrator.planning.lockout.filters import OneWay, why_undecided


class Effect(StrEnum):
    """What happens to a packet; without any filter it passes unchanged."""

    PASS = "pass"  # noqa: S105 - what a packet does
    PERMIT = "permit"
    BLOCK = "block"
    NEGOTIATE = "negotiate"
    UNDECIDED = "undecided"


class Certainty(StrEnum):
    """How sure an answer is; medium rests on the lengths of two prefixes."""

    HIGH = "high"
    MEDIUM = "medium"


_EFFECTS = {
    FilterActionKind.PERMIT: Effect.PERMIT,
    FilterActionKind.BLOCK: Effect.BLOCK,
    FilterActionKind.NEGOTIATE: Effect.NEGOTIATE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens to a packet, and by which filters.

    Attributes:
        effect: What happens.
        certainty: How sure that is.
        by: The filters that decide, or those that nobody can order.
        why: What makes them incomparable; empty where something decides.
    """

    effect: Effect
    certainty: Certainty = Certainty.HIGH
    by: tuple[OneWay, ...] = ()
    why: str = ""


def decide(matching: Sequence[OneWay]) -> Decision:
    """Decide over a packet by all filters that match it, in any order."""
    if not matching:
        return Decision(effect=Effect.PASS)
    firm = undefeated(matching, firm=True)
    if _agree(firm):
        return Decision(effect=_EFFECTS[firm[0].action.kind], by=firm)
    likely = undefeated(matching)
    if _agree(likely):
        return Decision(
            effect=_EFFECTS[likely[0].action.kind], certainty=Certainty.MEDIUM, by=likely
        )
    return Decision(effect=Effect.UNDECIDED, by=likely, why=_why(likely))


def undefeated(matching: Iterable[OneWay], *, firm: bool = False) -> tuple[OneWay, ...]:
    """Give those of the matching filters that no other one is certain to come before.

    Args:
        matching: Filters that match one packet.
        firm: Do not count what rests on the lengths of two prefixes.
    """
    matching = tuple(matching)
    return tuple(
        found
        for found in matching
        if not any(
            other.beats(found) and not (firm and other.rests_on_prefixes(found))
            for other in matching
        )
    )


def _agree(filters: Sequence[OneWay]) -> bool:
    if any(found.effect != filters[0].effect for found in filters):
        return False
    # One that may not match at all leaves the packet alone then: that is as good as permit only.
    return all(not f.doubt or f.action.kind is FilterActionKind.PERMIT for f in filters)


def _why(filters: Sequence[OneWay]) -> str:
    first = filters[0]
    for other in filters[1:]:
        if other.effect != first.effect:
            return why_undecided(first, other)
    return first.doubt or next(found.doubt for found in filters if found.doubt)
