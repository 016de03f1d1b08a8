"""Our scripts by name, wherever their texts are kept."""

from collections.abc import Mapping
from typing import Protocol

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports.members import ScriptCall


class Scripts(Protocol):
    """Makes the call of one of our scripts."""

    def __call__(
        self,
        name: str,
        parameters: Mapping[str, Json] | None = None,
        *,
        deadline_seconds: float = 60.0,
    ) -> ScriptCall:
        """Give the call with the script's text."""
        ...
