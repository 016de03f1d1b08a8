"""Paths inside the files: ``~`` and paths relative to the file's own folder."""

from pathlib import Path

from ipsec_orchestrator.adapters.specification.document import Place
from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.inventory_schema import InventoryFile


def resolve_path(
    examined: Examined[InventoryFile],
    place: Place,
    text: str,
    folder: Path,
) -> str | None:
    """Give an absolute path; ``None``, with a problem, for a home folder that is not there."""
    try:
        return str((folder / Path(text).expanduser()).absolute())
    except RuntimeError:
        examined.add(place, "the home folder (~) of this user is not known; write the whole path.")
        return None
