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
from ipsec_orchestrator.ports import Members, Sysvol

TEMPLATE_CHANGED: Final = "ipsec_orchestrator.TemplateChanged"
_DEADLINE_SECONDS: Final = 120.0


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
        content = _content(answer)
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
        try:
            self._members.run(self._controller, call)
        except ScriptFailedError as error:
            if error.error_id != TEMPLATE_CHANGED:
                raise
            raise StalePlanError(
                object=f"{path} of GPO {{{gpo_id}}}",
                attribute="content",
                expected="what was read before",
                found="something else",
            ) from error
        self._remember(gpo_id, path, content)

    def _remember(self, gpo_id: UUID, path: str, content: bytes) -> None:
        with self._guard:
            self._known[gpo_id, path.casefold()] = content

    def _where(self, gpo_id: UUID, path: str) -> Mapping[str, Json]:
        return {"GpoId": str(gpo_id), "Domain": self._domain, "Path": path}


def _content(answer: Json) -> bytes | None:
    match answer:
        case {"content": None}:
            return None
        case {"content": str(text)}:
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error as error:
                raise UnexpectedAnswerError(
                    script="read_template",
                    field="content",
                    reason="it is not base64",
                ) from error
        case _:
            raise UnexpectedAnswerError(
                script="read_template",
                field="content",
                reason="is missing",
            )
