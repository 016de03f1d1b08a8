"""The long tables of the record's page: their first rows as markup, all of them as data."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.report.page_parts import element, text

FIRST_ROWS: Final = 50
_SHORT: Final = 3
_MOST_TEXT: Final = 120

TONES: Final[dict[str, tuple[str, str]]] = {
    "done": ("good", "✔"),
    "as left": ("good", "✔"),
    "clean": ("good", "✔"),
    "encrypted": ("good", "✔"),
    "repaired": ("good", "✔"),
    "failed": ("bad", "✖"),
    "differs": ("bad", "✖"),
    "clear": ("bad", "✖"),
    "drift": ("bad", "✖"),
    "interrupted": ("bad", "✖"),
    "mixed": ("warn", "◐"),
    "held": ("warn", "◐"),
    "incomplete": ("warn", "◐"),
    "reported": ("warn", "◐"),
    "asked": ("warn", "◐"),
    "pending": ("warn", "◐"),
    "foreign": ("warn", "◐"),
    "no answer": ("warn", "∅"),
    "running": ("note", "▸"),
    "adopted": ("quiet", "·"),
    "unknown": ("quiet", "?"),
    "unread": ("quiet", "?"),
    "rolled-back": ("quiet", "·"),
    "superseded": ("quiet", "·"),
    "not ended": ("quiet", "?"),
}
"""Colour and sign of every word, so that colour is never the only difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its heading, and whether it holds ``text``, ``time``, ``state`` or ``link``."""

    heading: str
    kind: str = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class LongTable:
    """A table with filter, sort and pages.

    Attributes:
        own_id: Id of its section.
        title: Heading.
        note: What is to be known of it; empty for nothing.
        columns: One of them is of kind ``state``.
        rows: Texts; what matters most comes first. Times are ISO 8601 in UTC.
    """

    own_id: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]


def shortened(value: str) -> str:
    """Give the beginning of a long text: a page over thousands of hosts has no room for more."""
    return value if len(value) <= _MOST_TEXT else f"{value[: _MOST_TEXT - 1]}…"


def word_badge(word: str) -> str:
    """Give a word with its sign and colour."""
    tone, sign = TONES.get(word, ("quiet", "·"))
    mark = element("span", sign, aria_hidden="true")
    return element("span", mark, " ", text(word), class_=f"badge t-{tone}")


def long_table(table: LongTable) -> str:
    """Give the section of a table, as it is without the script."""
    number = len(table.rows)
    first = table.rows[:FIRST_ROWS]
    counted = f"1 to {len(first)} of {number}" if number else "none"
    label = element("label", "Filter", '<input type="search" autocomplete="off">')
    states = element("label", "State", '<select><option value="">any</option></select>')
    caption = element("caption", text(table.title))
    head = "".join(element("th", text(each.heading), scope="col") for each in table.columns)
    body = "".join(_row(table.columns, row) for row in first)
    grid = element("table", caption, element("thead", element("tr", head)), element("tbody", body))
    buttons = (
        element("button", text(word), type="button") for word in ("Earlier rows", "More rows")
    )
    return element(
        "section",
        element("h2", text(table.title)),
        element("p", text(table.note), class_="quiet") if table.note else "",
        element("div", label, states, class_="tools", hidden=""),
        element("p", text(counted), class_="count", role="status"),
        element("div", grid, class_="scroll", tabindex="0", role="region", aria_label=table.title),
        element(
            "div",
            *buttons,
            class_="pages",
            role="group",
            hidden="",
            aria_label=f"Pages: {table.title}",
        ),
        id=table.own_id,
    )


def _row(columns: Sequence[Column], row: Sequence[str]) -> str:
    first, *rest = (_cell(column, value) for column, value in zip(columns, row, strict=True))
    cells = "".join(element("td", each) for each in rest)
    return element("tr", element("th", first, scope="row"), cells)


def _cell(column: Column, value: str) -> str:
    if column.kind == "state":
        return word_badge(value)
    if column.kind == "link" and value.startswith("file:"):
        return element("a", "evidence", href=value)
    if column.kind == "time" and value:
        return element("time", text(f"{value[:19].replace('T', ' ')} UTC"), datetime=value)
    return text(value)


def table_data(tables: Iterable[LongTable]) -> str:
    """Give all rows of all tables as JSON that may stand in a page.

    A text that comes more than once stands once, in ``words``; cells name it by its number.
    """
    tables = tuple(tables)
    counts = Counter(cell for table in tables for row in table.rows for cell in row)
    words = [word for word, number in counts.items() if number > 1 and len(word) > _SHORT]
    numbers = {word: number for number, word in enumerate(words)}
    found: dict[str, Json] = {
        table.own_id: {
            "columns": [{"kind": column.kind} for column in table.columns],
            "rows": [[numbers.get(cell, cell) for cell in row] for row in table.rows],
        }
        for table in tables
    }
    tones: Json = {word: list(pair) for word, pair in TONES.items()}
    document: Json = {"words": words, "tones": tones, "tables": found}
    packed = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    # Nothing in a script element may look like its end or like a comment.
    for sign in "<>&\u2028\u2029":
        packed = packed.replace(sign, f"\\u{ord(sign):04x}")
    return packed
