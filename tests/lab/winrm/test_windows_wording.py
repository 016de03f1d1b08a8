r"""What leaves a host reads as Windows writes it: paths of C:, texts of 5.1, ends of lines."""

import itertools
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.lab.winrm.drive import WindowsDrive
from ipsec_orchestrator.lab.winrm.wording import ConsoleText, Wording

DRIVE = WindowsDrive(folder=Path("/lab/drives/vm1"))
_FRAGMENT = struct.Struct(">QQBI")


@pytest.mark.parametrize(
    ("engine", "windows"),
    [
        ("/lab/drives/vm1", "C:\\"),
        ("at '/lab/drives/vm1/Windows/Temp' is", r"at 'C:\Windows\Temp' is"),
        ("<S>/lab/drives/vm1/a</S>", r"<S>C:\a</S>"),
        ("/lab/drives/vm1/a_x000D__x000A_/lab/drives/vm1/b", r"C:\a_x000D__x000A_C:\b"),
        ("C:/Users/Administrator", r"C:\Users\Administrator"),
        ("/lab/drives/vm10/a", "/lab/drives/vm10/a"),
        ("http://x/ and abC:/x", "http://x/ and abC:/x"),
    ],
)
def test_paths_of_the_drive_read_as_on_windows(engine: str, windows: str) -> None:
    """Only what lies on the host's own drive is written with its letter."""
    assert DRIVE.shown(engine.encode()) == windows.encode()


def test_a_windows_path_finds_its_folder(tmp_path: Path) -> None:
    """A folder on C: is found in any spelling of the letter; others, and ways out, are not."""
    drive = WindowsDrive(folder=tmp_path / "c")
    home = drive.prepare("someone")

    assert home == drive.find(r"c:\Users\someone")
    assert drive.find(r"C:\nowhere") is None
    assert drive.find(r"D:\Windows") is None
    assert drive.find(r"C:\..\..") is None
    assert drive.find("") is None


def test_an_unknown_command_is_told_in_the_words_of_5_1() -> None:
    """The later engine's sentence gives way to the one that clients know."""
    said = b"The term 'x' is not recognized as a name of a cmdlet, function, script file, or executable program._x000A_Check the spelling of the name"

    assert Wording(None).of_text(said) == (
        b"The term 'x' is not recognized as the name of a cmdlet, function, script file, or "
        b"operable program. Check the spelling of the name"
    )


def test_messages_keep_their_frame() -> None:
    """A message in one fragment is worded and its length corrected; parts of larger ones stay."""
    head, text = b"h" * 40, b"<S>/lab/drives/vm1/a</S>"
    whole = _FRAGMENT.pack(1, 0, 3, 40 + len(text)) + head + text
    part = _FRAGMENT.pack(2, 0, 1, 40 + len(text)) + head + text

    worded = Wording(DRIVE).of_fragments(whole + part)

    shown = rb"<S>C:\a</S>"
    assert worded == _FRAGMENT.pack(1, 0, 3, 40 + len(shown)) + head + shown + part


@given(st.lists(st.integers(0, 60)))
def test_console_output_does_not_depend_on_how_it_arrives(cuts: list[int]) -> None:
    """Lines and paths come out the same wherever the pipe cuts them."""
    said = b"a\nhost\0\n/lab/drives/vm1/Windows\r\nC:/u\n/lab/drives/vm1/x y"
    console = ConsoleText(Wording(DRIVE))
    places = [0, *sorted(cut for cut in cuts if cut < len(said)), len(said)]

    shown = b"".join(console.more(said[start:end]) for start, end in itertools.pairwise(places))

    assert shown + console.rest() == b"a\r\nhost\nC:\\Windows\r\nC:\\u\r\nC:\\x y"
