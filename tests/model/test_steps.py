"""Steps and their inverses, as data."""

from dataclasses import replace
from typing import TypeAlias
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.rollout import OnFailure
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import (
    ConnectionCheck,
    DeadManStep,
    EntryStep,
    FilteringStep,
    GpoStep,
    HealthStep,
    MemberStep,
    Step,
    TemplateAccessStep,
    TemplateVersionStep,
    WebPart,
    WebStep,
    inverse,
    object_of,
)
from ipsec_orchestrator.planning.stepfile import step_from_json, step_to_json

ATTRIBUTES = st.dictionaries(st.text("abcXY", min_size=1), st.lists(st.binary(max_size=5))).map(
    Attributes,
)
SIDS = st.none() | st.lists(st.text("S-1", min_size=1)).map(tuple)
ChangingStep: TypeAlias = (
    EntryStep
    | GpoStep
    | TemplateVersionStep
    | FilteringStep
    | TemplateAccessStep
    | MemberStep
    | DeadManStep
)
STEPS: st.SearchStrategy[ChangingStep] = st.one_of(
    st.builds(
        EntryStep,
        stage=st.sampled_from(Stage),
        title=st.text(),
        dn=st.text(),
        before=st.none() | ATTRIBUTES,
        after=st.none() | ATTRIBUTES,
    ),
    st.builds(
        GpoStep,
        stage=st.sampled_from(Stage),
        title=st.text(),
        name=st.text(),
        gpo_id=st.uuids(),
        via=st.sampled_from(GpoVia),
        comment=st.text(),
        before=st.booleans(),
        after=st.booleans(),
    ),
    st.builds(
        TemplateVersionStep,
        stage=st.sampled_from(Stage),
        title=st.text(),
        gpo_id=st.uuids(),
        via=st.sampled_from(GpoVia),
        before=st.integers(0, 0xFFFFFFFF),
        after=st.integers(0, 0xFFFFFFFF),
    ),
    st.builds(
        MemberStep,
        stage=st.sampled_from(Stage),
        title=st.text(),
        host=st.text(),
        before=st.none() | st.text(),
        after=st.none() | st.text(),
        wave=st.none() | st.integers(1, 9),
    ),
    st.builds(
        DeadManStep,
        stage=st.sampled_from(Stage),
        title=st.text(),
        host=st.text(),
        before=st.none() | st.integers(1),
        after=st.none() | st.integers(1),
    ),
    st.builds(
        FilteringStep,
        stage=st.sampled_from(Stage),
        title=st.text(),
        dn=st.text(),
        before=SIDS,
        after=SIDS,
    ),
    st.builds(
        TemplateAccessStep,
        stage=st.sampled_from(Stage),
        title=st.text(),
        dn=st.text(),
        gpo_id=st.uuids(),
        via=st.sampled_from(GpoVia),
        before=SIDS,
        after=SIDS,
    ),
    st.builds(
        WebStep,
        stage=st.sampled_from(Stage),
        title=st.text(),
        host=st.text(),
        part=st.sampled_from(WebPart),
        port=st.integers(1, 65535),
        peers=st.lists(st.text()).map(tuple),
        sizes=st.lists(st.integers(0)).map(tuple),
        before=st.booleans(),
        after=st.booleans(),
    ),
)
GATES: st.SearchStrategy[HealthStep] = st.builds(
    HealthStep,
    stage=st.just(Stage.WAVES),
    title=st.text(),
    wave=st.integers(1, 9),
    waves=st.integers(1, 9),
    hosts=st.lists(st.text()).map(tuple),
    wait_seconds=st.integers(0, 9000),
    policy=st.none() | st.text(),
    services=st.booleans(),
    management=st.booleans(),
    connections=st.lists(
        st.builds(
            ConnectionCheck,
            name=st.text(),
            source=st.text(),
            target=st.text(),
            address=st.text(),
            port=st.none() | st.integers(1, 65535),
            url=st.text(),
            status=st.none() | st.integers(100, 599),
        )
    ).map(tuple),
    patience_seconds=st.integers(0, 9000),
    failure_share_percent=st.integers(0, 99),
    on_failure=st.sampled_from(OnFailure),
)


@given(STEPS | GATES)
def test_steps_come_back_from_their_json(step: Step) -> None:
    """A plan file holds every kind of step whole."""
    assert step_from_json(step_to_json(step)) == step


@given(GATES)
def test_a_gate_of_an_earlier_version_has_the_usual_patience(step: HealthStep) -> None:
    """Runs that such a version began can be gone on with."""
    written = step_to_json(step)
    del written["patience_seconds"]

    assert step_from_json(written) == replace(step, patience_seconds=60)


@given(GATES)
def test_a_gate_undoes_nothing(step: HealthStep) -> None:
    """It only looks, so its inverse is itself."""
    assert inverse(step) == step
    assert object_of(step) == f"wave {step.wave}"


@given(STEPS)
def test_the_inverse_swaps_before_and_after(step: ChangingStep) -> None:
    """Undoing is the same step backwards; undoing that is the step again."""
    back = inverse(step)
    assert not isinstance(back, HealthStep)

    assert (back.before, back.after) == (step.after, step.before)
    again = inverse(back)
    assert not isinstance(again, HealthStep)
    assert (again.before, again.after) == (step.before, step.after)
    assert back.stage is step.stage
    assert object_of(back) == object_of(step)


def test_every_kind_of_step_says_what_it_is_about() -> None:
    """Messages name a DN, a GPO, a file or a host."""
    number = UUID(int=1)
    head = "{00000000-0000-0000-0000-000000000001}"
    assert (
        object_of(
            TemplateVersionStep(
                stage=Stage.ASSIGNMENT,
                title="",
                gpo_id=number,
                via=GpoVia.SMB,
                before=0,
                after=1,
            ),
        )
        == f"gpt.ini of {head}"
    )
    gpo = GpoStep(
        stage=Stage.GPO,
        title="",
        name="N",
        gpo_id=number,
        via=GpoVia.SMB,
        comment="",
        before=False,
        after=True,
    )
    assert object_of(gpo) == "GPO N"
