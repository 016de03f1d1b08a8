"""Filters of one policy that nobody can order: refused before they are written."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

from ipsec_orchestrator.errors import IncomparableFiltersError
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.lockout.deciding import Effect
from ipsec_orchestrator.planning.lockout.filters import (
    Direction,
    OneWay,
    one_ways,
    why_undecided,
)
from ipsec_orchestrator.planning.lockout.regions import (
    Boxed,
    Region,
    answers_of,
    box_of,
    boxed,
    do_meet,
    meet,
)


def refuse_incomparable(playbook: Playbook) -> None:
    """Refuse policies in which two filters contradict each other and neither is narrower.

    A pair is let through where narrower filters decide over everything that both match.

    Raises:
        IncomparableFiltersError: The first pair that was found.
    """
    for policy in playbook.policies:
        filters = one_ways(playbook, policy)
        boxes = {direction: boxed(filters, direction) for direction in Direction}
        places = {id(found): place for place, found in enumerate(filters)}
        pairs = (sorted(pair, key=lambda f: places[id(f)]) for pair in _contradicting(boxes))
        # The way that filters are written is easier to recognise than their mirror images.
        for one, other in sorted(pairs, key=lambda pair: [places[id(f)] for f in pair]):
            if is_undecided(one, other, boxes):
                raise IncomparableFiltersError(
                    policy=policy.name,
                    first=described(one),
                    second=described(other),
                    reason=why_undecided(one, other),
                )


def _contradicting(boxes: Mapping[Direction, Sequence[Boxed]]) -> Iterator[tuple[OneWay, OneWay]]:
    """Give the pairs with different effects that match one packet, neither of them narrower."""
    for filters in boxes.values():
        by_effect: dict[object, list[Boxed]] = {}
        for found, box in filters:
            by_effect.setdefault(found.effect, []).append((found, box))
        for some, others in combinations(by_effect.values(), 2):
            for (one, box), (other, other_box) in product(some, others):
                if do_meet(box, other_box) and not (one.beats(other) or other.beats(one)):
                    yield one, other


def is_undecided(one: OneWay, other: OneWay, boxes: Mapping[Direction, Sequence[Boxed]]) -> bool:
    """Tell whether a host could see a packet that both match and no filter decides over."""
    for direction, filters in boxes.items():
        both = box_of(one, direction), box_of(other, direction)
        if both[0] is None or both[1] is None:
            continue
        common = meet(both[0], both[1])
        if common is None:
            continue
        region = Region(direction=direction, box=common)
        for answer in answers_of(filters, region):
            found = answer.decision
            if found.effect is Effect.UNDECIDED and {one, other} <= set(found.by):
                return True
    return False


def described(found: OneWay) -> str:
    """Name a filter so that it can be found in the playbook."""
    return (
        f"{found.action.kind.value} “{found.words}” (rule {found.rule.name}, filter list "
        f"{found.rule.filter_list}, filter action {found.action.name})"
    )
