"""Everything that is recorded as one HTML page that needs nothing else, and loads nothing.

The long tables are filtered and sorted by a script of the page's own; its content security policy
names the hash of that script and of the style, and allows nothing else.
"""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from ipsec_orchestrator.model.record_view import RecordView
from ipsec_orchestrator.planning.drift.history import episodes
from ipsec_orchestrator.report.page_parts import element, moment, text
from ipsec_orchestrator.report.record_pairs import last_proved, matrix_sections, pairs_table
from ipsec_orchestrator.report.record_script import SCRIPT
from ipsec_orchestrator.report.record_sections import (
    at_a_glance,
    members_table,
    passes_section,
    runs_table,
    to_look_at,
)
from ipsec_orchestrator.report.record_style import RECORD_STYLE
from ipsec_orchestrator.report.record_tables import long_table, table_data
from ipsec_orchestrator.report.record_timeline import timeline_section

_TITLE: Final = "The record of IPsec policies"


def record_page(view: RecordView) -> str:
    """Give the page."""
    proved = last_proved(view.proofs)
    tables = [table for table in (members_table(view), pairs_table(proved)) if table.rows]
    tables.append(runs_table(view))
    begin = min((each.started for each in view.passes), default=view.made)
    main = element(
        "main",
        at_a_glance(view),
        to_look_at(view),
        timeline_section(episodes(view.passes), begin, view.made) if view.passes else "",
        matrix_sections(proved),
        *map(long_table, tables),
        passes_section(view),
        id="main",
    )
    head = element(
        "head",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">',
        # No request for an icon either.
        '<link rel="icon" href="data:,">',
        element("title", text(_TITLE)),
        element("style", RECORD_STYLE),
    )
    body = element(
        "body",
        element("a", "To the content", href="#main", class_="skip"),
        _header(view),
        main,
        _footer(view),
        element("script", table_data(tables), type="application/json", id="data"),
        element("script", SCRIPT),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _policy() -> str:
    return (
        f"default-src 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(RECORD_STYLE)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def _header(view: RecordView) -> str:
    told = (
        f"{len(view.runs)} runs, {len(view.passes)} passes, {len(view.proofs)} proofs, "
        f"{len(view.members)} members"
    )
    return element(
        "header",
        element("h1", text(_TITLE)),
        element("p", text(told), ", as of ", moment(view.made.replace(microsecond=0))),
        element(
            "noscript",
            element(
                "p",
                "Without JavaScript the long tables show their first rows and have no filter.",
                class_="note",
            ),
        ),
    )


def _footer(view: RecordView) -> str:
    return element(
        "footer",
        element(
            "p",
            text(f"Read from {view.folder} by ipsec_orchestrator {view.tool_version}."),
            class_="quiet",
        ),
    )
