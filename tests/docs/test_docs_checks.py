"""The table of checks is complete."""

import re
from collections.abc import Sequence
from typing import Any

from ipsec_orchestrator.app.check_list import all_checks
from ipsec_orchestrator.checks.azure_outcomes import AzureCheck

ROW = re.compile(
    r"^\| `(?P<id>[\w.-]+)` \| (?P<title>[^|]+) \|.*\| (?P<guards>\w*) ?\|$", re.MULTILINE
)


def _rows(pages: Sequence[Any]) -> list[re.Match[str]]:
    text = next(page.text for page in pages if page.name == "docs/reference/checks.md")
    return list(ROW.finditer(text))


def test_every_check_is_described(pages: Sequence[Any]) -> None:
    """Each id has one row, and no row is of a check that is not there."""
    known = [check.check_id for check in all_checks()]
    known += [check.check_id for check in AzureCheck]

    assert sorted(row["id"] for row in _rows(pages)) == sorted(known)


def test_titles_and_guards_are_told_as_they_are(pages: Sequence[Any]) -> None:
    """The table says of each check what ``doctor`` calls it, and whether apply depends on it."""
    rows = {row["id"]: row for row in _rows(pages)}

    for check in all_checks():
        assert rows[check.check_id]["title"] == check.title
        assert (rows[check.check_id]["guards"] == "yes") is check.guards_apply
