"""Safety in plan files: what is read is what was written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.model.active_policy import active_policy
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.plan import Danger, DangerCode, Risk, Safety
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.lockout.filters import one_ways, one_ways_of
from ipsec_orchestrator.planning.lockout.safetyfile import safety_from_json, safety_to_json
from tests.strategies import playbooks

texts = st.text(min_size=1, max_size=10)
risks = st.builds(
    Risk,
    word=texts,
    flow=texts,
    host=texts,
    verdict=st.sampled_from(("blocked", "needs IPsec", "undecided")),
    rules=st.tuples(texts),
    filters=st.tuples(texts, texts),
    text=texts,
    cure=texts,
    can_be_accepted=st.booleans(),
    is_accepted=st.booleans(),
)
dangers = st.builds(
    Danger,
    code=st.sampled_from(tuple(DangerCode)),
    text=texts,
    option=texts,
    is_confirmed=st.booleans(),
)
safeties = st.builds(
    Safety,
    policy=st.none(),
    members=st.lists(texts, max_size=3).map(tuple),
    strangers=st.integers(0, 9),
    flows=st.integers(0, 99),
    likely=st.integers(0, 9),
    risks=st.lists(risks, max_size=2).map(tuple),
    dangers=st.lists(dangers, max_size=2).map(tuple),
)


@given(safeties)
def test_risks_and_dangers_come_back(safety: Safety) -> None:
    """Through JSON and back nothing is lost, least of all what was not accepted."""
    document = json.loads(json.dumps(safety_to_json(safety)))

    assert safety_from_json(document) == safety


@given(playbooks())
def test_every_policy_comes_back(playbook: Playbook) -> None:
    """The policy in a plan decides over packets as the playbook does."""
    for policy in playbook.policies:
        active = active_policy(playbook, policy)
        document = json.loads(json.dumps(safety_to_json(Safety(policy=active))))
        back = safety_from_json(document)

        assert back is not None
        assert back.policy is not None
        effects = [(f.words, f.effect) for f in one_ways(playbook, policy)]
        assert [(f.words, f.effect) for f in one_ways_of(back.policy)] == effects


def test_a_removal_has_none() -> None:
    """Nothing can be locked out by taking a policy away."""
    assert safety_from_json(safety_to_json(None)) is None


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"administration": {"flows": 1}, "risks": [], "dangers": []},
        {"administration": None, "risks": None, "dangers": []},
        {
            "administration": {
                "flows": "many",
                "likely": 0,
                "members": [],
                "strangers": 0,
                "policy": None,
            },
            "risks": [],
            "dangers": [],
        },
    ],
)
def test_what_is_incomplete_is_not_read_as_safe(broken: dict[str, Json]) -> None:
    """A document without its risks is damaged, not harmless."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        safety_from_json(broken)
