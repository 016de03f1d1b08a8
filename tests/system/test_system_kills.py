"""A real process is killed with SIGKILL at every action of a run, on the real domain.

Afterwards the run is resumed or rolled back by another process, and clients that are not ours
compare the directory and SYSVOL with those of an undisturbed apply, or with those of before.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import POLICY, Laboratory, playbook_for
from tests.system.test_system_story import Dump, Tree, dump, tree

pytestmark = [pytest.mark.lab, pytest.mark.timeout(3000)]

HOST = "vm1"
ROOT = Path(__file__).parents[2]
# Who an object is and when it was made: a second apply makes new objects.
COUNTED = {"objectGUID", "whenCreated", "uSNCreated"}
# Members hear of the way back under a new version, and the mark of the assignment names it.
VERSIONS = {"versionNumber", "adminDescription"}
# The points are gone through again and again until this time is over; a whole round takes less.
BUDGET_SECONDS = 100.0


@dataclass(slots=True, kw_only=True)
class Killer:
    """The program that kills itself, and the lab that it works on."""

    lab: Laboratory
    process: subprocess.Popen[str]
    playbook: Path
    state: Path

    def order(self, verb: str, limit: int | None = None) -> dict[str, Any]:
        """Have something done in a process of its own."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {
            "verb": verb,
            "playbook": str(self.playbook),
            "inventory": str(self.lab.inventory),
            "state": str(self.state),
            "host": HOST,
            "limit": limit,
        }
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def whole(self, verb: str) -> list[str]:
        """Have something done to its end, and give its actions."""
        found = self.order(verb)
        assert found["killed"] is False, found
        assert found["error"] is None, found["error"]
        assert found["done"], found["hosts"]
        actions: list[str] = found["actions"]
        return actions

    def killed(self, verb: str, limit: int) -> bool:
        """Have something begun that dies before an action; false if it was done before that."""
        found = self.order(verb, limit)
        assert found["killed"] or found["done"], found["hosts"]
        return bool(found["killed"])

    def look(self) -> "Sight":
        """What is there, by other eyes."""
        return Sight.of(self.lab)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The directory, SYSVOL, and what the member has."""

    directory: Dump
    sysvol: Tree
    policy: str | None

    @classmethod
    def of(cls, lab: Laboratory) -> "Sight":
        """Look at a lab."""
        return cls(directory=dump(lab), sysvol=tree(lab.sysvol), policy=lab.assigned_policy(HOST))

    def files(self, *, versions: bool) -> Tree:
        """SYSVOL; without versions only that ``gpt.ini`` is there, and whose it is."""
        return {
            path: (content if versions or not path.casefold().endswith("gpt.ini") else b"", access)
            for path, (content, access) in self.sysvol.items()
        }

    def differences(self, other: "Sight", *, without: set[str]) -> list[str]:
        """Where two sights differ; without ``versionNumber`` that of ``gpt.ini`` is left out too."""
        versions = "versionNumber" not in without
        ours, theirs = self.files(versions=versions), other.files(versions=versions)
        found = [f"only on one side: {dn}" for dn in self.directory.keys() ^ other.directory.keys()]
        found += [
            f"{dn}: {name}"
            for dn, entry in self.directory.items()
            for name in entry.keys() | other.directory.get(dn, {}).keys()
            if dn in other.directory
            and name not in without
            and entry.get(name) != other.directory[dn].get(name)
        ]
        found += [
            path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)
        ]
        return [*found, *(["the member's policy"] if self.policy != other.policy else [])]


@pytest.fixture
def killer(lab: Laboratory, tmp_path: Path) -> Iterator[Killer]:
    """The program, waiting for orders, with a playbook that goes by LDAP and SMB."""
    playbook = playbook_for(tmp_path, HOST)
    text = playbook.read_text(encoding="utf-8")
    playbook.write_text(text.replace("\ngpo:\n", "\ngpo:\n  via: smb\n"), encoding="utf-8")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    lab.used = True
    with subprocess.Popen(
        [sys.executable, "-m", "tests.system.killing_program"],
        cwd=ROOT,
        # A process that is killed can't take its ticket cache away.
        env={**lab.environment, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Killer(lab=lab, process=process, playbook=playbook, state=tmp_path / "state")
        assert process.stdin is not None
        process.stdin.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """A command that is killed, and what its two ends look like.

    Attributes:
        verb: The command.
        before: What was there before it.
        wanted: What is there when it is undisturbed.
        renewed: Attributes that are new when what was deleted is brought back.
        actions: Its actions.
        back: The actions of its rollback.
    """

    verb: str
    before: Sight
    wanted: Sight
    renewed: set[str]
    actions: list[str]
    back: list[str]


def ends_of(killer: Killer, verb: str) -> Ends:
    """Do it undisturbed, and take it back."""
    if verb == "remove":
        killer.whole("apply")
    renewed = COUNTED | VERSIONS if verb == "remove" else set[str]()
    before = killer.look()
    actions = killer.whole(verb)
    wanted = killer.look()
    back = killer.whole("rollback")
    assert before.differences(killer.look(), without=renewed) == []
    assert {before.policy, wanted.policy} == {POLICY, None}
    return Ends(
        verb=verb, before=before, wanted=wanted, renewed=renewed, actions=actions, back=back
    )


@pytest.mark.parametrize("verb", ["apply", "remove"])
def test_killed_at_every_action_resume_and_rollback_are_exact(
    killer: Killer, request: pytest.FixtureRequest, verb: str
) -> None:
    """From every point resume ends as an undisturbed run does, and rollback as if nothing was.

    A run that was resumed to its end is rolled back too, so that each point begins anew; at every
    third point the rollback is killed as well, and resumed, and at every fifth the resume. With
    ``--every-point`` each point is gone through both ways, however long it takes.
    """
    every = bool(request.config.getoption("--every-point"))
    ends = ends_of(killer, verb)
    actions = ends.actions
    assert len(actions) > 40
    begun, points, doubles = time.monotonic(), 0, 0
    for turn, limit in enumerate(_spread(len(actions)) * (2 if every else 1)):
        if not every and time.monotonic() - begun > BUDGET_SECONDS:
            break
        place = f"killed before action {limit + 1}: {actions[limit]}"
        assert killer.killed(verb, limit), place
        points += 1
        if limit <= actions.index("event"):
            # Nothing was recorded, and nothing done; the next one breaks the lock that is left.
            continue
        # The second time round each point is gone through the other way.
        resumes = (turn % len(actions) + turn // len(actions)) % 2 == 1
        if resumes:
            if points % 5 == 0 and killer.killed("resume", (limit * 7) % 19):
                doubles += 1
            killer.whole("resume")
            found = ends.wanted.differences(killer.look(), without=COUNTED | ends.renewed)
            assert found == [], f"{place}, resumed"
        if points % 3:
            killer.whole("rollback")
        elif killer.killed("rollback", (limit * 5) % len(ends.back)):
            doubles += 1
            killer.whole("finish")
        found = ends.before.differences(killer.look(), without=ends.renewed)
        assert found == [], f"{place}, {'resumed and ' if resumes else ''}rolled back"

    print(f"{points} points, {doubles} of them killed twice, of {len(actions)} actions")  # noqa: T201
    assert points > 5
    assert not every or points == 2 * len(actions)


def _spread(count: int) -> list[int]:
    """All points, in an order that covers the whole run early: strides that are prime to it."""
    step = next(n for n in range(17, 200) if count % n and all(n % d for d in range(2, n)))
    return [(place * step) % count for place in range(count)]
