"""Taking back, in a real domain, what had a state before it: a change of the policy, a removal."""

from pathlib import Path

import pytest

from tests.system.conftest import POLICY, Laboratory, document, playbook_for
from tests.system.test_system_kills import COUNTED, HOST, VERSIONS, Sight

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


def rollback(lab: Laboratory) -> None:
    """Take the last run back."""
    said = lab.orchestrate("rollback", "last", "-i", lab.inventory, "--yes", "--json")
    assert said.returncode == 0, said.stderr
    assert {host["outcome"] for host in document(said)["hosts"]} == {"done"}


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    """The how-to for one member, by LDAP and SMB: a GPO that is made again keeps its id."""
    path = playbook_for(tmp_path, HOST)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\ngpo:\n", "\ngpo:\n  via: smb\n"), encoding="utf-8")
    return path


def test_a_change_of_the_policy(lab: Laboratory, playbook: Path) -> None:
    """The old objects are there again, byte by byte, and the member has the old policy."""
    lab.apply(playbook=playbook)
    before = Sight.of(lab)
    text = playbook.read_text(encoding="utf-8")
    playbook.write_text(text.replace("destination_port: 8080", "destination_port: 9090"))
    lab.apply(playbook=playbook)
    changed = Sight.of(lab)
    rollback(lab)

    assert before.directory.keys() != changed.directory.keys()
    assert before.differences(Sight.of(lab), without=COUNTED | VERSIONS) == []


def test_a_removal(lab: Laboratory, playbook: Path) -> None:
    """GPO, link, objects and assignment are there again, and the member has the policy."""
    lab.apply(playbook=playbook)
    before = Sight.of(lab)
    removed = lab.play("remove", "--yes", "--json", playbook=playbook)
    gone = Sight.of(lab)
    rollback(lab)

    assert removed.returncode == 0, removed.stderr
    assert (before.policy, gone.policy) == (POLICY, None)
    assert before.differences(Sight.of(lab), without=COUNTED | VERSIONS) == []
