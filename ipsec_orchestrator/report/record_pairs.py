"""Which pairs of hosts were proved, and how it was found last: a matrix, and all of it as rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ipsec_orchestrator.model.evidence import Verdict
from ipsec_orchestrator.model.proof_record import ProofRecord, ProvedFlow
from ipsec_orchestrator.report.page_parts import element, table, text
from ipsec_orchestrator.report.proof_matrix import BY_WEIGHT
from ipsec_orchestrator.report.record_tables import Column, LongTable, shortened, word_badge

_MOST_HOSTS: Final = 30
_PROTOCOLS: Final = {6: "TCP", 17: "UDP"}
_PAGE: Final = "page.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastProved:
    """A flow and the last proof in which it was tried."""

    flow: ProvedFlow
    proof: ProofRecord


def last_proved(proofs: Iterable[ProofRecord]) -> tuple[LastProved, ...]:
    """Give every flow that tells something of the policy once, with its last proof.

    Args:
        proofs: Newest first.
    """
    found: dict[tuple[str, str, str, str, str, int, int], LastProved] = {}
    for proof in proofs:
        for flow in proof.flows:
            if flow.tells:
                key = (
                    *(proof.playbook, proof.domain.casefold(), flow.source, flow.destination),
                    *(flow.addresses, flow.protocol, flow.port),
                )
                found.setdefault(key, LastProved(flow=flow, proof=proof))
    return tuple(found.values())


def matrix_sections(found: Sequence[LastProved]) -> str:
    """Give a matrix for each playbook; one of too many hosts is left to the rows."""
    targets = dict.fromkeys((each.proof.playbook, each.proof.domain.casefold()) for each in found)
    parts = [
        _matrix(
            f"{playbook} in {domain}",
            [
                each
                for each in found
                if (each.proof.playbook, each.proof.domain.casefold()) == (playbook, domain)
            ],
        )
        for playbook, domain in targets
    ]
    return "".join([element("h2", "Pairs of hosts", id="matrix"), *parts]) if parts else ""


def _matrix(name: str, found: Sequence[LastProved]) -> str:
    hosts = list(
        dict.fromkeys(host for each in found for host in (each.flow.source, each.flow.destination))
    )
    if len(hosts) > _MOST_HOSTS:
        return element(
            "p", text(f"{name}: {len(hosts)} hosts are too many for a matrix; see the rows below.")
        )
    worst: dict[tuple[str, str], Verdict] = {}
    for each in found:
        pair = each.flow.source, each.flow.destination
        worst[pair] = max(
            worst.get(pair, Verdict.ENCRYPTED), each.flow.verdict, key=BY_WEIGHT.index
        )
    rows = [
        (text(source), *(_verdict(worst.get((source, destination))) for destination in hosts))
        for source in hosts
    ]
    caption = f"{name}: from each row's host to each column's, the worst of its flows"
    return table(caption, ("from \\ to", *hosts), rows)


def _verdict(verdict: Verdict | None) -> str:
    return "" if verdict is None else word_badge(verdict.value)


def pairs_table(found: Sequence[LastProved]) -> LongTable:
    """Give all flows, what is not encrypted first."""
    ordered = sorted(found, key=lambda each: -BY_WEIGHT.index(each.flow.verdict))
    return LongTable(
        own_id="pairs",
        title="Proofs, flow by flow",
        note="Each flow that the policy protects, as it was found last.",
        columns=(
            Column(heading="from"),
            Column(heading="to"),
            Column(heading="port"),
            Column(heading="addresses"),
            Column(heading="verdict", kind="state"),
            Column(heading="when", kind="time"),
            Column(heading="evidence", kind="link"),
            Column(heading="playbook"),
            Column(heading="why"),
        ),
        rows=[
            (
                each.flow.source,
                each.flow.destination,
                f"{_PROTOCOLS.get(each.flow.protocol, each.flow.protocol)} {each.flow.port}",
                each.flow.addresses,
                each.flow.verdict.value,
                each.proof.began.isoformat(),
                evidence_link(each.proof),
                each.proof.playbook,
                shortened(each.flow.reason),
            )
            for each in ordered
        ],
    )


def evidence_link(proof: ProofRecord) -> str:
    """Give the address of the page of a proof's evidence; empty if there is none."""
    folder = Path(proof.evidence)
    return (folder / _PAGE).as_uri() if proof.evidence and folder.is_absolute() else ""
