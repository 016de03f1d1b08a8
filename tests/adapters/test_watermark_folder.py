"""Watermarks on disk: what is in them, and that damage costs a whole read and nothing else."""

import stat
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.adapters.watermark_folder import WatermarkFolder
from ipsec_orchestrator.errors import JournalError
from ipsec_orchestrator.model.directory import Attributes, Entry, Scope
from ipsec_orchestrator.model.watermark import (
    DirectoryMark,
    MemberReading,
    Pin,
    Question,
    Watermark,
)

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
MARK = Watermark(
    playbook="azure / on premises",
    domain="ipsectest.com",
    tool_version="1",
    directory=DirectoryMark(
        dc="dc1.ipsectest.com",
        invocation_id=UUID(int=5),
        usn=4711,
        read_whole=NOON - timedelta(microseconds=1),
        pin=Pin(guid=UUID(int=6), usn=4710),
        answers={
            Question(
                base="DC=ipsectest,DC=com",
                scope=Scope.SUBTREE,
                ldap_filter="(cn=Jürgen)",
                attributes=("cn", "ipsecData"),
            ): (
                Entry(
                    dn="CN=Jürgen,DC=ipsectest,DC=com",
                    attributes=Attributes({"cn": ("Jürgen".encode(),), "ipsecData": (b"\0\xff",)}),
                    guid=UUID(int=7),
                    usn=4700,
                ),
            ),
            Question(base="CN=gone", scope=Scope.BASE, ldap_filter="", attributes=()): (),
        },
    ),
    readings={"vm1": MemberReading(at=NOON, account="CN=VM1", basis="b", clean=True)},
)


@pytest.fixture
def folder(tmp_path: Path) -> WatermarkFolder:
    """A folder that is not there yet."""
    return WatermarkFolder(tmp_path / "state" / "watermarks", "1")


def the_file(tmp_path: Path) -> Path:
    """The only file."""
    (path,) = (tmp_path / "state" / "watermarks").iterdir()
    return path


def identities(mark: Watermark) -> list[tuple[UUID | None, int | None]]:
    """GUIDs and USNs of all entries; they do not count when entries are compared."""
    assert mark.directory is not None
    answers = mark.directory.answers.values()
    return [(entry.guid, entry.usn) for entries in answers for entry in entries]


def test_what_is_put_comes_back(folder: WatermarkFolder) -> None:
    """A watermark comes back as it was, for its own playbook and domain only."""
    folder.put(replace(MARK, playbook="older"))
    folder.put(replace(MARK, readings={}))
    folder.put(MARK)
    found = folder.get(MARK.playbook, "IPSECTEST.com")

    assert found == MARK
    assert isinstance(found, Watermark)
    assert identities(found) == identities(MARK) == [(UUID(int=7), 4700)]
    assert folder.get(MARK.playbook, "other.com") == "there is no earlier look to begin from"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_only_the_owner_may_read_it(folder: WatermarkFolder, tmp_path: Path) -> None:
    """Folder and file are private."""
    folder.put(MARK)
    path = the_file(tmp_path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_every_flipped_bit_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, at: float, bit: int
) -> None:
    """Wherever a bit is flipped, the watermark is not used."""
    root = tmp_path_factory.mktemp("mark")
    folder = WatermarkFolder(root / "state" / "watermarks", "1")
    folder.put(MARK)
    path = the_file(root)
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    path.write_bytes(content)

    assert isinstance(folder.get(MARK.playbook, MARK.domain), str)


@pytest.mark.parametrize("length", [0, 1, 60, 100])
def test_half_a_file_is_damaged(folder: WatermarkFolder, tmp_path: Path, length: int) -> None:
    """A file that ends too early says so, and is replaced by the next watermark."""
    folder.put(MARK)
    path = the_file(tmp_path)
    path.write_bytes(path.read_bytes()[:length])

    assert folder.get(MARK.playbook, MARK.domain) == f"{path} is damaged"
    folder.put(MARK)
    assert folder.get(MARK.playbook, MARK.domain) == MARK


def test_other_versions_are_not_taken(folder: WatermarkFolder, tmp_path: Path) -> None:
    """Marks of another version of the program or of the format are left aside."""
    folder.put(replace(MARK, tool_version="2"))
    path = the_file(tmp_path)
    one = folder.get(MARK.playbook, MARK.domain)
    path.write_bytes(path.read_bytes().replace(b"watermark 1 ", b"watermark 9 ", 1))
    two = folder.get(MARK.playbook, MARK.domain)

    assert one == two == f"{path} is of another version of this program"


def test_folder_that_can_not_be_made_is_an_error(tmp_path: Path) -> None:
    """If it can't be kept, the error names the file."""
    (tmp_path / "state").write_text("in the way", encoding="utf-8")
    with pytest.raises(JournalError, match="watermarks"):
        WatermarkFolder(tmp_path / "state" / "watermarks", "1").put(MARK)
