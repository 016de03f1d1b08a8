"""What every command says first: that a run waits for its confirmation.

Read from the state folder alone, before the command's own module is loaded; where no run waits
there is no such folder, and nothing else is imported.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ipsec_orchestrator.cli.options import STATE_VARIABLE, state_folder

FOLDER: Final = "confirmations"
_OPTION: Final = "--state"
# What is asked about the program itself, or for a shell while somebody types.
_SILENT: Final = frozenset({"-h", "--help", "--version", "completion"})
_COMPLETE: Final = "_ORCHESTRATE_COMPLETE"


def tell_pending(arguments: Sequence[str]) -> None:
    """Say on stderr what waits, with the time that is left."""
    if not arguments or _SILENT & set(arguments) or _COMPLETE in os.environ:
        return
    folder = state_folder(_named(arguments) or os.environ.get(STATE_VARIABLE)) / FOLDER
    # What can't be read here is told by the command that needs it.
    with suppress(OSError):
        if folder.is_dir() and any(folder.glob("*.json")):
            _tell_of(folder)


def _tell_of(folder: Path) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - only where something waits

    from ipsec_orchestrator.adapters.confirmation_folder import (  # noqa: PLC0415 - as above
        ConfirmationFolder,
    )
    from ipsec_orchestrator.cli.output import print_lines  # noqa: PLC0415 - as above
    from ipsec_orchestrator.report.confirmation_report import (  # noqa: PLC0415 - as above
        pending_line,
    )

    now = datetime.now(UTC)
    found = ConfirmationFolder(folder).all()
    print_lines([pending_line(pending, now) for pending in found], to_stderr=True)


def _named(arguments: Sequence[str]) -> str | None:
    """Give the folder that ``--state`` names, before anything has parsed the command line."""
    for place, word in enumerate(arguments):
        if word == _OPTION and place + 1 < len(arguments):
            return arguments[place + 1]
        if word.startswith(f"{_OPTION}="):
            return word.partition("=")[2]
    return None
