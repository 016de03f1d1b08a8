"""Printing: results on stdout, talk on stderr, colours on terminals only."""

import json
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.report.lines import Line, Tone

if TYPE_CHECKING:
    from rich.console import Console

_STYLES: Final = {
    Tone.PLAIN: "",
    Tone.HEADING: "bold",
    Tone.CREATE: "green",
    Tone.CHANGE: "yellow",
    Tone.DELETE: "red",
    Tone.UNCHANGED: "dim",
    Tone.FOREIGN: "magenta",
    Tone.WARNING: "yellow",
    Tone.GOOD: "green",
    Tone.BAD: "bold red",
    Tone.QUIET: "dim",
}
_LOG_WIDTH: Final = 200


@cache
def _console(*, stderr: bool) -> "Console":
    from rich.console import Console  # noqa: PLC0415 - lazy, for the time of --help

    stream = sys.stderr if stderr else sys.stdout
    # Without a terminal there is no width to fold to: one line stays one line in a log.
    width = None if stream.isatty() else _LOG_WIDTH
    return Console(stderr=stderr, highlight=False, emoji=False, markup=False, width=width)


def results() -> "Console":
    """Give the console of stdout."""
    return _console(stderr=False)


def talk() -> "Console":
    """Give the console of stderr."""
    return _console(stderr=True)


def style_of(tone: Tone) -> str:
    """Give the style of a meaning, in rich's words; empty for plain text."""
    return _STYLES[tone]


def print_lines(lines: Iterable[Line], *, to_stderr: bool = False) -> None:
    """Print lines with the colours of their meanings."""
    console = talk() if to_stderr else results()
    for line in lines:
        console.print(line.text, style=_STYLES[line.tone] or None, soft_wrap=True)


def print_json(document: Json) -> None:
    """Print the one document of ``--json``."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_json_line(document: Json) -> None:
    """Print one document of several, on a line of its own."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_table(
    headings: Sequence[str],
    rows: Iterable[tuple[Sequence[str], Tone]],
    *,
    title: str = "",
    whole: int = 1,
) -> None:
    """Print a table on stdout.

    Args:
        headings: Of the columns.
        rows: Cells, and what they mean together.
        title: Above it.
        whole: How many columns, from the left, are never broken: names that somebody may copy.
    """
    from rich.table import Table  # noqa: PLC0415 - lazy

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=number < whole)
    for cells, tone in rows:
        table.add_row(*cells, style=_STYLES[tone] or None)
    results().print(table)
