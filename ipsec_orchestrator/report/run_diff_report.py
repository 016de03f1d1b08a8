"""What differs between two runs, as a table for people and as JSON."""

from collections.abc import Iterable
from typing import Final

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.run import RunRecord
from ipsec_orchestrator.model.run_difference import RunDifference
from ipsec_orchestrator.report.lines import Line, Tone


def diff_headings(first: RunRecord, second: RunRecord) -> tuple[str, ...]:
    """Give the headings of the table."""
    return "part", "what", "field", first.run_id, second.run_id


def diff_rows(differences: Iterable[RunDifference]) -> list[tuple[tuple[str, ...], Tone]]:
    """Give the table: cells and the meaning of each row."""
    return [
        (
            (each.part.value, each.thing, each.field, _cell(each.first), _cell(each.second)),
            _tone(each),
        )
        for each in differences
    ]


_ABSENT: Final = "-"


def _cell(text: str | None) -> str:
    return _ABSENT if text is None else text


def _tone(each: RunDifference) -> Tone:
    if each.first is None:
        return Tone.CREATE
    return Tone.DELETE if each.second is None else Tone.CHANGE


def diff_lines(differences: Iterable[RunDifference]) -> list[Line]:
    """Say how many there are."""
    number = len(tuple(differences))
    if not number:
        return [Line("No difference but ids and times.", Tone.GOOD)]
    return [Line(f"{number} difference{'' if number == 1 else 's'}.", Tone.CHANGE)]


def diff_to_json(
    first: RunRecord, second: RunRecord, differences: Iterable[RunDifference]
) -> dict[str, Json]:
    """Give the document of ``runs diff --json``."""
    return {
        "first": first.run_id,
        "second": second.run_id,
        "differences": [
            {
                "part": each.part.value,
                "thing": each.thing,
                "field": each.field,
                "first": each.first,
                "second": each.second,
            }
            for each in differences
        ],
    }
