"""Steps and their inverses, as data."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import (
    DeadManStep,
    EntryStep,
    GpoStep,
    MemberStep,
    Step,
    TemplateVersionStep,
    inverse,
    object_of,
)

ATTRIBUTES = st.dictionaries(st.text("abcXY", min_size=1), st.lists(st.binary(max_size=5))).map(
    Attributes,
)
STEPS: st.SearchStrategy[Step] = st.one_of(
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
    ),
    st.builds(
        DeadManStep,
        stage=st.sampled_from(Stage),
        title=st.text(),
        host=st.text(),
        before=st.none() | st.integers(1),
        after=st.none() | st.integers(1),
    ),
)


@given(STEPS)
def test_the_inverse_swaps_before_and_after(step: Step) -> None:
    """Undoing is the same step backwards; undoing that is the step again."""
    back = inverse(step)

    assert (back.before, back.after) == (step.after, step.before)
    again = inverse(back)
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
