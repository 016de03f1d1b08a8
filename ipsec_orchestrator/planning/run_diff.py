"""What differs between two runs: what they wanted, what became of it, and what they left."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ipsec_orchestrator.facts.ip_security_container import IpSecurityContainer
from ipsec_orchestrator.model.directory import dn_key
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.run import RunHistory, RunRecord, StepRecord
from ipsec_orchestrator.model.run_difference import RunDifference, RunPart
from ipsec_orchestrator.planning.drift.group_policy import gpo_traits
from ipsec_orchestrator.planning.drift.ip_security import found_objects
from ipsec_orchestrator.planning.drift.picture import Picture
from ipsec_orchestrator.planning.drift.record import Left

_Key: TypeAlias = tuple[RunPart, str, str]
_UNSEEN = "begun, end unknown"
_NOTHING_LEFT = "no record of what it left"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run with everything that is compared.

    Attributes:
        record: How it stands.
        plan: What it wanted.
        history: What became of it.
        left: What it left; ``None`` if there is no record of that.
    """

    record: RunRecord
    plan: Plan
    history: RunHistory
    left: Left | None = None


def compare_runs(first: RunView, second: RunView) -> tuple[RunDifference, ...]:
    """Give everything in which two runs differ, but for their ids and times.

    What a run left is compared only if both have a record of it.
    """
    both_left = first.left is not None and second.left is not None
    one, other = (dict(_facts(view, with_left=both_left)) for view in (first, second))
    return tuple(
        RunDifference(
            part=key[0], thing=key[1], field=key[2], first=one.get(key), second=other.get(key)
        )
        for key in dict.fromkeys([*one, *other])
        if one.get(key) != other.get(key)
    )


def _facts(view: RunView, *, with_left: bool) -> Iterator[tuple[_Key, str]]:
    """Give all facts of a run by what they are about, in the order in which they are shown."""
    yield from _of_record(view.record)
    yield from _of_plan(view.plan)
    yield from _of_steps(view.plan, view.history.steps)
    for met in view.history.hosts.values():
        yield (RunPart.HOST, met.host, "outcome"), met.outcome.value
        yield (RunPart.HOST, met.host, "reason"), met.reason
    if view.left is None:
        yield (RunPart.LEFT, "record", "there"), _NOTHING_LEFT
    elif with_left:
        yield from _of_left(view.record.playbook, view.left)


def _of_record(record: RunRecord) -> Iterator[tuple[_Key, str]]:
    facts = {
        "command": record.command,
        "playbook": record.playbook,
        "domain": record.domain,
        "dc": record.dc,
        "state": record.state.value,
        "error": record.error,
        "takes back": record.undoes,
    }
    for name, value in facts.items():
        if value is not None:
            yield (RunPart.RUN, "run", name), value


def _of_plan(plan: Plan) -> Iterator[tuple[_Key, str]]:
    for change in plan.changes:
        thing = f"{change.kind} {change.name}"
        yield (RunPart.PLAN, thing, "action"), change.action.value
        for each in change.fields:
            text = f"{_shown(each.old)} -> {_shown(each.new)}"
            yield (RunPart.PLAN, thing, each.field), text


def _shown(value: str | None) -> str:
    return "absent" if value is None else value


def _of_steps(plan: Plan, records: Mapping[int, StepRecord]) -> Iterator[tuple[_Key, str]]:
    for number, step in enumerate(plan.steps, 1):
        record = records.get(number)
        if record is None:
            text = "not begun"
        else:
            text = record.outcome.value if record.outcome else _UNSEEN
            text += f": {record.reason}" if record.reason else ""
        yield (RunPart.STEP, step.title, step.stage.value), text


def _of_left(playbook: str, left: Left) -> Iterator[tuple[_Key, str]]:
    container = IpSecurityContainer(
        dn="", entries={dn_key(entry.dn): entry for entry in left.objects}
    )
    for thing in found_objects(container, playbook, Picture()).things:
        for name, trait in thing.traits.items():
            yield (RunPart.LEFT, f"{thing.kind} {thing.name}", name), trait.text
    if left.sight is not None:
        for name, trait in gpo_traits(left.sight, ""):
            # What stands in gpt.ini is no part of the record.
            if name != "versions":
                yield (RunPart.LEFT, "GPO", name), trait.text
    yield (RunPart.LEFT, left.ou.dn, "links"), left.ou.attributes.text("gPLink") or "absent"
