"""Where one look for drift leaves its watermark for the next, as a port."""

from typing import Protocol

from ipsec_orchestrator.model.watermark import Watermark


class Watermarks(Protocol):
    """One watermark a playbook and domain; a lost one costs a whole read and nothing else."""

    def get(self, playbook: str, domain: str) -> Watermark | str:
        """Give the watermark, or in a sentence why there is none that can be used."""
        ...

    def put(self, mark: Watermark) -> None:
        """Keep it in place of the earlier one; on the disk when this returns.

        Raises:
            JournalError: It can't be written; the earlier one is as it was.
        """
        ...
