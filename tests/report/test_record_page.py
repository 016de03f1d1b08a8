"""The page over the record: valid, self-contained, safe from what directories say, complete."""

import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any
from xml.etree.ElementTree import Element

import html5lib  # type: ignore[import-untyped]  # it has no types
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.model.drift import DriftReport
from ipsec_orchestrator.model.evidence import Verdict
from ipsec_orchestrator.model.record_view import RecordView
from ipsec_orchestrator.report.record_page import record_page
from ipsec_orchestrator.report.record_tables import (
    Column,
    LongTable,
    long_table,
    table_data,
)
from tests.record_scene import CHANGED_PORT, MADE, record

HOSTILE = "</script><script>alert(1)</script><!--\u2028'\"&lt;]]>"


def parsed(page: str) -> Element:
    """Read the page as HTML5; any parse error raises."""
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
    assert isinstance(tree, Element)
    return tree


def data_of(tree: Element) -> Any:  # noqa: ANN401 - a document
    """The rows of the long tables, as the page holds them."""
    (found,) = [each for each in tree.iter("script") if each.get("id") == "data"]
    return json.loads(found.text or "")


def rows_of(document: Any, table: str) -> list[list[str]]:  # noqa: ANN401 - see above
    """The rows of a table as texts."""
    return [
        [document["words"][cell] if isinstance(cell, int) else cell for cell in row]
        for row in document["tables"][table]["rows"]
    ]


def test_an_empty_record_gives_a_page() -> None:
    """It says that nothing is recorded."""
    tree = parsed(record_page(RecordView(made=MADE, tool_version="1", folder="/state")))

    assert "Nothing is recorded yet." in "".join(tree.itertext())


def test_the_page_is_valid_and_names_nothing_outside() -> None:
    """No address but those of evidence on this machine, and of its own parts."""
    tree = parsed(record_page(record()))
    links = [each.get("href") or "" for each in tree.iter() if each.get("href")]

    assert all(link.startswith(("#", "file:///srv/evidence/", "data:,")) for link in links)
    assert not [each for each in tree.iter() if each.get("src")]
    assert not [name for each in tree.iter() for name in each.attrib if name.startswith("on")]
    assert not [each for each in tree.iter() if each.get("style")]


def test_the_policy_allows_its_own_style_and_script_alone() -> None:
    """By their hashes, and nothing by its place."""
    tree = parsed(record_page(record()))
    (policy,) = [
        each.get("content") or ""
        for each in tree.iter("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    ]
    (style,) = tree.iter("style")
    _, script = tree.iter("script")

    assert "unsafe" not in policy
    for part in (style, script):
        digest = b64encode(sha256((part.text or "").encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_the_state_is_told_at_a_glance() -> None:
    """Also without the script: cards, what to look at, drift, the matrix, the first rows."""
    text = "".join(parsed(record_page(record())).itertext())

    assert "azure-onpremises in corp.example.com" in text
    assert "31 of 32 flows encrypted" in text
    assert "waits for its confirmation until 2026-11-26 09:10:00 UTC on 4 members" in text
    assert "was interrupted: orchestrate resume" in text
    assert "is left alone now" in text
    assert "10.0.1.0/24 -> 10.2.27.0/25, TCP 8443" in text
    assert "changed 2026-11-25 03:00:00 UTC on dc1.corp.example.com by CORP\\alice" in text


def test_every_member_run_and_flow_is_in_the_page() -> None:
    """With what matters most first."""
    view = record(hosts=300, run_count=200)
    document = data_of(parsed(record_page(view)))
    members = rows_of(document, "members")

    assert {row[0] for row in members} == {each.host for each in view.members}
    assert [row[1] for row in members[:9]] == ["failed"] * 5 + ["differs"] * 2 + ["unread"] + [
        "as left"
    ]
    assert [row[0] for row in rows_of(document, "runs")] == [run.run_id for run in view.runs]
    flows = rows_of(document, "pairs")
    assert flows[0][4] == "clear"
    assert len(flows) == 32
    assert flows[0][6] == "file:///srv/evidence/2026-11-26/page.html"


def test_a_way_around_tells_only_if_it_is_there() -> None:
    """That nobody answers by other addresses is no verdict on the pair."""
    view = record(hosts=2)
    newest = view.proofs[0]
    around = replace(
        newest.flows[0], is_second_path=True, addresses="x -> y", verdict=Verdict.NO_ANSWER
    )
    not_there = replace(newest, flows=(newest.flows[0], around))
    there = replace(
        newest, flows=(newest.flows[0], replace(around, verdict=Verdict.CLEAR, as_expected=False))
    )
    rows = [
        rows_of(data_of(parsed(record_page(replace(view, proofs=(proof,))))), "pairs")
        for proof in (not_there, there)
    ]

    assert [row[4] for row in rows[0]] == ["encrypted"]
    assert [row[4] for row in rows[1]] == ["clear", "encrypted"]


def test_hostile_names_stay_text() -> None:
    """Whatever stands in the directory or comes from a host."""
    view = record()
    bad = replace(CHANGED_PORT, name=HOSTILE, object=HOSTILE, expected=HOSTILE, found=HOSTILE)
    seen = replace(
        view.passes[0],
        playbook=HOSTILE,
        domain=HOSTILE,
        reason=HOSTILE,
        alarms=(HOSTILE,),
        report=DriftReport(differences=(bad,)),
    )
    members = tuple(replace(each, host=HOSTILE, unread=HOSTILE) for each in view.members[:3])
    hostile = replace(view, passes=(seen, *view.passes), members=members, folder=HOSTILE)
    page = record_page(hostile)
    tree = parsed(page)

    assert len(list(tree.iter("script"))) == 2
    assert page.count("</script>") == 2
    assert HOSTILE in "".join(tree.itertext())
    assert rows_of(data_of(tree), "members")[0][0] == HOSTILE


TABLE = LongTable(
    own_id="t",
    title="T",
    note="",
    columns=(Column(heading="one"), Column(heading="two", kind="state")),
    rows=(),
)


@given(rows=st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=20))
def test_rows_come_back_as_they_were(rows: list[tuple[str, str]]) -> None:
    """Words that repeat are stored once, and nothing in the data can end its element."""
    packed = table_data([replace(TABLE, rows=rows)])

    assert not set("<>&\u2028\u2029") & set(packed)
    assert rows_of(json.loads(packed), "t") == [list(row) for row in rows]


def test_a_link_must_lead_to_a_file() -> None:
    """An address that a record holds is no address of the page's otherwise."""
    table = replace(
        TABLE,
        columns=(Column(heading="one", kind="link"), Column(heading="two", kind="link")),
        rows=(("javascript:alert(1)", "file:///evidence/page.html"),),
    )
    tree = parsed(f"<!DOCTYPE html><title>t</title>{long_table(table)}")

    assert [each.get("href") for each in tree.iter("a")] == ["file:///evidence/page.html"]


def test_ten_thousand_members_and_runs_stay_below_five_megabytes() -> None:
    """The page of a large record can still be sent by mail."""
    view = record(hosts=10_000, run_count=10_000, pass_count=2_000)
    long = "a reason of its own, and a long one; " * 20
    worst = replace(
        view,
        members=tuple(
            replace(each, unread=f"{number} {long}") for number, each in enumerate(view.members)
        ),
        runs=tuple(
            replace(each, error=f"{number} {long}") for number, each in enumerate(view.runs)
        ),
    )

    assert len(record_page(worst).encode()) < 5_000_000
