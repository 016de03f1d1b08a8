"""Proofs by the command on the wire, and what they leave on the hosts."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from ipsec_orchestrator.adapters.specification import read_inventory
from ipsec_orchestrator.app.options import ConnectOptions
from ipsec_orchestrator.app.session import connected
from ipsec_orchestrator.facts.proof_answers import LEFTOVERS, parse_leftovers
from tests.system.conftest import PLAYBOOK, PROGRAM, Laboratory, document

PAIR = ("--pairs", "vm1:host1", "--timeout", "4")

Start: TypeAlias = Callable[..., subprocess.Popen[str]]


def verdicts(lab: Laboratory, *options: str, code: int, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as play
    """Prove and give the pairs of ``--json``."""
    if code == 0 and "--timeout" not in options:
        # Everything is to be answered: a busy machine may take its time.
        options = (*options, "--timeout", "60")
    said = lab.play("prove", "--json", *options, **more)
    assert said.returncode == code, said.stdout + said.stderr
    assert "Traceback" not in said.stderr
    found: list[dict[str, Any]] = document(said)["pairs"]
    return found


def healed_verdicts(lab: Laboratory, *options: str) -> list[dict[str, Any]]:
    """Prove until everything is encrypted again, but not for ever; give the last proof's pairs.

    A key exchange that was going on while the wire was broken is repeated at growing intervals
    only, so the first requests after that may be too early for one direction or the other.
    """
    pairs: list[dict[str, Any]] = []
    for _ in range(5):
        said = lab.play("prove", "--json", *options, "--timeout", "30")
        assert "Traceback" not in said.stderr
        pairs = document(said)["pairs"]
        if said.returncode == 0:
            break
    return pairs


def words(pairs: list[dict[str, Any]]) -> dict[str, tuple[str, str | None]]:
    """Verdict and diagnosis by flow."""
    return {
        f"{pair['source']}>{pair['destination']}": (pair["verdict"], pair["diagnosis"])
        for pair in pairs
    }


def leftovers(lab: Laboratory) -> dict[str, tuple[str, ...]]:
    """What proofs have on the hosts, as the hosts themselves say."""
    inventory = read_inventory([lab.inventory])
    with connected(inventory, ConnectOptions()) as world:
        call = world.scripts(LEFTOVERS)
        return {
            name: parse_leftovers(world.members.run(host, call))
            for name in lab.members
            if (host := inventory.host(name)) is not None
        }


def is_clean(lab: Laboratory) -> bool:
    """Whether nothing is left, on the hosts and in their folders."""
    folders = list((lab.layout.root / "programdata").glob("*/*"))
    return not folders and not any(leftovers(lab).values())


def ends_clean(lab: Laboratory, seconds: float) -> bool:
    """Whether nothing is left before that time is over."""
    return is_so(lambda: is_clean(lab), seconds)


def is_so(look: Callable[[], bool], seconds: float) -> bool:
    """Whether it is so before that time is over; looking takes its own time."""
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            return False
    return True


def packets(evidence: Path, host: str, expression: str) -> set[str]:
    """What tcpdump shows of one host's captures in an evidence folder."""
    found: set[str] = set()
    for file in evidence.glob(f"flows/*/*-{host}.pcapng"):
        done = subprocess.run(
            ["tcpdump", "-n", "-r", str(file), expression],
            capture_output=True,
            text=True,
            check=True,
        )
        found |= set(done.stdout.splitlines())
    return found


def esp_numbers(lines: set[str]) -> set[str]:
    """SPI and sequence number of each packet, which no two packets share."""
    return {line[line.index("ESP(") : line.index(")", line.index("ESP("))] for line in lines}


def prove_process(
    lab: Laboratory, *options: str, stdout: int = subprocess.PIPE, **environment: str
) -> subprocess.Popen[str]:
    """Start ``orchestrate prove`` and leave it running, its two streams as one."""
    return subprocess.Popen(
        [str(PROGRAM), "prove", str(PLAYBOOK), "-i", str(lab.inventory), *options],
        env={
            **lab.environment,
            "IPSEC_ORCHESTRATOR_STATE": str(lab.state_dir),
            # Who is killed can't take its own temporary folder away either.
            "TMPDIR": str(lab.state_dir.parent),
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    """Read what a program says until it says that, and give all of it."""
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if text in line:
            return "".join(said)
    raise AssertionError("".join(said))
