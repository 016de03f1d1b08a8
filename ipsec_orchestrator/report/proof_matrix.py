"""Who may talk to whom, and how it was found: verdicts as a matrix of hosts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ipsec_orchestrator.model.evidence import FlowVerdict, Verdict
from ipsec_orchestrator.report.proof_rows import expected

SIGNS: Final[Mapping[Verdict, str]] = MappingProxyType(
    {
        Verdict.ENCRYPTED: "✔",
        Verdict.CLEAR: "✖",
        Verdict.MIXED: "◐",
        Verdict.NO_ANSWER: "∅",
        Verdict.UNKNOWN: "?",
    },
)
"""A sign for each verdict, so that colour is never the only difference."""

# What a cell shows if a pair has several flows: the worst of them.
BY_WEIGHT: Final = (
    Verdict.ENCRYPTED,
    Verdict.UNKNOWN,
    Verdict.NO_ANSWER,
    Verdict.MIXED,
    Verdict.CLEAR,
)
"""Verdicts from good to bad."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Hosts, and for each ordered pair of them the verdicts of its flows."""

    hosts: tuple[str, ...]
    cells: Mapping[tuple[str, str], tuple[FlowVerdict, ...]]

    def worst(self, source: str, destination: str) -> Verdict | None:
        """Give what the cell of a pair shows; ``None`` if nothing was tried."""
        found = self.cells.get((source, destination), ())
        return max((item.verdict for item in found), key=BY_WEIGHT.index, default=None)


def matrix_of(verdicts: Iterable[FlowVerdict]) -> Matrix:
    """Sort verdicts into a matrix; hosts come in the order in which flows name them."""
    cells: dict[tuple[str, str], tuple[FlowVerdict, ...]] = {}
    hosts: dict[str, None] = {}
    for found in verdicts:
        if found.flow.is_second_path and found.verdict in expected(found.flow):
            # A way around the policy that is not there says nothing of the pair.
            continue
        pair = (found.flow.source, found.flow.destination)
        hosts |= dict.fromkeys(pair)
        cells[pair] = (*cells.get(pair, ()), found)
    return Matrix(tuple(hosts), MappingProxyType(cells))


def matrix_rows(verdicts: Iterable[FlowVerdict]) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Give the matrix as headings and rows for a terminal: from each row's host to each column's."""
    matrix = matrix_of(verdicts)
    rows: list[Sequence[str]] = []
    for source in matrix.hosts:
        found = (matrix.worst(source, destination) for destination in matrix.hosts)
        rows.append(
            (source, *("" if one is None else f"{SIGNS[one]} {one.value}" for one in found))
        )
    return ("from \\ to", *matrix.hosts), rows
