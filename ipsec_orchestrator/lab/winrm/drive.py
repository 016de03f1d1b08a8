r"""The C: drive of a host whose scripts run on Linux: a folder, and how its paths read outside.

Within the engine a file of the host has a path of Linux, which .NET can open; ``C:\...`` leads
there too. On the wire only the Windows form is seen.
"""

import re
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Final

FOLDER_VARIABLE: Final = "IPSEC_LAB_DRIVE"
"""Tells the host's start script where the folder is."""

_LETTER: Final = "C:"
# Names end at whatever a Windows name can't hold, at white space, at markup, and at the escaped
# control characters of CLIXML ([MS-PSRP] 2.2.5.3.2).
_REST: Final = rb"((?:/(?:(?!_x00[0-9A-Fa-f]{2}_)[^/\\\s<>\"'|?*:;,&])*)*)"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsDrive:
    """A folder that plays drive C:.

    Attributes:
        folder: Its root; an absolute path without blanks.
    """

    folder: Path

    def prepare(self, user: str) -> Path:
        """Make the folders that every Windows has, and give the user's own.

        Args:
            user: Name of the account, without its domain.
        """
        home = self.folder / "Users" / user
        for wanted in (self.folder / "Windows" / "Temp", home):
            wanted.mkdir(parents=True, exist_ok=True)
        return home

    def find(self, path: str) -> Path | None:
        r"""Give the folder that a path on C: means, if it is there."""
        wanted = PureWindowsPath(path)
        if wanted.drive.upper() != _LETTER or ".." in wanted.parts:
            return None
        found = self.folder.joinpath(*wanted.parts[1:])
        return found if found.is_dir() else None

    def shown(self, text: bytes) -> bytes:
        r"""Write every path of the folder as Windows does: ``C:\Windows``."""
        root = re.escape(str(self.folder).encode())
        # A location on the drive itself has the letter, but slashes that lean the other way.
        return re.sub(rb"(?:%b(?![\w.-])|\bC:(?=/))%b" % (root, _REST), _as_windows, text)


def _as_windows(match: re.Match[bytes]) -> bytes:
    return _LETTER.encode() + (match[1].replace(b"/", b"\\") or b"\\")
