"""Repeated times and what is said about them: medians, ranges, ratios."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias

Timed: TypeAlias = Callable[[], float]
"""Does its work once and gives the seconds that count."""


@dataclass(slots=True)
class Times:
    """Seconds of the same thing, once a round."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.seconds)

    @property
    def shown(self) -> str:
        """Median and range, with a precision that suits their size."""
        digits = 2 if max(self.seconds) >= 1 else 3
        low, high = min(self.seconds), max(self.seconds)
        return f"{self.median:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table: ours against a peer of the same rounds."""

    what: str
    ours: Times
    peer_name: str
    peer: Times

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as texts; the ratio is that of the medians."""
        ratio = self.ours.median / self.peer.median
        return (
            self.what,
            self.ours.shown,
            self.peer_name,
            self.peer.shown,
            f"{ratio:.2f}",
            str(len(self.ours.seconds)),
        )


HEADINGS = ("what", "seconds", "peer", "seconds of the peer", "ratio", "rounds")


def interleaved(rounds: int, contenders: Mapping[str, Timed]) -> dict[str, Times]:
    """Let everybody have a turn in every round, so that a slow minute hits all alike.

    The order turns round from one round to the next: nobody always goes first.
    """
    times = {name: Times() for name in contenders}
    order = list(contenders)
    for _ in range(rounds):
        for name in order:
            times[name].seconds.append(contenders[name]())
        order.reverse()
    return times


def clocked(command: Sequence[str], **settings: object) -> float:
    """Give the seconds of a program from start to end.

    Raises:
        RuntimeError: It failed; what it said is in the message.
    """
    started = time.perf_counter()
    output(command, **settings)
    return time.perf_counter() - started


def output(command: Sequence[str], **settings: object) -> str:
    """Run a program and give its standard output.

    Raises:
        RuntimeError: It failed; what it said is in the message.
    """
    done = subprocess.run(
        list(command),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        **settings,  # type: ignore[call-overload]  # env, cwd and input, as subprocess takes them
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return str(done.stdout)


def markdown(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Give a table that reads well as text and as Markdown."""
    widths = [
        max(len(line[column]) for line in (headings, *lines)) for column in range(len(headings))
    ]

    def shown(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    rule = f"| {' | '.join('-' * width for width in widths)} |"
    return "\n".join([shown(headings), rule, *(shown(line) for line in lines)])
