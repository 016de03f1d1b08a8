"""Alert rules and dashboard, as they lie in the package."""

from importlib.resources import files
from typing import Final

RULES: Final = "alerts.yml"
DASHBOARD: Final = "dashboard.json"


def shipped_file(name: str) -> str:
    """Give the text of one of them."""
    folder = files("ipsec_orchestrator.adapters.monitoring") / "shipped"
    return (folder / name).read_text(encoding="utf-8")
