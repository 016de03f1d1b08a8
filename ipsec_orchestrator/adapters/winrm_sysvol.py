"""SYSVOL by WinRM: read and written in the domain controller's own folder."""

import base64
import binascii
import threading
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.errors import ScriptFailedError, StalePlanError, UnexpectedAnswerError
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import Members, ScriptCall, Sysvol

TEMPLATE_CHANGED: Final = "ipsec_orchestrator.TemplateChanged"
_DEADLINE_SECONDS: Final = 120.0
# In the memory of what was read; no path of a file, which has no colon.
_ACCESS: Final = ":access"


class WinrmSysvol(Sysvol):
    """Templates as one DC holds them; safe to use from several threads at once.

    What was read last is remembered: a write goes through only if the file still holds that, so
    what another administrator saved meanwhile is not overwritten. A file that was never read is
    written without that check.
    """

    def __init__(self, members: Members, *, controller: Host, domain: str) -> None:
        self._members = members
        self._controller = controller
        self._domain = domain
        self._guard = threading.Lock()
        self._known: dict[tuple[UUID, str], bytes] = {}

    @override
    def read(self, gpo_id: UUID, path: str) -> bytes | None:
        answer = self._members.run(
            self._controller,
            script_call(
                "read_template",
                self._where(gpo_id, path),
                deadline_seconds=_DEADLINE_SECONDS,
            ),
        )
        content = _decoded(answer, script="read_template", field="content")
        self._remember(gpo_id, path, content or b"")
        return content

    @override
    def write(self, gpo_id: UUID, path: str, content: bytes) -> None:
        """Write a file whole, keeping its access control list.

        Raises:
            StalePlanError: It is not as it was read last.
        """
        with self._guard:
            known = self._known.get((gpo_id, path.casefold()))
        parameters: dict[str, Json] = {
            **self._where(gpo_id, path),
            "Content": base64.b64encode(content).decode("ascii"),
            "Check": known is not None,
            "Expected": base64.b64encode(known or b"").decode("ascii"),
        }
        call = script_call("write_template", parameters, deadline_seconds=_DEADLINE_SECONDS)
        self._run_changing(call, what=path, gpo_id=gpo_id)
        self._remember(gpo_id, path, content)

    @override
    def read_access(self, gpo_id: UUID) -> bytes | None:
        call = script_call(
            "read_template_access",
            {"GpoId": str(gpo_id), "Domain": self._domain},
            deadline_seconds=_DEADLINE_SECONDS,
        )
        answer = self._members.run(self._controller, call)
        found = _decoded(answer, script=call.name, field="descriptor")
        if found is not None:
            self._remember(gpo_id, _ACCESS, found)
        return found

    @override
    def write_access(self, gpo_id: UUID, descriptor: bytes) -> None:
        """Set the access control list of the GPO's folder and of everything in it.

        Raises:
            StalePlanError: It is not as it was read last.
        """
        with self._guard:
            known = self._known.get((gpo_id, _ACCESS))
        expected = self.read_access(gpo_id) if known is None else known
        parameters: dict[str, Json] = {
            "GpoId": str(gpo_id),
            "Domain": self._domain,
            "Descriptor": base64.b64encode(descriptor).decode("ascii"),
            "Expected": base64.b64encode(expected or b"").decode("ascii"),
        }
        call = script_call("write_template_access", parameters, deadline_seconds=_DEADLINE_SECONDS)
        answer = self._run_changing(call, what="permissions", gpo_id=gpo_id)
        found = _decoded(answer, script=call.name, field="descriptor")
        self._remember(gpo_id, _ACCESS, found or b"")

    def _run_changing(self, call: ScriptCall, *, what: str, gpo_id: UUID) -> Json:
        try:
            return self._members.run(self._controller, call)
        except ScriptFailedError as error:
            if error.error_id != TEMPLATE_CHANGED:
                raise
            raise StalePlanError(
                object=f"{what} of GPO {{{gpo_id}}}",
                attribute="content",
                expected="what was read before",
                found="something else",
            ) from error

    def _remember(self, gpo_id: UUID, path: str, content: bytes) -> None:
        with self._guard:
            self._known[gpo_id, path.casefold()] = content

    def _where(self, gpo_id: UUID, path: str) -> Mapping[str, Json]:
        return {"GpoId": str(gpo_id), "Domain": self._domain, "Path": path}


def _decoded(answer: Json, *, script: str, field: str) -> bytes | None:
    """Read the one field of an answer: bytes in base64, or null for nothing there."""
    found = answer.get(field, 0) if isinstance(answer, Mapping) else 0
    if found is None:
        return None
    if not isinstance(found, str):
        raise UnexpectedAnswerError(script=script, field=field, reason="is missing")
    try:
        return base64.b64decode(found, validate=True)
    except binascii.Error as error:
        raise UnexpectedAnswerError(
            script=script, field=field, reason="it is not base64"
        ) from error
