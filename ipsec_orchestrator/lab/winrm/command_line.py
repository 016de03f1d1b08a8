"""Command lines as Windows takes them apart."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_SHELLS: Final = frozenset({"powershell", "pwsh"})
# Parameters of powershell.exe in the order in which an abbreviation finds them; True: has a value.
_PARAMETERS: Final[Sequence[tuple[str, bool]]] = (
    ("noprofile", False),
    ("nologo", False),
    ("noninteractive", False),
    ("noexit", False),
    ("sta", False),
    ("mta", False),
    ("executionpolicy", True),
    ("encodedcommand", True),
    ("encodedarguments", True),
    ("inputformat", True),
    ("outputformat", True),
    ("windowstyle", True),
    ("version", True),
    ("psconsolefile", True),
    ("command", True),
    ("configurationname", True),
    ("file", True),
)
_WITH_VALUE: Final = frozenset(name for name, has_value in _PARAMETERS if has_value)
_ALIASES: Final = {
    "ep": "executionpolicy",
    "e": "encodedcommand",
    "ec": "encodedcommand",
    "if": "inputformat",
    "of": "outputformat",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerShellLine:
    """A call of powershell.exe.

    Attributes:
        encoded: Script of ``-EncodedCommand``, decoded; ``None`` where there is none.
        command: Text of ``-Command``; ``-`` reads the script from standard input.
        file: Path and arguments of ``-File``.
    """

    encoded: str | None = None
    command: str | None = None
    file: Sequence[str] = ()


def split_command_line(line: str) -> Sequence[str]:
    """Split at blanks, outside double quotes; backslashes escape quotes only.

    The rules are those of ``CommandLineToArgvW``.
    """
    arguments: list[str] = []
    current = ""
    quoted = started = False
    for backslashes, quote, other in re.findall(r'(\\*)(?:(")|([^\\"]|$))', line):
        if quote:
            current += "\\" * (len(backslashes) // 2)
            if len(backslashes) % 2:
                current += '"'
            else:
                quoted = not quoted
            started = True
            continue
        current += backslashes
        if other and (quoted or not other.isspace()):
            current += other
        elif started or current:
            arguments.append(current)
            current, started = "", False
    if started or current:
        arguments.append(current)
    return arguments


def program_name(path: str) -> str:
    """Give the name that decides what runs: lower case, without folder and ``.exe``."""
    return re.split(r"[\\/]", path)[-1].lower().removesuffix(".exe")


def is_powershell(path: str) -> bool:
    """Whether that program is a PowerShell."""
    return program_name(path) in _SHELLS


def read_powershell_arguments(arguments: Sequence[str]) -> PowerShellLine | None:
    """Understand powershell.exe's own parameters, abbreviated as it allows.

    Returns:
        ``None`` where the base64 of ``-EncodedCommand`` is none, or a value is missing.
    """
    rest = list(arguments)
    while rest:
        word = rest[0]
        name = _full_name(word)
        if name is None:
            return PowerShellLine(command=" ".join(rest))
        rest.pop(0)
        match name:
            case "command":
                return PowerShellLine(command=" ".join(rest)) if rest else None
            case "file":
                return PowerShellLine(file=rest) if rest else None
            case "encodedcommand":
                script = _decode(rest[0]) if rest else None
                return None if script is None else PowerShellLine(encoded=script)
            case _ if name in _WITH_VALUE:
                if not rest:
                    return None
                rest.pop(0)
            case _:
                pass
    return PowerShellLine(command="-")


def _full_name(word: str) -> str | None:
    if len(word) < len("-x") or word[0] not in "-/":
        return None
    name = word[1:].lower()
    if name in _ALIASES:
        return _ALIASES[name]
    return next((full for full, _ in _PARAMETERS if full.startswith(name)), None)


def _decode(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode("utf-16-le")
    except (binascii.Error, UnicodeDecodeError):
        return None
