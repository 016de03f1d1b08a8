"""A rollback in words: one change an object, whatever number of steps it takes."""

from collections.abc import Iterable, Iterator
from typing import Final

from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.model.directory import Attributes, dn_key, same_dn, split_dn
from ipsec_orchestrator.model.plan import Action, Caution, Change, FieldChange
from ipsec_orchestrator.model.steps import EntryStep, GpoStep, Step
from ipsec_orchestrator.planning.concerned import LINK, gpo_dn
from ipsec_orchestrator.planning.describe import kind_of
from ipsec_orchestrator.planning.desired import DEFAULT_RESPONSE_NAME
from ipsec_orchestrator.planning.rollback_views import VERSION_NUMBER, RunToUndo

_LEFT_OUT: Final = "left-out"


def changes_of(steps: Iterable[Step], run: RunToUndo) -> tuple[Change, ...]:
    """Give what a plan's steps come to, object by object, in the order of the first step."""
    by_object: dict[str, list[EntryStep]] = {}
    changes: list[Change] = []
    for step in steps:
        if isinstance(step, GpoStep):
            changes.append(
                Change(
                    stage=step.stage,
                    action=Action.CREATE if step.after else Action.DELETE,
                    kind="GPO",
                    name=step.name,
                    object=gpo_dn(step.gpo_id, run.plan.basis.domain),
                )
            )
        elif isinstance(step, EntryStep):
            by_object.setdefault(dn_key(step.dn), []).append(step)
    for found in by_object.values():
        first, last = found[0], found[-1]
        if first.before is None and last.after is None:
            continue
        action = Action.CHANGE
        if first.before is None:
            action = Action.CREATE
        elif last.after is None:
            action = Action.DELETE
        kind, name = _called(first.dn, run)
        changes.append(
            Change(
                stage=first.stage,
                action=action,
                kind=kind,
                name=name,
                object=first.dn,
                fields=tuple(_fields(first, last)) if action is Action.CHANGE else (),
            )
        )
    return tuple(changes)


def _called(dn: str, run: RunToUndo) -> tuple[str, str]:
    """Tell what an object is and how people call it."""
    attributes = run.now.attributes(dn) or run.before_attributes(dn) or Attributes()
    name = attributes.text("ipsecName")
    if run.gpo_dn and same_dn(dn, run.gpo_dn):
        return "GPO", attributes.text("displayName") or dn
    if run.gpo_dn and same_dn(dn, assignment_dns(run.gpo_dn)[-1]):
        return "assignment", name or "no policy"
    kind = kind_of(attributes)
    if kind is not None:
        return kind.value, name or DEFAULT_RESPONSE_NAME
    if LINK in attributes or any(
        isinstance(step, EntryStep) and same_dn(step.dn, dn) and LINK in (step.after or ())
        for step in run.plan.steps
    ):
        return "link", dn
    return "object", split_dn(dn)[0]


def _fields(first: EntryStep, last: EntryStep) -> Iterator[FieldChange]:
    for name in last.after or ():
        old = (first.before or Attributes()).text(name)
        new = (last.after or Attributes()).text(name)
        if name in {LINK, VERSION_NUMBER, "ipsecName", "description", "flags"} and old != new:
            yield FieldChange(field=name, old=old, new=new)


def left_out(run: RunToUndo) -> Iterator[Caution]:
    """Warn of members that the run was not about, but that may have fetched its policy."""
    if any(warning.code == _LEFT_OUT for warning in run.plan.warnings):
        yield Caution(
            code=_LEFT_OUT,
            text="The run left members out (--limit), and so does its rollback. One that has "
            "fetched the policy by itself meanwhile may keep it: orchestrate show --host tells.",
        )
