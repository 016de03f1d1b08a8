"""What the WinRS adapter sends and gets: a fixed command line, an order, an answer."""

import base64
import json
from functools import cache
from importlib import resources
from typing import Final

from ipsec_orchestrator.adapters.members.calling import script_failure
from ipsec_orchestrator.errors import ScriptFailedError
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import ScriptCall

PROGRAM: Final = "powershell"


@cache
def arguments() -> tuple[str, ...]:
    """Give the arguments of powershell: always the same, with nothing of the call in them."""
    text = (
        resources.files("ipsec_orchestrator.adapters.members") / "winrs_bootstrap.ps1"
    ).read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    encoded = base64.b64encode(code.encode("utf-16-le")).decode()
    return ("-NoProfile", "-NonInteractive", "-EncodedCommand", encoded)


def order_document(call: ScriptCall) -> bytes:
    """Give standard input: ASCII, so that no code page can change it, and one line."""
    document = {"script": call.text, "parameters": dict(call.parameters)}
    return json.dumps(document, ensure_ascii=True).encode("ascii") + b"\n"


def failure_of(host: Host, call: ScriptCall, exit_code: int, stderr: bytes) -> ScriptFailedError:
    """Make the error of a call that ended with an exit code other than 0."""
    text = stderr.decode("utf-8", errors="replace")
    for line in reversed(text.splitlines()):
        failure = _failure_line(line)
        if failure is not None:
            error_id, message = failure
            return script_failure(host, call, error_id=error_id, reason=message)
    return script_failure(
        host, call, error_id="", reason=f"powershell ended with exit code {exit_code}"
    )


def _failure_line(line: str) -> tuple[str, str] | None:
    try:
        found: Json = json.loads(line)
    except ValueError:
        return None  # powershell itself may write there as well, CLIXML for example
    match found:
        case {"fully_qualified_error_id": str(error_id), "message": str(message)}:
            return error_id, message
        case _:
            return None
