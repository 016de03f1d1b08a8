"""Approvals on the way to carrying a plan out: checked before anything is connected to."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ipsec_orchestrator.app.approvals import check_approvals
from ipsec_orchestrator.cli.output import talk
from ipsec_orchestrator.errors import UnsignedError, UsageError
from ipsec_orchestrator.model.approval import Approval, ApprovalDemand
from ipsec_orchestrator.model.inventory import Inventory


@dataclass(slots=True, kw_only=True)
class Approving:
    """What the user demands beside the inventory, and who was found to have signed.

    Attributes:
        signed_by: Files of ``--signed-by``.
        approvals: ``--approvals``; ``None`` if not given.
        command: For messages.
        found: Those who signed, after the check.
    """

    signed_by: tuple[str, ...] = ()
    approvals: int | None = None
    command: str = "apply"
    found: tuple[Approval, ...] = ()

    def check(self, path: Path, content: bytes | None, inventory: Inventory) -> None:
        """Make sure that everybody who has to has signed.

        Args:
            path: The plan, or the playbook.
            content: The plan as it was read; ``None`` for a playbook.
            inventory: May demand approvals.

        Raises:
            ApprovalError, UnsignedError: They are missing.
            UsageError: The options make no sense here.
        """
        demands = tuple(self._demands(inventory))
        if self.approvals is not None and not demands:
            raise UsageError(
                "--approvals says how many, but not of whom.",
                cure="To say so, add --signed-by FILE.",
            )
        if content is None:
            if self.signed_by:
                raise UsageError(
                    f"--signed-by is for saved plans, and {path} is none.",
                    cure="Save one with orchestrate plan --out, and have it signed.",
                )
            if inventory.approval is not None:
                raise UnsignedError(command=self.command, required=inventory.approval.required)
            return
        self.found = check_approvals(path, content, demands)
        for approval in self.found:
            talk().print(
                f"Approved by {approval.principal} ({approval.kind.value} key {approval.key}, "
                f"{approval.file}).",
                soft_wrap=True,
            )

    def _demands(self, inventory: Inventory) -> Iterator[ApprovalDemand]:
        if inventory.approval is not None:
            least = self.approvals if self.approvals and not self.signed_by else 1
            yield replace(inventory.approval, required=max(inventory.approval.required, least))
        if self.signed_by:
            yield ApprovalDemand(signers=self.signed_by, required=self.approvals or 1)
