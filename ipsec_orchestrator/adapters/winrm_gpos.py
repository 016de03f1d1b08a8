"""GPOs by the GroupPolicy cmdlets, run on the domain controller itself."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.errors import (
    ObjectExistsError,
    ScriptFailedError,
    UnexpectedAnswerError,
)
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import Gpos, Members

GPO_EXISTS: Final = "ipsec_orchestrator.GpoExists"
# A GPO is a container, a folder and their access control lists; a loaded DC takes its time.
_DEADLINE_SECONDS: Final = 180.0


class WinrmGpos(Gpos):
    """Runs ``New-GPO`` and ``Remove-GPO`` on one DC, against this same DC.

    On the DC because from anywhere else the directory and SYSVOL would be a second hop, which a
    remote session's credentials don't make.
    """

    def __init__(self, members: Members, *, controller: Host, domain: str) -> None:
        self._members = members
        self._controller = controller
        self._domain = domain

    @override
    def create(self, *, name: str, wished_id: UUID, comment: str) -> UUID:
        # New-GPO takes no id; the plan learns the real one from the answer.
        del wished_id
        call = script_call(
            "create_gpo",
            {**self._where(), "Name": name, "Comment": comment},
            deadline_seconds=_DEADLINE_SECONDS,
        )
        try:
            answer = self._members.run(self._controller, call)
        except ScriptFailedError as error:
            if error.error_id == GPO_EXISTS:
                raise ObjectExistsError(object=f"GPO {name}") from error
            raise
        return _gpo_id(answer)

    @override
    def delete(self, *, gpo_id: UUID) -> None:
        call = script_call(
            "remove_gpo",
            {**self._where(), "Id": str(gpo_id)},
            deadline_seconds=_DEADLINE_SECONDS,
        )
        self._members.run(self._controller, call)

    def _where(self) -> Mapping[str, Json]:
        return {"Domain": self._domain, "Server": self._controller.fqdn}


def _gpo_id(answer: Json) -> UUID:
    match answer:
        case {"id": str(text)}:
            try:
                return UUID(text)
            except ValueError as error:
                raise UnexpectedAnswerError(
                    script="create_gpo",
                    field="id",
                    reason="it is no GUID",
                ) from error
        case _:
            raise UnexpectedAnswerError(script="create_gpo", field="id", reason="is missing")
