"""The record of a run says who approved its plan."""

from collections.abc import Iterable

from typing_extensions import override

from ipsec_orchestrator.model.approval import Approval
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import Journal


class ApprovedJournal(Journal):
    """Passes every event on, and adds the approvals to the one that begins a run."""

    def __init__(self, inner: Journal, approvals: Iterable[Approval]) -> None:
        self._inner = inner
        self._approvals: list[Json] = [approval_to_json(found) for found in approvals]

    @override
    def append(self, kind: str, **fields: Json) -> None:
        if kind == "run-begins" and self._approvals:
            fields = {**fields, "approvals": self._approvals}
        self._inner.append(kind, **fields)


def approval_to_json(approval: Approval) -> dict[str, Json]:
    """Give an approval as it stands in journals and in ``--json``."""
    return {
        "principal": approval.principal,
        "kind": approval.kind.value,
        "key": approval.key,
        "file": approval.file,
    }
