# ruff: noqa: INP001 - a script beside its picture, not a package
"""Draws ``demo.svg``: plays the demo on a terminal of its own and keeps what it printed.

Run it as root on a machine that can have the lab::

    python docs/images/draw_demo.py

Nothing is typed in by hand: the lines come from ``orchestrate demo``. Of the plan the details of
a few objects are left out, which the picture marks by dots, so that it stays readable.
"""

import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE: Final = Path(__file__).with_name("demo.svg")
COLUMNS: Final = 104
# Changes whose details add nothing to the picture.
_WITHOUT_DETAILS: Final = ("default response", "key exchange", "GPO version")
# A picture that fetches a font from somewhere is none that can be looked at anywhere.
_WITHOUT_WEB_FONTS: Final = re.sub(r"@font-face {{.*?}}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
_BEGIN: Final = "$ orchestrate plan"
_RUN: Final = "$ orchestrate apply"
_TABLE: Final = "┏━"
_TABLE_END: Final = "└─"


def played(state: Path) -> list[str]:
    """Play the demo and give its standard output, line by line, with colours.

    Raises:
        CalledProcessError: It did not end well.
    """
    leader, follower = pty.openpty()
    environment = {
        **os.environ,  # noqa: TID251 - a script, not a part of the program
        "COLUMNS": str(COLUMNS),
        "TERM": "xterm-256color",
    }
    command = [sys.executable, "-m", "ipsec_orchestrator", "demo", "--state", str(state)]
    with subprocess.Popen(  # noqa: S603 - our own program, nothing from outside
        command,
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        os.close(follower)
        output = b"".join(_chunks(leader))
    os.close(leader)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return output.decode().replace("\r\n", "\n").splitlines()


def _chunks(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(terminal, 65_536)
        except OSError:  # Linux says so when the other side of the terminal is gone
            return
        if not chunk:
            return
        yield chunk


def chosen(lines: Sequence[str]) -> Iterator[Text]:
    """Give the plan, shortened, then the command that carries it out and its table of hosts."""
    texts = [Text.from_ansi(line) for line in lines]
    begin = _first(texts, _BEGIN, 0)
    run = _first(texts, _RUN, begin)
    yield from _shortened(texts[begin : run - 2])
    yield Text()
    yield texts[run]
    first, last = _first(texts, _TABLE, run), _first(texts, _TABLE_END, run)
    yield from texts[first : last + 2]


def _first(texts: Sequence[Text], start: str, place: int) -> int:
    return next(i for i, text in enumerate(texts) if i >= place and text.plain.startswith(start))


def _shortened(texts: Sequence[Text]) -> Iterator[Text]:
    """Leave out the details of some changes; dots stand in their place."""
    omitting = dotted = False
    for text in texts:
        if not text.plain.startswith("      "):
            omitting = any(word in text.plain for word in _WITHOUT_DETAILS)
            dotted = False
        if not omitting or not text.plain.startswith("      "):
            yield text
        elif not dotted:
            dotted = True
            yield Text("      ...", style="dim")


def main() -> None:
    """Draw the picture."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        lines = played(Path(folder))
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        for text in chosen(lines):
            console.print(text, no_wrap=True, overflow="ellipsis", crop=True)
        # A fixed id: drawing the same twice gives the same file.
        svg = console.export_svg(
            title="make demo", theme=MONOKAI, unique_id="demo", code_format=_WITHOUT_WEB_FONTS
        )
    PICTURE.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
