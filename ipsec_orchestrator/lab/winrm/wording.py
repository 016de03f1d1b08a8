"""What leaves a host reads as Windows PowerShell 5.1 writes it, though the engine is a later one."""

import re
from collections.abc import Callable
from typing import Final

from ipsec_orchestrator.lab.winrm.drive import WindowsDrive
from ipsec_orchestrator.lab.winrm.psrp_fragments import with_content

# The engine's sentence, and the one of 5.1; the line break is escaped in CLIXML.
_NOT_RECOGNIZED: Final = re.compile(
    rb"is not recognized as a name of a cmdlet, function, script file, or executable program\."
    rb"(?:_x000D_)?(?:_x000A_|\r?\n)Check the spelling",
)
_NOT_RECOGNIZED_5: Final = (
    b"is not recognized as the name of a cmdlet, function, script file, or operable program. "
    b"Check the spelling"
)
# A line's end, or a path on the drive, may begin with these.
_UNDECIDED: Final = (b"\0", b"\r", b"C", b"C:")


class Wording:
    """How one host's output reads.

    Args:
        drive: The host's C: drive, if it has one.
    """

    def __init__(self, drive: WindowsDrive | None) -> None:
        self._show: Callable[[bytes], bytes] = (lambda text: text) if drive is None else drive.shown

    def of_text(self, text: bytes) -> bytes:
        """Word a text as a Windows host would."""
        return self._show(_NOT_RECOGNIZED.sub(_NOT_RECOGNIZED_5, text))

    def of_fragments(self, fragments: bytes) -> bytes:
        """Word the PSRP messages that fit into one fragment; larger ones pass as they are."""
        return with_content(fragments, self.of_text)


class ConsoleText:
    r"""The standard output of ``powershell.exe`` on a pipe, piece by piece.

    Lines end with CR LF, but those of Write-Host with a line feed alone; the start script of the
    engine marks these with a NUL.

    Args:
        wording: How the host's output reads.
    """

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._held = b""

    def more(self, text: bytes) -> bytes:
        """Give what can be passed on; a line that has not ended may have to wait for its end."""
        whole, end, rest = (self._held + text).rpartition(b"\n")
        # Only what may still become a path or a line's end is worth waiting for.
        self._held = rest if b"/" in rest or rest.endswith(_UNDECIDED) else b""
        return self._worded(whole + end + (b"" if self._held else rest))

    def rest(self) -> bytes:
        """Give what is left when the program has ended."""
        held, self._held = self._held, b""
        return self._worded(held)

    def _worded(self, text: bytes) -> bytes:
        lines = re.sub(rb"(?<![\r\0])\n", b"\r\n", text).replace(b"\0\n", b"\n")
        return self._wording.of_text(lines)
