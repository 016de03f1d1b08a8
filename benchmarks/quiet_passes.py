"""``python benchmarks/quiet_passes.py``: looks for drift where nothing happened, and where little did.

Each look is measured twice in every round: once asking only for changes, once reading everything
(the peer), in the same process and against the same domain. LDAP messages and bytes are counted by
ldap3, before encryption. The domain of 10,000 members is in memory: there a message is a request,
or a page of its answer.

With ``--record`` the results replace the section between the two marks of ``docs/benchmarks.md``.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_lab import PLAYBOOK, BenchLab, bench_lab
from big_domain import MEMBERS, BigDomain, big_domain
from measuring import Times, markdown
from run import DOCUMENT

from ipsec_orchestrator.adapters.ldap.library import ldap3
from ipsec_orchestrator.adapters.specification import read_inventory, read_playbook
from ipsec_orchestrator.app.left_record import last_record
from ipsec_orchestrator.app.looking import Economy, Look, look
from ipsec_orchestrator.app.options import ConnectOptions, StatePlace
from ipsec_orchestrator.app.plans import members_of
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.app.session import connected
from ipsec_orchestrator.model.watermark import Watermark
from ipsec_orchestrator.planning.drift.rotation import Rotation, Turn

BEGIN, END = "<!-- passes: begin -->", "<!-- passes: end -->"
CHEAP = Economy(only_changes=True, rotation=Rotation(turn=Turn.CHANGED))
WHOLE = Economy()
HEADINGS = ("what", "", "changes only", "everything", "ratio")


@dataclass(slots=True)
class Cost:
    """What looks of one kind cost."""

    seconds: Times = field(default_factory=Times)
    messages: int = 0
    kilobytes: float = 0.0
    members: int = 0


def rows(what: str, cheap: Cost, whole: Cost) -> Iterator[tuple[str, ...]]:
    """Give the lines of a table: seconds, messages, bytes, members."""
    ratio = cheap.seconds.median / whole.seconds.median
    yield (what, "seconds", cheap.seconds.shown, whole.seconds.shown, f"{ratio:.2f}")
    pairs = (
        ("LDAP messages", float(cheap.messages), float(whole.messages), 0),
        ("kilobytes", cheap.kilobytes, whole.kilobytes, 1),
        ("members read", float(cheap.members), float(whole.members), 0),
    )
    for name, ours, peer, digits in pairs:
        yield (
            "",
            name,
            f"{ours:,.{digits}f}",
            f"{peer:,.{digits}f}",
            f"{ours / peer:.2f}" if peer else "",
        )


@contextmanager
def counted() -> Iterator[list[Any]]:
    """Let ldap3 count on every connection that is made while the block runs."""
    made: list[Any] = []
    real = ldap3.Connection

    def connection(*arguments: object, **settings: object) -> object:
        made.append(real(*arguments, **settings, collect_usage=True))
        return made[-1]

    ldap3.Connection = connection
    try:
        yield made
    finally:
        ldap3.Connection = real


def how_to(lab: BenchLab, rounds: int) -> tuple[Cost, Cost]:
    """Look at the how-to's domain in Samba, where nothing happens."""
    for name in ("KRB5_CONFIG", "KRB5CCNAME"):
        os.environ[name] = lab.kerberos[name]
    inventory = read_inventory([Path(lab.inventory)])
    playbook = read_playbook(PLAYBOOK, inventory)
    members = members_of(playbook, inventory, None)
    record = last_record(
        run_store(StatePlace(folder=lab.state)), playbook.name, inventory.domain.name
    )
    since: Watermark | str = "there is none"

    def once(economy: Economy, cost: Cost) -> Look:
        nonlocal since
        with counted() as connections:
            started = time.perf_counter()
            with connected(inventory, ConnectOptions()) as world:
                found = look(playbook, members, world, record, _quiet, economy=economy, since=since)
            cost.seconds.seconds.append(time.perf_counter() - started)
        usages = [connection.usage for connection in connections]
        cost.messages = sum(u.messages_transmitted + u.messages_received for u in usages)
        cost.kilobytes = sum(u.bytes_transmitted + u.bytes_received for u in usages) / 1000
        cost.members = len(found.chosen.hosts)
        since = found.watermark
        if found.report.differences or found.report.unknown:
            raise RuntimeError(f"the domain is not quiet: {found.report}")
        return found

    once(WHOLE, Cost())
    return in_turns(once, rounds)


