"""The record of a run, written before and after each step."""

from typing import Protocol

from ipsec_orchestrator.model.json import Json


class Journal(Protocol):
    """Append-only; an event that was appended survives the death of the process."""

    def append(self, kind: str, **fields: Json) -> None:
        """Write one event durably before returning."""
        ...
