"""The Passes port in memory: gone with the process, otherwise like the one on disk."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from typing_extensions import override

from ipsec_orchestrator.errors import PassBusyError
from ipsec_orchestrator.model.watch import WatchPass
from ipsec_orchestrator.ports import Passes, PassLog


class MemoryPasses(Passes):
    """Passes in a list, oldest first."""

    def __init__(self) -> None:
        self._passes: list[WatchPass] = []
        self._busy: set[tuple[str, str]] = set()

    @override
    @contextmanager
    def begin(self, playbook: str, domain: str, started: datetime) -> Generator[PassLog]:
        watched = (playbook, domain.casefold())
        if watched in self._busy:
            raise PassBusyError(playbook=playbook)
        pass_id = f"{started:%Y%m%d-%H%M%S}-{len(self._passes):06x}"
        begun = WatchPass(pass_id=pass_id, playbook=playbook, domain=domain, started=started)
        self._busy.add(watched)
        self._passes.append(begun)
        try:
            yield _MemoryLog(self._passes, len(self._passes) - 1)
        finally:
            self._busy.remove(watched)

    @override
    def passes(
        self, *, playbook: str = "", domain: str = "", since: datetime | None = None
    ) -> tuple[WatchPass, ...]:
        return tuple(
            each
            for each in reversed(self._passes)
            if playbook in {"", each.playbook}
            and domain.casefold() in {"", each.domain.casefold()}
            and (since is None or each.started >= since)
        )


class _MemoryLog(PassLog):
    """Puts the pass as it ended in the place of the one that began."""

    def __init__(self, passes: list[WatchPass], place: int) -> None:
        self._passes = passes
        self._place = place

    @property
    @override
    def pass_id(self) -> str:
        return self._passes[self._place].pass_id

    @override
    def end(self, done: WatchPass) -> None:
        self._passes[self._place] = replace(done, pass_id=self.pass_id)
