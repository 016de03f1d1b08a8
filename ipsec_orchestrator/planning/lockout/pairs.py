"""Filters of one policy that nobody can order: refused before they are written."""

from collections.abc import Sequence
from itertools import combinations

from ipsec_orchestrator.errors import IncomparableFiltersError
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.lockout.deciding import Effect
from ipsec_orchestrator.planning.lockout.filters import (
    Direction,
    OneWay,
    one_ways,
    why_undecided,
)
from ipsec_orchestrator.planning.lockout.regions import Region, answers, box_of, meet


def refuse_incomparable(playbook: Playbook) -> None:
    """Refuse policies in which two filters contradict each other and neither is narrower.

    A pair is let through where narrower filters decide over everything that both match.

    Raises:
        IncomparableFiltersError: The first pair that was found.
    """
    for policy in playbook.policies:
        filters = one_ways(playbook, policy)
        for one, other in combinations(filters, 2):
            if one.effect != other.effect and is_undecided(one, other, filters):
                raise IncomparableFiltersError(
                    policy=policy.name,
                    first=described(one),
                    second=described(other),
                    reason=why_undecided(one, other),
                )


def is_undecided(one: OneWay, other: OneWay, filters: Sequence[OneWay]) -> bool:
    """Tell whether a host could see a packet that both match and no filter decides over."""
    if one.beats(other) or other.beats(one):
        return False
    for direction in Direction:
        boxes = box_of(one, direction), box_of(other, direction)
        if boxes[0] is None or boxes[1] is None:
            continue
        common = meet(boxes[0], boxes[1])
        if common is None:
            continue
        region = Region(direction=direction, box=common)
        for answer in answers(filters, region):
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
