"""Running the scripts of a proof on one host, where no answer is an answer too."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import World

SECONDS: Final = 90.0
"""How long a script may take that does nothing by the clock."""

_Answer = TypeVar("_Answer")


class HostQuestions:
    """The scripts of one proof on one host.

    Args:
        host: The host.
        run_id: 32 hexadecimal digits, by which the host knows what belongs to this proof.
        world: How the host is reached.
    """

    def __init__(self, host: Host, *, run_id: str, world: World) -> None:
        self.host = host
        self._run_id = run_id
        self._world = world

    def program(self, script: str) -> str:
        """Give the text of a script that another one starts on the host."""
        return self._world.scripts(script).text

    def ask(
        self,
        script: str,
        parameters: Mapping[str, Json],
        parse: Callable[[Json], _Answer],
        *,
        seconds: float = SECONDS,
        with_run: bool = True,
    ) -> tuple[_Answer | None, str | None]:
        """Run a script; give its answer, or the reason why there is none."""
        own: dict[str, Json] = {"RunId": self._run_id} if with_run else {}
        call = self._world.scripts(script, {**own, **parameters}, deadline_seconds=seconds)
        try:
            return parse(self._world.members.run(self.host, call)), None
        except OrchestratorError as error:
            return None, str(error)
