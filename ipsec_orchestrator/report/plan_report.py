"""A plan as a diff that a person can review."""

from collections.abc import Iterable, Iterator
from typing import Final

from ipsec_orchestrator.model.plan import Action, Change, FieldChange, Plan, Purpose
from ipsec_orchestrator.model.stages import STAGE_TITLES, Stage
from ipsec_orchestrator.report.lines import Line, Tone
from ipsec_orchestrator.report.safety_lines import safety_lines

_SIGNS: Final = {
    Action.CREATE: ("+", Tone.CREATE),
    Action.CHANGE: ("~", Tone.CHANGE),
    Action.DELETE: ("-", Tone.DELETE),
    Action.UNCHANGED: ("=", Tone.UNCHANGED),
    Action.FOREIGN: ("?", Tone.FOREIGN),
}
_COUNTED: Final = (
    (Action.CREATE, "to create"),
    (Action.CHANGE, "to change"),
    (Action.DELETE, "to delete"),
    (Action.UNCHANGED, "unchanged"),
    (Action.FOREIGN, "foreign"),
)
# Old and new stand side by side up to this many characters together.
_ONE_LINE: Final = 80
_REMOVAL_ORDER: Final = (
    Stage.WEB,
    Stage.ASSIGNMENT,
    Stage.MEMBERS,
    Stage.LINK,
    Stage.POLICY,
    Stage.FILTER_LIST,
    Stage.FILTER_ACTION,
    Stage.GPO,
    Stage.DEAD_MAN,
)


_ROLLBACK_ORDER: Final = (
    Stage.CLEAN_UP,
    Stage.ASSIGNMENT,
    Stage.WAVES,
    Stage.MEMBERS,
    Stage.DEAD_MAN,
    Stage.LINK,
    Stage.POLICY,
    Stage.FILTER_LIST,
    Stage.FILTER_ACTION,
    Stage.GPO,
    Stage.WEB,
)
_VERBS: Final = {
    Purpose.APPLY: "apply",
    Purpose.REMOVE: "remove",
    Purpose.REPAIR: "repair",
    Purpose.ROLLBACK: "roll back",
}
_STAGES: Final = {
    Purpose.APPLY: tuple(Stage),
    Purpose.REMOVE: _REMOVAL_ORDER,
    Purpose.REPAIR: tuple(Stage),
    Purpose.ROLLBACK: _ROLLBACK_ORDER,
}


def plan_lines(plan: Plan) -> list[Line]:
    """Give the plan grouped by the stages of the how-to."""
    verb = _VERBS[plan.purpose]
    lines = [
        Line(
            f"Plan to {verb} {plan.basis.playbook} in {plan.basis.domain}, all on {plan.basis.dc}",
            Tone.HEADING,
        ),
        Line(),
    ]
    for stage in stages_in_order(plan.purpose):
        changes = [change for change in plan.changes if change.stage is stage]
        steps = sum(1 for step in plan.steps if step.stage is stage)
        if not changes and not steps:
            continue
        count = f"  ({steps} step{'' if steps == 1 else 's'})" if steps else ""
        lines.append(Line(f"{STAGE_TITLES[stage].text}{count}", Tone.HEADING))
        for change in changes:
            lines += _change_lines(change)
    if plan.warnings:
        lines += [Line(), Line("Worth knowing before you say yes", Tone.WARNING)]
        lines += [Line(f"  ! {warning.text}", Tone.WARNING) for warning in plan.warnings]
    if plan.safety is not None:
        lines += safety_lines(plan.safety)
    lines += [Line(), Line(summary(plan), Tone.HEADING)]
    return lines


def stages_in_order(purpose: Purpose) -> tuple[Stage, ...]:
    """Give the stages as the article has them; taking something away goes backwards."""
    return _STAGES[purpose]


def summary(plan: Plan) -> str:
    """Count the changes and steps in one sentence."""
    if plan.is_empty:
        return "Nothing to do: everything is as wanted."
    counts = [
        (sum(change.action is action for change in plan.changes), word) for action, word in _COUNTED
    ]
    words = ", ".join(f"{count} {word}" for count, word in counts if count)
    return f"{words}; {len(plan.steps)} steps."


def _change_lines(change: Change) -> Iterator[Line]:
    sign, tone = _SIGNS[change.action]
    yield Line(f"  {sign} {change.kind} {change.name}", tone)
    if change.action is not Action.UNCHANGED:
        for field in change.fields:
            yield from _field_lines(field, change.action)
    if change.reason:
        yield Line(f"      {change.reason}", Tone.QUIET)


def _field_lines(field: FieldChange, action: Action) -> Iterator[Line]:
    # What comes and what goes in a changed thing must differ without colours too.
    mixed = action is Action.CHANGE
    if action is Action.CREATE or field.old is None:
        yield Line(f"      {'+ ' if mixed else ''}{field.field}: {field.new}", Tone.CREATE)
    elif action is Action.DELETE or field.new is None:
        yield Line(f"      {'- ' if mixed else ''}{field.field}: {field.old}", Tone.DELETE)
    elif len(field.old) + len(field.new) < _ONE_LINE:
        yield Line(f"      {field.field}: {field.old} -> {field.new}", Tone.CHANGE)
    else:
        yield Line(f"      {field.field}: {field.old}", Tone.DELETE)
        yield Line(f"      {' ' * len(field.field)}-> {field.new}", Tone.CREATE)


def counts_by_action(changes: Iterable[Change]) -> dict[str, int]:
    """Count the changes by what happens to them."""
    changes = tuple(changes)
    return {action.value: sum(c.action is action for c in changes) for action in Action}
