"""A web server for proofs: what is missing is planned, and only what is ours is taken away."""

import json
from collections.abc import Iterator
from itertools import product

import pytest

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.facts.web_service import WebState, parse_web_state
from ipsec_orchestrator.model.plan import Action, Basis, Plan
from ipsec_orchestrator.model.steps import WebPart, WebStep
from ipsec_orchestrator.planning.planfile import parse_plan, plan_text
from ipsec_orchestrator.planning.web_part import WebWish, plan_web
from ipsec_orchestrator.report.plan_report import plan_lines

BASIS = Basis(
    domain="ipsectest.com", dc="dc1.ipsectest.com", playbook="p", gpo="g", tool_version="1"
)
NOTHING = WebState(
    installable=True, feature=False, is_ours=False, site=False, rule=False, taken=False
)


def wish(host: str = "vm1", port: int = 8080) -> WebWish:
    """A host that is to answer."""
    return WebWish(host=host, port=port, peers=("10.2.27.10",), sizes=(1000, 120_000))


def planned(state: WebState, *wishes: WebWish) -> tuple[Plan, tuple[Plan, ...]]:
    """What is planned where every host is in that state."""
    wanted = wishes or (wish(),)
    return plan_web(wanted, dict.fromkeys(wanted, state), BASIS)


def parts(plan: Plan) -> list[tuple[str, WebPart, bool]]:
    """The steps in short."""
    return [(step.host, step.part, step.after) for step in plan.steps if isinstance(step, WebStep)]


def test_what_is_missing_is_made_and_taken_away_backwards() -> None:
    """Feature, rule, site; the way back is the inverse, in the opposite order."""
    plan, (back,) = planned(NOTHING)

    order = [WebPart.FEATURE, WebPart.RULE, WebPart.SITE]
    assert parts(plan) == [("vm1", part, True) for part in order]
    assert parts(back) == [("vm1", part, False) for part in reversed(order)]
    assert [change.action for change in plan.changes] == [Action.CREATE] * 3
    assert [change.action for change in back.changes] == [Action.DELETE] * 3
    assert [caution.code for caution in plan.warnings] == ["restart"]


def test_a_feature_is_installed_once_a_host_and_goes_last() -> None:
    """Two sites on one host share IIS; each host has a way back of its own."""
    plan, ways_back = planned(NOTHING, wish(), wish(port=8081), wish("vm2"))

    assert parts(plan).count(("vm1", WebPart.FEATURE, True)) == 1
    assert [{step[0] for step in parts(back)} for back in ways_back] == [{"vm1"}, {"vm2"}]
    assert parts(ways_back[0])[-1] == ("vm1", WebPart.FEATURE, False)
    assert len(parts(ways_back[0])) == 5


def states() -> Iterator[WebState]:
    """Every state of a host."""
    for feature, is_ours, site, rule, taken in product((False, True), repeat=5):
        yield WebState(
            installable=True, feature=feature, is_ours=is_ours, site=site, rule=rule, taken=taken
        )


@pytest.mark.parametrize("state", list(states()))
def test_an_iis_of_somebody_else_is_never_taken_away(state: WebState) -> None:
    """Whatever there is: IIS goes only if it is ours, and where a port is taken nothing is done."""
    plan, ways_back = planned(state)
    removed = {step[1] for back in ways_back for step in parts(back)}

    if state.feature and not state.is_ours:
        assert WebPart.FEATURE not in removed
        assert WebPart.FEATURE not in {step[1] for step in parts(plan)}
    if state.taken:
        assert plan.is_empty
        assert not ways_back
        assert [caution.code for caution in plan.warnings] == ["port-taken"]
    # What a killed run has left goes with the next one.
    if state.site and not state.taken:
        assert WebPart.SITE in removed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"installable": False}, "Server Manager"), ({"problem": "AccessDenied"}, "AccessDenied")],
)
def test_a_host_that_can_not_have_iis_is_an_error(changes: dict[str, object], reason: str) -> None:
    """It is said of which host, why, and what to use instead."""
    answer = json.dumps(
        {
            "installable": True,
            "feature": False,
            "is_ours": False,
            "site": False,
            "rule": False,
            "taken": False,
            "problem": None,
            **changes,
        }
    )
    with pytest.raises(UsageError, match=reason) as refused:
        planned(parse_web_state(json.loads(answer)))

    assert "vm1" in str(refused.value)
    assert "--service temporary" in str(refused.value.cure)


def test_the_plan_survives_its_file_and_is_shown() -> None:
    """Its steps are data like all others, and people see the parts under the article's check."""
    plan, (back,) = planned(NOTHING)

    assert parse_plan(plan_text(plan), "x").steps == plan.steps
    text = "\n".join(line.text for line in plan_lines(plan))
    assert "a web server that answers  (3 steps)" in text
    assert "+ web site ipsec_orchestrator-iis-8080" in text
    assert "from: 10.2.27.10" in text
    assert "- Windows feature Web-Server IIS" in "\n".join(line.text for line in plan_lines(back))
