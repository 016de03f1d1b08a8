"""Running our scripts on Windows hosts: PSRP (pypsrp) or WinRS (pywinrm), as the inventory says.

Both share one HTTP session type (``http_session``), one deadline, one translation of errors
(``failures``) and one rule about repeating (``calling``).
"""

from typing import assert_never

from typing_extensions import override

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.members.psrp_members import PsrpMembers
from ipsec_orchestrator.adapters.members.winrs_members import WinrsMembers
from ipsec_orchestrator.model.inventory import Host, MemberTransport
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import Members, ScriptCall

__all__ = ["PsrpMembers", "WindowsMembers", "WinrsMembers"]


class WindowsMembers(Members):
    """Chooses the transport of every host by its inventory entry."""

    def __init__(self, credential: Credential) -> None:
        self._psrp = PsrpMembers(credential)
        self._winrs = WinrsMembers(credential)

    @override
    def run(self, host: Host, call: ScriptCall) -> Json:
        match host.winrm.transport:
            case MemberTransport.PSRP:
                return self._psrp.run(host, call)
            case MemberTransport.WINRM:
                return self._winrs.run(host, call)
            case _:
                assert_never(host.winrm.transport)
