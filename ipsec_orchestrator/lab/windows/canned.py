"""Answers to the product's own scripts without a PowerShell.

A script is recognised by its whole text. The answer is made of the same host state that the
imitated commands show to the real script, in the same shape; a conformance suite holds them
together.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from ipsec_orchestrator.adapters.scripts import NAMES, script_text
from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.errors import BackendError, ScriptFailedError
from ipsec_orchestrator.lab.windows.canned_dead_man import (
    dead_man_arm,
    dead_man_read,
    dead_man_remove,
    dead_man_restore,
)
from ipsec_orchestrator.lab.windows.canned_directory_changes import directory_changes
from ipsec_orchestrator.lab.windows.canned_health import (
    host_health,
    probe_services,
    probe_targets,
    resolve_names,
)
from ipsec_orchestrator.lab.windows.canned_policy import policy_answer
from ipsec_orchestrator.lab.windows.canned_template import CHANGED as TEMPLATE_CHANGED
from ipsec_orchestrator.lab.windows.canned_template import read_template, write_template
from ipsec_orchestrator.lab.windows.commands import Arguments, WindowsCommands
from ipsec_orchestrator.lab.windows.imitated_error import (
    COMMAND_NOT_FOUND,
    GPO_ID_NOT_FOUND,
    GPO_NAME_TAKEN,
    NO_FOLDER,
    NO_WIRE,
    UNKNOWN_REQUEST,
    ImitatedError,
)
from ipsec_orchestrator.lab.windows.utc_text import utc_text
from ipsec_orchestrator.lab.winrm import (
    UNKNOWN_SCRIPT,
    Answer,
    CannedCall,
    CannedError,
    CannedResult,
)
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import ScriptCall

_GPO_EXISTS: Final = "ipsec_orchestrator.GpoExists"
_Run = Callable[[WindowsCommands, Arguments], Json]


def _start_refresh(commands: WindowsCommands, parameters: Arguments) -> Json:
    before = utc_text(commands.host.now())
    force = " /force" if parameters.get("Force") else ""
    order = rf'"C:\Windows\System32\gpupdate.exe" /target:computer /wait:0{force}'
    value, process_id = commands.host.start_process(order)
    return {"time": before, "return_value": value, "process_id": process_id}


def _create_gpo(commands: WindowsCommands, parameters: Arguments) -> Json:
    try:
        wish = {"name": parameters.get("Name"), "comment": parameters.get("Comment")}
        made = commands.run("new-gpo", wish)
    except ImitatedError as error:
        if error.error_id == GPO_NAME_TAKEN:
            raise _ScriptError(_GPO_EXISTS, error.words(commands.locale)) from error
        raise
    return {"id": made["id"]} if isinstance(made, Mapping) else None


def _remove_gpo(commands: WindowsCommands, parameters: Arguments) -> Json:
    try:
        commands.run("remove-gpo", {"id": parameters.get("Id"), "keep_links": True})
    except ImitatedError as error:
        if error.error_id == GPO_ID_NOT_FOUND:
            return {"removed": False}
        raise
    return {"removed": True}


class _ScriptError(Exception):
    """What a script throws itself, with an id of ours."""

    def __init__(self, error_id: str, words: str) -> None:
        super().__init__(words)
        self.error_id = error_id
        self.words = words


def _policy(commands: WindowsCommands, parameters: Arguments) -> Json:
    del parameters
    return policy_answer(commands.host)


def _read_template(commands: WindowsCommands, parameters: Arguments) -> Json:
    content = read_template(
        commands.host,
        gpo_id=UUID(str(parameters.get("GpoId"))),
        domain=str(parameters.get("Domain")),
        path=str(parameters.get("Path", "gpt.ini")),
    )
    return {"content": None if content is None else base64.b64encode(content).decode()}


def _write_template(commands: WindowsCommands, parameters: Arguments) -> Json:
    content = base64.b64decode(str(parameters.get("Content")), validate=True)
    expected = base64.b64decode(str(parameters.get("Expected", "")), validate=True)
    write_template(
        commands.host,
        gpo_id=UUID(str(parameters.get("GpoId"))),
        domain=str(parameters.get("Domain")),
        path=str(parameters.get("Path", "gpt.ini")),
        content=content,
        expected=expected if parameters.get("Check") else None,
    )
    return {"written": len(content)}


def _read_template_access(commands: WindowsCommands, parameters: Arguments) -> Json:
    try:
        return {"descriptor": commands.run("get-acl", {"path": _folder(parameters)})}
    except ImitatedError as error:
        if error.error_id == NO_FOLDER:
            return {"descriptor": None}
        raise


def _write_template_access(commands: WindowsCommands, parameters: Arguments) -> Json:
    where: dict[str, Json] = {"path": _folder(parameters)}
    if commands.run("get-acl", where) != parameters.get("Expected"):
        raise _ScriptError(TEMPLATE_CHANGED, "The permissions are not as they were read before.")
    commands.run("set-acl", {**where, "descriptor": parameters.get("Descriptor")})
    return {"descriptor": commands.run("get-acl", where)}


def _folder(parameters: Arguments) -> str:
    return f"Policies/{braced(UUID(str(parameters.get('GpoId'))))}"


_RUNS: Final[Mapping[str, _Run]] = {
    "create_gpo": _create_gpo,
    "dead_man_arm": dead_man_arm,
    "dead_man_read": dead_man_read,
    "dead_man_remove": dead_man_remove,
    "dead_man_restore": dead_man_restore,
    "directory_changes": directory_changes,
    "host_health": host_health,
    "member_policy": _policy,
    "probe_services": probe_services,
    "probe_targets": probe_targets,
    "read_template": _read_template,
    "read_template_access": _read_template_access,
    "remove_gpo": _remove_gpo,
    "resolve_names": resolve_names,
    "start_refresh": _start_refresh,
    "write_template": _write_template,
    "write_template_access": _write_template_access,
}


def canned_answer(hosts: Mapping[str, WindowsCommands]) -> Answer:
    """Give the callable of a ``CannedBackend`` that speaks for all these hosts."""
    by_name = {name.casefold(): commands for name, commands in hosts.items()}

    def answer(call: CannedCall) -> CannedResult:
        name = _name_of(call.script)
        commands = by_name.get(call.host.casefold())
        if commands is None:
            return UNKNOWN_SCRIPT
        try:
            result = _carry_out(name, commands, call.parameters)
        except _ScriptError as error:
            failure = CannedError(message=error.words, fully_qualified_error_id=error.error_id)
            return CannedResult(error=failure)
        return CannedResult(output=(json.dumps(result),))

    return answer


def canned_script(commands: WindowsCommands) -> Callable[[ScriptCall], Json]:
    """Give the callable that speaks for one host in the in-memory ``Members``.

    It raises ScriptFailedError where the script would fail.
    """

    def answer(call: ScriptCall) -> Json:
        host = commands.host.settings.name
        try:
            return _carry_out(_name_of(call.text), commands, call.parameters)
        except _ScriptError as error:
            raise ScriptFailedError(
                host=host,
                script=call.name,
                error_id=error.error_id,
                reason=error.words,
            ) from error

    return answer


def _name_of(script: str) -> str | None:
    wanted = script.strip()
    return next((name for name in NAMES if script_text(name).strip() == wanted), None)


def _carry_out(name: str | None, commands: WindowsCommands, parameters: Arguments) -> Json:
    if name is None:
        raise _ScriptError(COMMAND_NOT_FOUND, "This host knows no answer to that script.")
    try:
        run = _RUNS.get(name)
        return run(commands, parameters) if run else _on_the_wire(name, commands, parameters)
    except ImitatedError as error:
        raise _ScriptError(error.error_id, error.words(commands.locale)) from error
    except (binascii.Error, ValueError) as error:
        raise _ScriptError("ParameterArgumentTransformationError", str(error)) from error
    except OSError as error:
        raise _ScriptError("IOException", error.strerror or "the file can't be used") from error
    except BackendError as error:
        raise _ScriptError(UNKNOWN_REQUEST, str(error)) from error


def _on_the_wire(name: str, commands: WindowsCommands, parameters: Arguments) -> Json:
    """Answer a script that is about the network, which a host has on the wire only."""
    if commands.wire is None:
        raise ImitatedError(NO_WIRE, name)
    return commands.wire.answer(name, parameters)
