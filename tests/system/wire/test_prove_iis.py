"""``prove --service iis``: IIS with a site on the port, planned, shown, and undone."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import Laboratory
from tests.system.wire.proofs import (
    PAIR,
    Start,
    ends_clean,
    is_clean,
    is_so,
    leftovers,
    verdicts,
    wait_for,
    words,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]

IIS = ("--service", "iis", "--yes", "--pairs", "vm1:host1", "--timeout", "30")


def journals(lab: Laboratory) -> list[list[dict[str, Any]]]:
    """The events of every run, oldest run first."""
    files = sorted((lab.state_dir / "runs").glob("*.jsonl"), key=_age)
    return [[json.loads(line) for line in file.read_text("utf-8").splitlines()] for file in files]


def _age(file: Path) -> int:
    return file.stat().st_mtime_ns


def steps(journal: list[dict[str, Any]]) -> list[tuple[str, str, bool, bool]]:
    """The planned steps of a run: host, part, before, after."""
    return [
        (step["host"], step["part"], step["before"], step["after"])
        for step in journal[0]["plan"]["steps"]
    ]


def test_iis_answers_and_is_gone_afterwards(any_lab: Laboratory) -> None:
    """As in the article: a web site on both hosts, and only ESP; afterwards all is as it was."""
    lab = any_lab
    lab.apply()
    earlier = len(journals(lab))
    said = lab.play("prove", *IIS)
    made, *undone = journals(lab)[earlier:]

    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.count("encrypted") >= 2
    # The plan is shown before, and the way back of each host at the end.
    assert "+ web site ipsec_orchestrator-iis-8080" in said.stderr
    assert "- Windows feature Web-Server IIS" in said.stderr
    # A real answer of 200, and not the refusal of a method.
    assert " 200  " in said.stderr
    assert len(steps(made)) == 6
    assert all((before, after) == (False, True) for _, _, before, after in steps(made))
    back = [step for run in undone for step in steps(run)]
    assert {step[:2] for step in back} == {step[:2] for step in steps(made)}
    assert all((before, after) == (True, False) for _, _, before, after in back)
    assert is_clean(lab)


def test_nothing_is_installed_unasked(lab: Laboratory) -> None:
    """Without a yes, and nobody there to be asked, the plan is shown and nothing done."""
    said = lab.play("prove", "--service", "iis", *PAIR)

    assert said.returncode == 64
    assert "+ Windows feature Web-Server IIS" in said.stderr
    assert "--yes" in said.stderr
    assert is_clean(lab)


def test_an_iis_that_was_there_stays(lab: Laboratory) -> None:
    """A site of somebody else on the port answers itself; on another port it only lends its IIS."""
    lab.fault("vm1", "iis=8080")
    lab.fault("host1", "iis=8090")
    found = verdicts(lab, "--control", "--port", "8080", *IIS, code=0)
    made = steps(journals(lab)[-2])
    undone = steps(journals(lab)[-1])
    clean = is_clean(lab)
    theirs = verdicts(lab, "--control", "--port", "8090", "--service", "existing", *PAIR, code=2)
    lab.fault("vm1")
    lab.fault("host1")

    assert words(found) == {"host1>vm1": ("clear", None), "vm1>host1": ("clear", None)}
    assert [step[:2] for step in made] == [("host1", "rule"), ("host1", "site")]
    assert [step[:2] for step in undone] == [("host1", "site"), ("host1", "rule")]
    assert clean
    # The site of somebody else on host1 still answers; on vm1 nobody ever listened there.
    assert words(theirs)["vm1>host1"] == ("clear", None)
    assert words(theirs)["host1>vm1"][0] == "no answer"


def test_what_a_killed_run_left_goes_with_the_next(
    lab: Laboratory, prove_in: Callable[[Laboratory], Start]
) -> None:
    """A run that is killed leaves IIS with our mark; the next one finds it and takes it away."""
    earlier = len(journals(lab))
    process = prove_in(lab)("--control", "--port", "8080", "--guard", "30", *IIS)
    wait_for(process, "sending from")
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    left = leftovers(lab)
    # The capture and the guard of the killed proof go by themselves; IIS has no guard.
    assert is_so(lambda: "sessions" not in str(leftovers(lab)), 120)
    verdicts(lab, "--control", "--port", "8080", *IIS, code=0)

    assert any("ipsec_orchestrator-iis" in name for names in left.values() for name in names)
    # Nothing was missing: the next run has only undone what it found, on each host.
    killed, *undone = journals(lab)[earlier:]
    assert {after for _, _, _, after in steps(killed)} == {True}
    assert [{after for _, _, _, after in steps(run)} for run in undone] == [{False}] * 2
    assert ends_clean(lab, 120)
