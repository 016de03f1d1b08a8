"""The ``approval`` section -> :class:`ApprovalDemand`: paths made absolute."""

from collections.abc import Sequence
from pathlib import Path

from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.inventory_schema import InventoryFile
from ipsec_orchestrator.adapters.specification.local_paths import resolve_path
from ipsec_orchestrator.model.approval import ApprovalDemand


def lower_approval(
    sources: Sequence[tuple[Examined[InventoryFile], Path]],
) -> ApprovalDemand | None:
    """Make the demand of the one file that has the section; a second one is a problem.

    Args:
        sources: The examined files, each with the folder that its relative paths count from.
    """
    demand: ApprovalDemand | None = None
    first = ""
    for examined, folder in sources:
        section = examined.content.approval if examined.content is not None else None
        if section is None:
            continue
        if demand is not None:
            message = f"who approves is already said at {first}."
            examined.add(("approval",), message, at_key=True)
            continue
        first = examined.where(("approval",))
        place = ("approval", "signers")
        names = [section.signers] if isinstance(section.signers, str) else section.signers
        if not names:
            examined.add(place, "the list is empty; name at least one file.")
        paths = [resolve_path(examined, place, name, folder) for name in names]
        demand = ApprovalDemand(
            signers=tuple(path for path in paths if path is not None),
            required=section.required,
            origin="the inventory",
        )
    return demand
