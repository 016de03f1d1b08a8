"""What becomes of a PowerShell that does not start."""

import shutil
from pathlib import Path

import pytest

from ipsec_orchestrator.errors import MissingDependencyError
from ipsec_orchestrator.lab.engine_check import check_powershell


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#!/bin/sh\necho first; echo it lacks a library >&2; exit 1\n", "it lacks a library"),
        ("#!/bin/sh\nexit 3\n", "exit code 3"),
        ("no program at all", "Exec format error"),
    ],
)
def test_a_powershell_that_does_not_start_is_named_with_its_last_words(
    tmp_path: Path, text: str, reason: str
) -> None:
    """The sentence says which program, why, and how to do without."""
    program = tmp_path / "pwsh"
    program.write_text(text)
    program.chmod(0o755)

    with pytest.raises(MissingDependencyError, match=reason) as caught:
        check_powershell(str(program))

    assert str(program) in str(caught.value)
    assert "IPSEC_LAB_POWERSHELL" in str(caught.value)


def test_a_program_that_starts_and_ends_is_no_error() -> None:
    """Nothing more is asked of it."""
    check_powershell(shutil.which("true") or "true")
