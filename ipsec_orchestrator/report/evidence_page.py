"""The evidence of a proof as one HTML page that needs nothing else: no network, no script."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ipsec_orchestrator.model.evidence import FlowEvidence, FlowVerdict, Verdict
from ipsec_orchestrator.model.evidence_files import EvidenceFile, EvidenceRun
from ipsec_orchestrator.model.inventory import Network
from ipsec_orchestrator.report.page_flow import flow_section
from ipsec_orchestrator.report.page_map import MOST_HOSTS, proof_map
from ipsec_orchestrator.report.page_parts import anchor, badge, css, element, moment, table, text
from ipsec_orchestrator.report.page_style import STYLE
from ipsec_orchestrator.report.proof_matrix import matrix_of

Judged = tuple[FlowEvidence, FlowVerdict]

# Nothing may be loaded from anywhere, whatever a host wrote into its answers.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def evidence_page(
    judged: Sequence[Judged],
    run: EvidenceRun,
    networks: Sequence[Network],
    files: Iterable[EvidenceFile],
) -> str:
    """Give the page.

    Args:
        judged: Each flow's evidence and verdict.
        run: Which run it is about.
        networks: The inventory's, by which hosts are grouped.
        files: The other files of the evidence, with their hashes.
    """
    verdicts = [verdict for _, verdict in judged]
    title = f"{run.playbook}: {headline(verdicts)}"
    head = element(
        "head",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        element("title", text(title)),
        element("style", STYLE),
    )
    main = element(
        "main",
        _overview(verdicts, networks),
        _notes(verdicts),
        element("h2", "Flow by flow"),
        *(flow_section(*pair, number) for number, pair in enumerate(judged, start=1)),
        _files(files),
        id="main",
    )
    skip = element("a", "To the evidence", href="#main", class_="skip")
    body = element("body", skip, _header(verdicts, run), main, _footer(run))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def headline(verdicts: Sequence[FlowVerdict]) -> str:
    """Say in half a sentence what was found."""
    if verdicts and not any(found.flow.is_protected for found in verdicts):
        clear = sum(found.verdict is Verdict.CLEAR for found in verdicts)
        return f"control: {clear} of {len(verdicts)} unprotected flows are seen in clear"
    encrypted = sum(found.verdict is Verdict.ENCRYPTED for found in verdicts)
    return f"{encrypted} of {len(verdicts)} flows are encrypted"


def _header(verdicts: Sequence[FlowVerdict], run: EvidenceRun) -> str:
    counted = Counter(found.verdict for found in verdicts)
    present = [verdict for verdict in Verdict if counted[verdict]]
    share = "".join(
        element("span", class_=css(verdict), style=f"flex:{counted[verdict]}")
        for verdict in present
    )
    keys = (element("li", badge(verdict), f" {counted[verdict]}") for verdict in present)
    sentence = headline(verdicts)
    return element(
        "header",
        element("p", text(f"{run.domain} · {run.playbook} · {run.policy}"), class_="quiet"),
        element("h1", text(sentence[0].upper() + sentence[1:])),
        element("p", moment(run.began_at), " to ", moment(run.ended_at)),
        element("div", share, class_="share", aria_hidden="true"),
        element("ul", *keys, class_="keys"),
    )


def _overview(verdicts: Sequence[FlowVerdict], networks: Sequence[Network]) -> str:
    matrix = matrix_of(verdicts)
    numbers = {id(found): number for number, found in enumerate(verdicts, start=1)}
    rows = [
        (
            text(source),
            *(
                " ".join(
                    element(
                        "a",
                        badge(found.verdict),
                        href=f"#{anchor(found, numbers[id(found)])}",
                    )
                    for found in matrix.cells.get((source, destination), ())
                )
                for destination in matrix.hosts
            ),
        )
        for source in matrix.hosts
    ]
    picture = ""
    if 0 < len(matrix.hosts) <= MOST_HOSTS:
        picture = element("div", proof_map(verdicts, networks), class_="card")
    listed = table("From each row's host to each column's", ("from \\ to", *matrix.hosts), rows)
    return element("h2", "Who talks to whom, and how") + picture + listed


def _notes(verdicts: Sequence[FlowVerdict]) -> str:
    notes = dict.fromkeys(note for found in verdicts for note in found.notes)
    if not notes:
        return ""
    return element("h2", "To be known") + "".join(
        element("p", text(note), class_="note") for note in notes
    )


def _files(files: Iterable[EvidenceFile]) -> str:
    rows = [
        (
            element("a", text(found.name), href=found.name),
            text(f"{found.size} bytes"),
            element("span", text(found.sha256), class_="hash"),
        )
        for found in files
    ]
    if not rows:
        return ""
    return element("h2", "What it rests on") + table(
        "Files beside this page, as they were written",
        ("file", "size", "SHA-256"),
        rows,
    )


def _footer(run: EvidenceRun) -> str:
    kept = (
        "Captures hold whole frames."
        if run.keeps_payload
        else "Captures hold headers only; no payload was kept."
    )
    return element(
        "footer",
        element("p", text(f"{kept} Times are those of the host that each was read on.")),
        element(
            "p",
            text(f"Run {run.run_id}, ipsec_orchestrator {run.tool_version}."),
            class_="quiet",
        ),
    )
