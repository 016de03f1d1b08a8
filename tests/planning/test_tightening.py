"""From request to require: what the plan says, and what it refuses."""

from dataclasses import replace

import pytest
from hypothesis import given

from ipsec_orchestrator.errors import UnmeasuredError
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import (
    FilterAction,
    FilterActionKind,
    Mode,
    Playbook,
    in_mode,
)
from ipsec_orchestrator.planning.planfile import parse_plan, plan_text
from ipsec_orchestrator.planning.tightening import UNMEASURED, refuse_unmeasured
from tests.strategies import filter_actions
from tests.worlds import MemoryDomain, memory_domain


def in_playbook_mode(playbook: Playbook, mode: Mode) -> Playbook:
    """The playbook as the reader makes it of a file with that mode."""
    actions = tuple(in_mode(action, mode) for action in playbook.filter_actions)
    return replace(playbook, mode=mode, filter_actions=actions)


def codes(plan: Plan) -> set[str]:
    """The codes of the warnings of a plan."""
    return {warning.code for warning in plan.warnings}


@given(filter_actions(name="encrypt"))
def test_request_opens_both_boxes_of_what_negotiates(action: FilterAction) -> None:
    """Clear both ways needs both; permit and block stay, and so does everything in require."""
    opened = in_mode(action, Mode.REQUEST)

    assert in_mode(action, Mode.REQUIRE) == action
    if action.kind is FilterActionKind.NEGOTIATE:
        assert opened == replace(action, accept_unsecured=True, allow_fallback=True)
    else:
        assert opened == action


def test_request_says_that_it_protects_nothing(howto: Playbook, domain: MemoryDomain) -> None:
    """The plan tells it in a warning and in the fields of the filter action."""
    plan = domain.plan(in_playbook_mode(howto, Mode.REQUEST))
    (warning,) = (found for found in plan.warnings if found.code == "request-mode")
    fields = {
        field.field: field.new
        for change in plan.changes
        if change.kind == "filter action"
        for field in change.fields
    }

    assert "myEncryption asks for IPsec, and traffic goes in clear, both ways" in warning.text
    assert "protects nothing" in warning.text
    assert fields["accept unsecured inbound"] == fields["allow fallback to clear"] == "yes"
    assert "fallback-to-clear" not in codes(plan)
    assert "request-mode" not in codes(domain.plan(howto))


def test_a_first_policy_may_require_at_once(howto: Playbook, domain: MemoryDomain) -> None:
    """Nothing was requested before, so there is nothing that could have been measured."""
    plan = domain.plan(howto)
    refuse_unmeasured(plan)

    assert UNMEASURED not in codes(plan)


def test_from_request_to_require_is_refused_unmeasured(
    howto: Playbook, domain: MemoryDomain
) -> None:
    """The plan warns, and carrying it out is refused with the way to go; a saved plan as well."""
    domain.apply(in_playbook_mode(howto, Mode.REQUEST))
    plan = domain.plan(howto)

    assert UNMEASURED in codes(plan)
    for found in (plan, parse_plan(plan_text(plan), "plan.json")):
        with pytest.raises(UnmeasuredError, match=r"myEncryption .*orchestrate promote"):
            refuse_unmeasured(found)


def test_what_was_soft_by_its_own_box_counts_as_well(howto: Playbook, domain: MemoryDomain) -> None:
    """What matters is what members do today, not by which key they were told."""
    (action,) = howto.filter_actions
    domain.apply(replace(howto, filter_actions=(replace(action, allow_fallback=True),)))

    assert UNMEASURED in codes(domain.plan(howto))


def test_another_name_does_not_hide_it(howto: Playbook, domain: MemoryDomain) -> None:
    """A filter action that is renamed while it becomes strict is a strict one that is new."""
    domain.apply(in_playbook_mode(howto, Mode.REQUEST))
    (action,) = howto.filter_actions
    (policy,) = howto.policies
    rules = tuple(replace(rule, filter_action="other") for rule in policy.rules)
    renamed = replace(
        howto,
        filter_actions=(replace(action, name="other"),),
        policies=(replace(policy, rules=rules),),
    )

    assert UNMEASURED in codes(domain.plan(renamed))


@pytest.mark.parametrize("after", [Mode.REQUEST, Mode.REQUIRE])
def test_everything_else_is_not_refused(howto: Playbook, after: Mode) -> None:
    """Going on as it is, and going back from require to request, need no measuring."""
    domain = memory_domain()
    domain.apply(in_playbook_mode(howto, after))
    again = domain.plan(in_playbook_mode(howto, after))
    back = domain.plan(in_playbook_mode(howto, Mode.REQUEST))

    assert UNMEASURED not in codes(again) | codes(back)


def test_an_unassigned_policy_takes_nothing_away(howto: Playbook, domain: MemoryDomain) -> None:
    """A policy that is not assigned is in force nowhere, and neither is one without a policy."""
    requested = in_playbook_mode(howto, Mode.REQUEST)
    domain.apply(replace(requested, assignment=None))
    assert UNMEASURED not in codes(domain.plan(howto))

    domain.apply(requested)
    assert UNMEASURED not in codes(domain.plan(replace(howto, assignment=None)))
