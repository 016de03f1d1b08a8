"""Our PowerShell scripts as shipped, read from the package once."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import ScriptCall

_FOLDER: Final = resources.files("ipsec_orchestrator.facts") / "scripts"
# Scripts that may change the host: after a lost connection their outcome is unknown.
_CHANGING: Final = frozenset(
    {
        "capture_start",
        "capture_stop",
        "create_gpo",
        "dead_man_arm",
        "dead_man_remove",
        "dead_man_restore",
        "proof_begin",
        "proof_end",
        "proof_listener",
        "proof_listener_start",
        "proof_request",
        "remove_gpo",
        "set_web_service",
        "start_refresh",
        "write_template",
        "write_template_access",
    },
)
NAMES: Final = (
    "associations",
    "capture_read",
    "capture_start",
    "capture_stop",
    "create_gpo",
    "dead_man_arm",
    "dead_man_read",
    "dead_man_remove",
    "dead_man_restore",
    "directory_changes",
    "host_health",
    "ipsec_events",
    "ipsec_history",
    "member_policy",
    "probe_services",
    "probe_targets",
    "proof_begin",
    "proof_end",
    "proof_leftovers",
    "proof_listener",
    "proof_listener_start",
    "proof_request",
    "read_template",
    "read_template_access",
    "remove_gpo",
    "resolve_names",
    "set_web_service",
    "start_refresh",
    "web_service",
    "write_template",
    "write_template_access",
)
"""Every script, by file name without ending."""


@cache
def script_text(name: str) -> str:
    """Give a script's text, exactly as it is in the package.

    Raises:
        FileNotFoundError: There is no such script, which is a fault of the program.
    """
    return (_FOLDER / f"{name}.ps1").read_text(encoding="utf-8")


def script_call(
    name: str,
    parameters: Mapping[str, Json] | None = None,
    *,
    deadline_seconds: float = 60.0,
) -> ScriptCall:
    """Make the call of a script; whether it changes the host is known here, not asked."""
    return ScriptCall(
        name=name,
        text=script_text(name),
        parameters=dict(parameters or {}),
        deadline_seconds=deadline_seconds,
        changes=name in _CHANGING,
    )
