"""A state folder of ten thousand runs: how long a list of them and the page over them take."""

import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench_lab import CHECKOUT, program
from measuring import Row, Times, clocked, interleaved, output

from ipsec_orchestrator.adapters.checked_lines import line_of
from ipsec_orchestrator.adapters.specification import read_inventory, read_playbook
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.proof_store import proof_store
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.model.run import RunEvent
from ipsec_orchestrator.planning.drift.passfile import pass_to_json

sys.path.insert(0, str(CHECKOUT))
from tests import record_scene
from tests.killed_runs import Machine
from tests.worlds import memory_domain

RUNS = 10_000
PASSES = 2_000
HOSTS = ("vm1", "vm2", "host1")
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_NAIVE = Path(__file__).parent / "naive_store.py"


def store_rows(rounds: int) -> list[Row]:
    """Compare list and page with reading the journals, which is what they are made from."""
    with tempfile.TemporaryDirectory(prefix="ipsec-bench-") as name:
        folder = Path(name)
        make_store(folder)
        page = folder / "report.html"
        report = program("report", "--state", name, "--out", str(page))
        times = interleaved(
            rounds,
            {
                "runs": lambda: clocked(program("runs", "--state", name)),
                "report": lambda: clocked(report),
                "heads": lambda: clocked([sys.executable, "-P", str(_NAIVE), "heads", name]),
                "whole": lambda: clocked([sys.executable, "-P", str(_NAIVE), "whole", name]),
            },
        )
        size = f"{page.stat().st_size / 1e6:.1f} MB"
    return [
        _row(
            f"runs, {RUNS} of them", times["runs"], "head and end of each journal", times["heads"]
        ),
        _row(f"report, {RUNS} runs ({size})", times["report"], "each journal", times["whole"]),
    ]


def _row(what: str, ours: Times, peer_name: str, peer: Times) -> Row:
    return Row(what=what, ours=ours, peer_name=f"json.loads: {peer_name}", peer=peer)


def make_store(folder: Path) -> None:
    """Fill a state folder: the how-to's run again and again, passes of the watch, and proofs."""
    (folder / "runs").mkdir(mode=0o700)
    events = tuple(_one_run())
    for number in range(RUNS):
        started = _BEGIN + timedelta(hours=number)
        run_id = f"{started:%Y%m%d-%H%M%S}-{number:06x}"
        lines = (
            line_of(replace(event, time=started + timedelta(seconds=place)))
            for place, event in enumerate(_named(events, run_id))
        )
        (folder / "runs" / f"{run_id}.jsonl").write_bytes(b"".join(lines))
    passes = folder / "passes" / "howto@corp.example.com"
    passes.mkdir(parents=True, mode=0o700)
    for each in record_scene.passes(PASSES, HOSTS)[::-1]:
        with (passes / f"{each.started:%Y-%m}.jsonl").open("ab") as file:
            content = pass_to_json(each)
            file.write(line_of(RunEvent(kind="pass-begins", time=each.started, fields=content)))
            file.write(line_of(RunEvent(kind="pass-ends", time=each.started, fields=content)))
    place = StatePlace(folder=folder)
    for proof in record_scene.proofs(HOSTS):
        proof_store(place).put(proof)
    run_store(place).runs()


def _one_run() -> Iterable[RunEvent]:
    """Give the events of the how-to's run, as they really are."""
    inventory = read_inventory([CHECKOUT / "inventory"])
    playbook = read_playbook(CHECKOUT / "playbooks" / "azure-onpremises.yml", inventory)
    machine = Machine.of(memory_domain(inventory))
    machine.apply(machine.domain.plan(playbook))
    *events, end = machine.store.events(machine.store.runs()[0].run_id)
    yield from events
    for number, host in enumerate(HOSTS, 1):
        met = {"number": number, "host": host, "outcome": "done", "reason": ""}
        yield RunEvent(kind="member-ends", time=_BEGIN, fields=met)
    yield end


def _named(events: tuple[RunEvent, ...], run_id: str) -> Iterable[RunEvent]:
    head, *rest = events
    yield replace(head, fields={**head.fields, "run": run_id})
    yield from rest


if __name__ == "__main__":
    from measuring import HEADINGS, markdown

    output(program("--help"))
    print(markdown(HEADINGS, [row.cells for row in store_rows(5)]))
