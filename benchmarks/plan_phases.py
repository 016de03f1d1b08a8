"""A program: does what ``orchestrate plan`` does, and tells how long each phase took.

Arguments: playbook, inventory, and the time.monotonic() of whoever started this process. Standard
output: one JSON object, phase -> seconds. Directory and members are timed by wrapping the ports of
the world, so that the program itself is the one that users run.
"""

import io
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipsec_orchestrator.ports import Directory, Runner

BEGAN = time.monotonic()


class _Clock:
    """Adds up the time since the last look, phase by phase."""

    def __init__(self, started: float) -> None:
        self.seconds: dict[str, float] = {}
        self._last = started

    def ends(self, phase: str, now: float | None = None) -> None:
        """Book the time since the last look under a phase."""
        now = time.monotonic() if now is None else now
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._last
        self._last = now


class _TimedDirectory:
    """Books every read of the directory; what lies between two of them is planning."""

    def __init__(self, directory: "Directory", clock: _Clock) -> None:
        self._directory = directory
        self._clock = clock

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._directory, name)

        def timed(*arguments: object) -> object:
            self._clock.ends("planning")
            found = method(*arguments)
            if name == "search":
                found = iter(list(found))  # pages are fetched here, not while planning
            self._clock.ends("reading the directory")
            return found

        return timed


class _TimedRunner:
    """Books the time from the first question to the last member's answer."""

    def __init__(self, runner: "Runner", clock: _Clock) -> None:
        self._runner = runner
        self._clock = clock

    def each(self, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        """Ask all, as the real one does."""
        self._clock.ends("planning")
        found = list(self._runner.each(work, items))
        self._clock.ends("reading members")
        return iter(found)


def main(playbook: Path, inventory: Path, started: float) -> dict[str, float]:
    """Plan once and give the seconds of each phase."""
    clock = _Clock(started)
    clock.ends("process start", BEGAN)
    from ipsec_orchestrator.adapters.specification import (  # noqa: PLC0415 - timed
        read_inventory,
        read_playbook,
    )
    from ipsec_orchestrator.app.options import ConnectOptions  # noqa: PLC0415 - timed
    from ipsec_orchestrator.app.plans import make_apply_plan, members_of  # noqa: PLC0415 - timed
    from ipsec_orchestrator.app.session import connected  # noqa: PLC0415 - timed
    from ipsec_orchestrator.cli.output import print_lines  # noqa: PLC0415 - timed
    from ipsec_orchestrator.report.plan_report import plan_lines  # noqa: PLC0415 - timed

    clock.ends("imports")
    existing = read_inventory([inventory])
    wanted = read_playbook(playbook, existing)
    members = members_of(wanted, existing, None)
    clock.ends("reading the files")
    with connected(existing, ConnectOptions()) as world:
        clock.ends("connecting (DNS, logon, PDC emulator)")
        directory: Any = _TimedDirectory(world.directory, clock)
        runner: Any = _TimedRunner(world.runner, clock)
        timed_world = replace(world, directory=directory, runner=runner)
        plan = make_apply_plan(wanted, members, timed_world, lambda _: None)
        clock.ends("planning")
        with redirect_stdout(io.StringIO()):
            print_lines(plan_lines(plan))
        clock.ends("rendering")
    clock.ends("disconnecting")
    return clock.seconds


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))))
