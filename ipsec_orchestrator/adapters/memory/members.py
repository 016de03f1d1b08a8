"""Members that are Python callables: for tests, and for the demonstration without a lab."""

from collections.abc import Callable, Mapping

from typing_extensions import override

from ipsec_orchestrator.errors import HostUnreachableError
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import Members, ScriptCall

AnswerCall = Callable[[ScriptCall], Json]
"""Carries a call out on one host; raises what the ``Members`` port raises."""


class MemoryMembers(Members):
    """Hosts by inventory name, case-blind; a host that is not there can't be reached."""

    def __init__(self, hosts: Mapping[str, AnswerCall]) -> None:
        self._hosts = {name.casefold(): answer for name, answer in hosts.items()}

    @override
    def run(self, host: Host, call: ScriptCall) -> Json:
        answer = self._hosts.get(host.name.casefold())
        if answer is None:
            raise HostUnreachableError(host=host.fqdn, reason="no such host is simulated")
        return answer(call)
