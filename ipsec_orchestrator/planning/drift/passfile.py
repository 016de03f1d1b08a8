"""A pass of the watch as JSON and back, for its record."""

from collections.abc import Mapping
from datetime import datetime

from ipsec_orchestrator.model.drift import Difference, DriftKind, DriftReport, Unread
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.planning.json_shapes import mapping, sequence


def pass_to_json(done: WatchPass) -> dict[str, Json]:
    """Give all of a pass; :func:`pass_from_json` gives it back."""
    return {
        "pass": done.pass_id,
        "playbook": done.playbook,
        "domain": done.domain,
        "file": done.file,
        "started": done.started.isoformat(),
        "ended": _moment(done.ended),
        "outcome": done.outcome.value if done.outcome else None,
        "reason": done.reason,
        "report": report_to_json(done.report),
        "members_read": list(done.members_read),
        "plan_file": done.plan_file,
        "run": done.run_id,
        "alarms": list(done.alarms),
        "missed": done.missed,
    }


def pass_from_json(value: Json) -> WatchPass:
    """Give the pass that :func:`pass_to_json` wrote.

    Raises:
        KeyError: Something is missing.
        TypeError: Something has the wrong shape.
        ValueError: A word or a time is none.
    """
    found = mapping(value)
    outcome = found["outcome"]
    return WatchPass(
        pass_id=str(found["pass"]),
        playbook=str(found["playbook"]),
        domain=str(found["domain"]),
        file=str(found.get("file", "")),
        started=datetime.fromisoformat(str(found["started"])),
        ended=_time(found["ended"]),
        outcome=None if outcome is None else PassOutcome(str(outcome)),
        reason=str(found["reason"]),
        report=report_from_json(found["report"]),
        members_read=_texts(found["members_read"]),
        plan_file=str(found["plan_file"]),
        run_id=str(found["run"]),
        alarms=_texts(found["alarms"]),
        missed=int(str(found["missed"])),
    )


def report_to_json(report: DriftReport) -> dict[str, Json]:
    """Give a report with everything that is in it, times to the microsecond."""
    return {
        "differences": [_difference_to_json(each) for each in report.differences],
        "unknown": [
            {"object": each.object, "reason": each.reason, "cure": each.cure}
            for each in report.unknown
        ],
        "record": report.record,
    }


def report_from_json(value: Json) -> DriftReport:
    """Give the report that :func:`report_to_json` wrote; raises what :func:`pass_from_json` does."""
    found = mapping(value)
    return DriftReport(
        differences=tuple(
            _difference_from_json(mapping(each)) for each in sequence(found["differences"])
        ),
        unknown=tuple(
            Unread(
                object=str(each["object"]),
                reason=str(each["reason"]),
                cure=_text(each["cure"]),
            )
            for each in map(mapping, sequence(found["unknown"]))
        ),
        record=_text(found["record"]),
    )


def _difference_to_json(each: Difference) -> dict[str, Json]:
    return {
        "kind": each.kind.value,
        "object": each.object,
        "thing": each.thing,
        "name": each.name,
        "field": each.field,
        "expected": each.expected,
        "found": each.found,
        "attribute": each.attribute,
        "holder": each.holder,
        "when": _moment(each.when),
        "where": each.where,
        "who": each.who,
    }


def _difference_from_json(found: Mapping[str, Json]) -> Difference:
    return Difference(
        kind=DriftKind(str(found["kind"])),
        object=str(found["object"]),
        thing=str(found["thing"]),
        name=str(found["name"]),
        field=str(found["field"]),
        expected=str(found["expected"]),
        found=str(found["found"]),
        attribute=_text(found["attribute"]),
        holder=str(found["holder"]),
        when=_time(found["when"]),
        where=_text(found["where"]),
        who=_text(found["who"]),
    )


def _moment(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _time(value: Json) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value))


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(each) for each in sequence(value))
