"""The how-to as a playbook: ``playbooks/azure-onpremises.yml``, also where there is no checkout."""

from importlib import resources
from pathlib import Path
from typing import Final

NAME: Final = "azure-onpremises.yml"


def example_playbook(folder: Path) -> Path:
    """Give the playbook's path: below the current folder, as users name it, or a copy.

    Args:
        folder: Where a copy is put if the current folder is no checkout.
    """
    near = Path("playbooks") / NAME
    if near.is_file():
        return near
    copy = folder / NAME
    copy.write_text(_text(), encoding="utf-8")
    return copy


def _text() -> str:
    shipped = resources.files("ipsec_orchestrator.lab") / NAME
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    # An editable installation has no copy in the package; the checkout is around it.
    checkout = Path(__file__).parents[2] / "playbooks" / NAME
    return checkout.read_text(encoding="utf-8")
