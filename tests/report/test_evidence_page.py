"""The evidence page: valid, self-contained, safe from what hosts say, and complete."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address, ip_network
from typing import Any
from xml.etree.ElementTree import Element

import html5lib  # type: ignore[import-untyped]  # it has no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.model.evidence import FlowEvidence, Verdict
from ipsec_orchestrator.model.evidence_files import EvidenceFile, EvidenceRun
from ipsec_orchestrator.model.inventory import Network
from ipsec_orchestrator.proof.judge import judge
from ipsec_orchestrator.report.evidence_page import evidence_page
from ipsec_orchestrator.report.page_flow import since
from ipsec_orchestrator.report.page_map import MOST_HOSTS
from ipsec_orchestrator.report.proof_matrix import SIGNS, matrix_of, matrix_rows
from tests.proof_scene import (
    BEGIN,
    CONTROL,
    FLOW,
    SPI_OUT,
    clear,
    esp,
    event,
    requests,
    scene,
)

RUN = EvidenceRun(
    run_id="4f1c",
    tool_version="0.1.0",
    domain="ipsectest.com",
    playbook="azure-onpremises",
    policy="policy-azure-onpremises",
    began_at=BEGIN,
    ended_at=BEGIN + timedelta(seconds=94),
)
NETWORKS = (
    Network(name="azure", subnet=ip_network("10.0.1.0/24")),
    Network(name="on-premises", subnet=ip_network("10.2.27.0/25")),
)
FILES = (EvidenceFile(name="flows/001-vm1-host1-8080/told.json", size=12, sha256="ab" * 32),)
EVERY_VERDICT = (
    scene(),
    scene(both={"frames": (clear(), clear(back=True)), "associations": ()}),
    scene(both={"frames": (esp(), esp(back=True), clear())}),
    scene(sent=requests(small=False, large=False)),
    scene(both={"frames": None, "capture_problem": "not allowed", "associations": None}),
)


def _page(*evidence: FlowEvidence) -> str:
    return evidence_page([(item, judge(item)) for item in evidence], RUN, NETWORKS, FILES)


def _parsed(page: str) -> Element:
    """Read the page as HTML5; any parse error raises."""
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
    assert isinstance(tree, Element)
    return tree


def _named(tree: Element, name: str) -> list[Element]:
    return [found for found in _all(tree) if found.tag.rpartition("}")[2] == name]


def _all(tree: Element) -> Iterator[Element]:
    """Give the elements; comments and the like have no text for a tag."""
    tags: Iterator[Any] = tree.iter()
    return (found for found in tags if isinstance(found.tag, str))


def _words(found: Element) -> str:
    return "".join(found.itertext())


def test_the_page_is_valid_and_needs_nothing_else() -> None:
    """It parses as strict HTML5, loads nothing, runs nothing, and forbids both."""
    tree = _parsed(_page(*EVERY_VERDICT))

    assert not {"script", "img", "link", "iframe", "object"} & {found.tag for found in _all(tree)}
    for found in _all(tree):
        for name in ("src", "href", "action"):
            assert not found.get(name, "").startswith(("http", "//", "data:", "javascript:"))
    policies = [found.get("content", "") for found in _named(tree, "meta")]
    assert any("default-src 'none'" in policy for policy in policies)


def test_everything_can_be_reached_and_read_without_seeing() -> None:
    """Ids are unique, inner links lead somewhere, pictures and tables have names."""
    tree = _parsed(_page(*EVERY_VERDICT))
    ids = [found.get("id", "") for found in _all(tree) if found.get("id")]

    assert len(ids) == len(set(ids))
    inner = [found.get("href", "") for found in _named(tree, "a")]
    assert {link[1:] for link in inner if link.startswith("#")} <= set(ids)
    pictures = _named(tree, "svg")
    assert pictures
    for picture in pictures:
        assert picture.get("role") == "img"
        assert set(picture.get("aria-labelledby", "-").split()) <= set(ids)
    for table in _named(tree, "table"):
        assert _words(_named(table, "caption")[0])
        assert all(heading.get("scope") for heading in _named(table, "th"))


def test_every_verdict_is_told_by_word_and_sign() -> None:
    """Colour is never the only difference."""
    page = _page(*EVERY_VERDICT)
    words = _words(_parsed(page))

    assert {judge(item).verdict for item in EVERY_VERDICT} == set(Verdict)
    for verdict, sign in SIGNS.items():
        assert f"{sign} {verdict.value}" in words


def test_what_needs_attention_is_open() -> None:
    """The first flow and all that are not encrypted are unfolded."""
    sections = [
        found
        for found in _named(_parsed(_page(scene(), *EVERY_VERDICT)), "details")
        if "flow" in found.get("class", "").split()
    ]

    unfolded = [found.get("open") is not None for found in sections]
    assert unfolded == [True, False, True, True, True, True]


@given(st.text(min_size=1).filter(str.isprintable))
def test_nothing_that_a_host_says_becomes_markup(said: str) -> None:
    """Whatever text arrives in names, notes, problems and events is shown as text."""
    hostile = f"<b onclick='x'>{said}</b>\"&amp;"
    evidence = scene(
        source={"notes": (hostile,), "frames": None, "capture_problem": hostile},
        destination={"events": (event(5451, Name=hostile),), "associations_problem": hostile},
    )
    named = replace(evidence, flow=replace(FLOW, source=hostile, rule=hostile))

    tree = _parsed(_page(named))

    assert not _named(tree, "b")
    assert hostile in _words(tree)


def test_the_timeline_counts_what_the_verdict_counts() -> None:
    """The sums beside the lanes are the packets of the verdict."""
    evidence = EVERY_VERDICT[2]
    found = judge(evidence)

    titles = [_words(title) for title in _named(_parsed(_page(evidence)), "title")]

    expected = f"{found.esp_packets} ESP, {found.clear_packets} clear"
    assert f"Packets seen on vm1: 0 IKE, {expected}" in titles


def test_the_hashes_of_the_files_stand_on_the_page() -> None:
    """A reader can compare the files beside the page with it."""
    words = _words(_parsed(_page(scene())))

    assert FILES[0].name in words
    assert FILES[0].sha256 in words


def test_a_control_says_what_a_control_shows() -> None:
    """On unprotected ports clear is the good news, and the headline says so."""
    frames = (clear(port=8081), clear(port=8081, back=True))

    words = _words(_parsed(_page(scene(flow=CONTROL, both={"frames": frames}))))

    assert "Control: 1 of 1 unprotected flows are seen in clear" in words
    assert "✔ clear packets on the wire at vm1" in words


@pytest.mark.parametrize("hosts", [MOST_HOSTS, MOST_HOSTS + 1])
def test_a_fleet_is_a_matrix_and_no_map(hosts: int) -> None:
    """Up to some hosts there is a picture of them; beyond it the matrix alone."""
    flows: Sequence[FlowEvidence] = [
        replace(
            scene(),
            flow=replace(FLOW, destination=f"h{number}", destination_address=IPv4Address(number)),
        )
        for number in range(1, hosts)
    ]

    pictures = [found.get("class") for found in _named(_parsed(_page(*flows)), "svg")]

    assert ("map" in pictures) is (hosts <= MOST_HOSTS)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((event(5451, second=-3600, InboundSpi=str(SPI_OUT)),), BEGIN - timedelta(hours=1)),
        ((event(5451, second=-3600, InboundSpi="17"),), BEGIN + timedelta(seconds=1)),
        ((), BEGIN + timedelta(seconds=1)),
    ],
    ids=["its event", "another association's event", "first packet"],
)
def test_since_when_comes_from_the_event_else_from_the_wire(events: Any, expected: Any) -> None:  # noqa: ANN401 - columns of the table
    """The audit event of the association tells since when; without it the first ESP packet."""
    assert since(scene(destination={"events": events})) == expected


def test_the_matrix_shows_the_worst_of_a_pair() -> None:
    """Two flows of a pair share a cell, and what is not encrypted is not hidden."""
    verdicts = [judge(EVERY_VERDICT[0]), judge(EVERY_VERDICT[2])]

    headings, rows = matrix_rows(verdicts)

    assert matrix_of(verdicts).worst("vm1", "host1") is Verdict.MIXED
    assert matrix_of(verdicts).worst("host1", "vm1") is None
    assert list(headings) == ["from \\ to", "vm1", "host1"]
    assert [list(row) for row in rows] == [["vm1", "", "◐ mixed"], ["host1", "", ""]]