def in_turns(once: Callable[[Economy, Cost], Look], rounds: int) -> tuple[Cost, Cost]:
    """Measure both ways in every round, each way first in turn."""
    cheap, whole = Cost(), Cost()
    for number in range(rounds):
        pairs = [(CHEAP, cheap), (WHOLE, whole)]
        for economy, cost in pairs if number % 2 else reversed(pairs):
            found = once(economy, cost)
            if economy is CHEAP and found.whole is not None:
                raise RuntimeError(f"everything was read: {found.whole}")
    return cheap, whole


def many(domain: BigDomain, rounds: int, *, changed: int) -> tuple[Cost, Cost]:
    """Look at a domain of 10,000 members after some accounts were made anew."""
    marks: dict[str, Watermark] = {}

    def once(economy: Economy, cost: Cost) -> Look:
        domain.directory.requests = domain.directory.pages = domain.directory.bytes = 0
        started = time.perf_counter()
        found = look(
            domain.playbook,
            domain.members,
            domain.world,
            None,
            _quiet,
            economy=economy,
            since=marks.get("last", "there is none"),
        )
        cost.seconds.seconds.append(time.perf_counter() - started)
        cost.messages = domain.directory.requests + domain.directory.pages
        cost.kilobytes = domain.directory.bytes / 1000
        cost.members = len(found.chosen.hosts)
        if found.report.differences or found.report.unknown:
            raise RuntimeError(f"the domain is not quiet: {found.report.differences[:3]}")
        return found

    marks["last"] = once(WHOLE, Cost()).watermark
    cheap, whole = Cost(), Cost()
    for number in range(rounds):
        domain.renew(changed)
        looks: dict[str, Look] = {}
        pairs = [("cheap", CHEAP, cheap), ("whole", WHOLE, whole)]
        for name, economy, cost in pairs if number % 2 else reversed(pairs):
            looks[name] = once(economy, cost)
        if looks["cheap"].whole is not None:
            raise RuntimeError(f"everything was read: {looks['cheap'].whole}")
        marks["last"] = looks["cheap"].watermark
    return cheap, whole


def _quiet(text: str) -> None:
    del text


def main(arguments: Sequence[str]) -> None:
    """Measure, print, and record if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--record", action="store_true", help="rewrite docs/benchmarks.md")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    lines: list[tuple[str, ...]] = []
    with bench_lab() as lab:
        lab.apply()
        lines += rows("the how-to's domain, nothing changed", *how_to(lab, options.rounds))
    with TemporaryDirectory(prefix="ipsec-bench-") as folder, big_domain(Path(folder)) as domain:
        for changed in (0, MEMBERS // 100):
            what = f"{MEMBERS:,} members, {changed} accounts made anew"
            lines += rows(what, *many(domain, options.rounds, changed=changed))
    facts = (
        f"- Command: `{' '.join(['python benchmarks/quiet_passes.py', *arguments])}`",
        f"- Date: {time.strftime('%Y-%m-%d', time.gmtime())}",
        f"- Took: {time.monotonic() - began:.0f} s, {options.rounds} rounds",
        f"- Load average in the last 5 minutes: {os.getloadavg()[1]:.1f}",
    )
    text = "\n\n".join(("\n".join(facts), markdown(HEADINGS, lines)))
    print(text)
    if options.record:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    # The lab is taken down on a polite request to end, too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    main(sys.argv[1:])
