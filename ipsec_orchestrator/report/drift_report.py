"""Drift as a table for people and as JSON."""

from collections import Counter
from datetime import datetime
from typing import Final

from ipsec_orchestrator.model.drift import Difference, DriftKind, DriftReport
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.report.lines import Line, Tone

HEADINGS: Final = ("word", "what", "field", "expected", "found", "when, where, who")
_TONES: Final = {
    DriftKind.DRIFT: Tone.BAD,
    DriftKind.PENDING: Tone.CHANGE,
    DriftKind.ADOPTED: Tone.QUIET,
    DriftKind.FOREIGN: Tone.FOREIGN,
}
_UNKNOWN: Final = "unknown"


def drift_rows(report: DriftReport) -> list[tuple[tuple[str, ...], Tone]]:
    """Give the table: cells and the meaning of each row."""
    rows: list[tuple[tuple[str, ...], Tone]] = [
        (
            (
                each.kind.value,
                f"{each.thing} {each.name}",
                each.field,
                each.expected,
                each.found,
                _told(each),
            ),
            _TONES[each.kind],
        )
        for each in report.differences
    ]
    rows += [
        ((_UNKNOWN, each.object, "", "", each.reason, each.cure or ""), Tone.WARNING)
        for each in report.unknown
    ]
    return rows


def _told(difference: Difference) -> str:
    parts = (_moment(difference.when), difference.where, difference.who)
    return ", ".join(part for part in parts if part) or _UNKNOWN


def drift_lines(report: DriftReport) -> list[Line]:
    """Give what stands below the table: how many, and against what it was compared."""
    counts = {kind: sum(each.kind is kind for each in report.differences) for kind in DriftKind}
    told = [f"{number} {kind.value}" for kind, number in counts.items() if number]
    if report.unknown:
        told.append(f"{len(report.unknown)} unknown")
    lines = [Line(f"{', '.join(told)}." if told else "No difference.", _tone(report))]
    lines += [
        Line(f"Who it was is unknown for {count}: {reason}.", Tone.QUIET)
        for reason, count in _reasons(report).items()
    ]
    if report.record is None:
        lines.append(
            Line(
                "There is no record of an apply of this playbook here: what somebody changed "
                "can't be told from what the playbook wants otherwise by now.",
                Tone.WARNING,
            ),
        )
    return lines


def _reasons(report: DriftReport) -> dict[str, int]:
    """Count the differences whose author is not known, by the reason."""
    return dict(Counter(each.why_unknown for each in report.differences if each.why_unknown))


def _tone(report: DriftReport) -> Tone:
    if report.differences:
        return Tone.BAD
    return Tone.WARNING if report.unknown else Tone.GOOD


def drift_to_json(report: DriftReport) -> dict[str, Json]:
    """Give the document of ``drift --json``."""
    return {
        "record": report.record,
        "differences": [_difference_to_json(each) for each in report.differences],
        "unknown": [
            {"object": each.object, "reason": each.reason, "cure": each.cure}
            for each in report.unknown
        ],
    }


def _difference_to_json(each: Difference) -> dict[str, Json]:
    return {
        "kind": each.kind.value,
        "object": each.object,
        "thing": each.thing,
        "name": each.name,
        "field": each.field,
        "expected": each.expected,
        "found": each.found,
        "when": _moment(each.when),
        "where": each.where or _UNKNOWN,
        "who": each.who or _UNKNOWN,
        "why_unknown": each.why_unknown or None,
    }


def _moment(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="seconds")
