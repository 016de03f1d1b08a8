"""The parts of the listener that only look at text and bytes."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.lab.winrm.command_line import (
    PowerShellLine,
    is_powershell,
    read_powershell_arguments,
    split_command_line,
)
from ipsec_orchestrator.lab.winrm.fault_texts import FAULT_TEXTS
from ipsec_orchestrator.lab.winrm.faults import Locale
from ipsec_orchestrator.lab.winrm.psrp_fragments import (
    PipelineStateWatcher,
    split_after,
    without_pipeline_states,
)
from ipsec_orchestrator.lab.winrm.soap import parse_duration
from ipsec_orchestrator.lab.winrm.wsman_fault import FaultKind, WsmanFaultError

PIPELINE_STATE = 0x00041006
PIPELINE_OUTPUT = 0x00041004


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("", []),
        ("a b\tc", ["a", "b", "c"]),
        ('"a b" c', ["a b", "c"]),
        ('a"b c"d', ["ab cd"]),
        (r"a\b \\c", [r"a\b", r"\\c"]),
        (r"a\"b", ['a"b']),
        (r'"a\\" b', ["a\\", "b"]),
        ('"" x', ["", "x"]),
        (r"C:\folder\ x", ["C:\\folder\\", "x"]),
    ],
)
def test_command_lines_split_as_on_windows(line: str, arguments: list[str]) -> None:
    """Quotes group, and backslashes escape nothing but quotes."""
    assert split_command_line(line) == arguments


@given(st.lists(st.text(st.characters(exclude_characters='"\\', exclude_categories=["Cs"]))))
def test_quoted_arguments_survive_splitting(arguments: list[str]) -> None:
    """What is put in quotes comes out as it was."""
    assert split_command_line(" ".join(f'"{one}"' for one in arguments)) == arguments


@pytest.mark.parametrize(
    ("path", "yes"),
    [
        ("powershell", True),
        ("PowerShell.EXE", True),
        (r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe", True),
        ("pwsh", True),
        ("powershell_ise.exe", False),
        ("", False),
    ],
)
def test_programs_are_told_by_their_name(path: str, *, yes: bool) -> None:
    """Folder, case and ending don't matter."""
    assert is_powershell(path) is yes


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["Get-Date;", "1"], PowerShellLine(command="Get-Date; 1")),
        (["-Command", "a", "b"], PowerShellLine(command="a b")),
        (["-NoP", "-c", "-x"], PowerShellLine(command="-x")),
        (["-ep", "Bypass", "-File", "a.ps1", "1"], PowerShellLine(file=["a.ps1", "1"])),
        (["-"], PowerShellLine(command="-")),
        ([], PowerShellLine(command="-")),
        (["-enc", "MQA="], PowerShellLine(encoded="1")),
        (["-enc", "!"], None),
        (["-enc"], None),
        (["-File"], None),
        (["-Version"], None),
    ],
)
def test_powershell_arguments(arguments: list[str], line: PowerShellLine | None) -> None:
    """powershell.exe's own parameters are told from the script."""
    assert read_powershell_arguments(arguments) == line


@given(st.text())
def test_encoded_scripts_survive(script: str) -> None:
    """Any script comes out of ``-EncodedCommand`` as it went in."""
    encoded = base64.b64encode(script.encode("utf-16-le", "surrogatepass")).decode()
    line = read_powershell_arguments(["-EncodedCommand", encoded])

    assert line == PowerShellLine(encoded=script)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT20S", 20), ("PT1.5S", 1.5), ("PT1M", 60), ("P1DT1H1M1S", 90061), ("PT0S", 0)],
)
def test_durations(text: str, seconds: float) -> None:
    """Days and less become seconds."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "-PT1S", "PT-1S", "20", "PT1S1M"])
def test_what_is_no_duration(text: str) -> None:
    """Everything else is refused with the fault that quotes it."""
    with pytest.raises(WsmanFaultError) as caught:
        parse_duration(text)

    assert (caught.value.kind, caught.value.subject) == (FaultKind.INVALID_TIMEOUT, text)


def test_every_fault_has_a_text_in_every_language() -> None:
    """No situation falls back to another language."""
    assert set(FAULT_TEXTS) == {kind.name for kind in FaultKind}
    assert all(set(texts) == set(Locale) for texts in FAULT_TEXTS.values())


def fragments(message_type: int, content: bytes, *, size: int = 1000, object_id: int = 7) -> bytes:
    """Cut one PSRP message into fragments."""
    message = struct.pack("<II", 1, message_type) + bytes(32) + content
    parts = [message[at : at + size] for at in range(0, len(message), size)]
    return b"".join(
        struct.pack(
            ">QQBI", object_id, number, (number == 0) | (number == len(parts) - 1) << 1, len(part)
        )
        + part
        for number, part in enumerate(parts)
    )


def state(number: int) -> bytes:
    """The text of a PIPELINE_STATE message."""
    return f'<Obj RefId="0"><MS><I32 N="PipelineState">{number}</I32></MS></Obj>'.encode()


@pytest.mark.parametrize(("number", "ends"), [(2, False), (3, True), (4, True), (5, True)])
@pytest.mark.parametrize("size", [1000, 60])
def test_the_end_of_a_pipeline_is_seen(number: int, *, ends: bool, size: int) -> None:
    """Stopped, completed and failed are ends, also when the message comes in pieces."""
    watcher = PipelineStateWatcher()
    content = fragments(PIPELINE_STATE, state(number), size=size)

    assert watcher.ends_with(content) is ends


def test_output_that_looks_like_a_state_is_none() -> None:
    """Only the message's type decides."""
    assert not PipelineStateWatcher().ends_with(fragments(PIPELINE_OUTPUT, state(4)))


def test_a_pools_pipeline_states_are_left_out() -> None:
    """Other messages of the same blob stay as they were."""
    output = fragments(PIPELINE_OUTPUT, b"<S>x</S>")

    assert without_pipeline_states(output + fragments(PIPELINE_STATE, state(4)) + output) == (
        output + output
    )


def test_fragments_are_parted_whole() -> None:
    """The first fragments and the rest give the whole again."""
    one, two = (fragments(PIPELINE_OUTPUT, text) for text in (b"a", b"bc"))

    assert split_after(one + two, 1) == (one, two)
    assert split_after(one + two, 5) == (one + two, b"")
