"""Every PowerShell file of the package is Windows PowerShell 5.1."""

import os
import re
import subprocess
from pathlib import Path

import pytest

import ipsec_orchestrator
from tests.lacking import lacking

ROOT = Path(ipsec_orchestrator.__file__).parent
SCRIPTS = sorted((ROOT / "facts" / "scripts").glob("*.ps1"))
# What a read-only script may not call.
WRITERS = re.compile(
    r"\b(Set|New|Remove|Clear|Add|Start|Stop|Restart|Rename|Move|Copy|Invoke|Register|Enable|Disable)-(?!Object|WebRequest)\w+",
)
READ_ONLY = (
    "associations",
    "capture_read",
    "host_health",
    "member_policy",
    "probe_services",
    "probe_targets",
    "proof_leftovers",
    "read_template",
    "read_template_access",
    "resolve_names",
)


def test_the_checker_finds_nothing_wrong() -> None:
    """No syntax of later versions, no unknown commands of our own, no unknown parameters."""
    powershell = os.environ.get("IPSEC_LAB_POWERSHELL", "")
    if not powershell:
        lacking("IPSEC_LAB_POWERSHELL does not name a PowerShell")
    files = [str(file) for file in sorted(ROOT.rglob("*.ps1"))]
    commands = Path(powershell).with_name("commands.json")
    options = ["-Commands", str(commands)] if commands.is_file() else []

    done = subprocess.run(
        [powershell, "-Check", *files, *options],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert len(files) >= len(SCRIPTS) > 0
    assert done.returncode == 0, done.stdout
    assert f"{len(files)} passed, 0 failed" in done.stdout


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.stem)
def test_scripts_have_the_common_shape(file: Path) -> None:
    """ASCII, a param block, errors that end the script, one JSON document at the end."""
    text = file.read_text(encoding="ascii")

    assert re.search(r"^param\(", text, re.MULTILINE)
    assert "$ErrorActionPreference = 'Stop'" in text
    assert text.rstrip().splitlines()[-1].startswith("ConvertTo-Json -InputObject ")


@pytest.mark.parametrize("name", READ_ONLY)
def test_read_only_scripts_call_nothing_that_writes(name: str) -> None:
    """A script that only asks contains no verb that changes something."""
    text = (ROOT / "facts" / "scripts" / f"{name}.ps1").read_text(encoding="ascii")
    code = re.sub(r"<#.*?#>", "", text, flags=re.DOTALL)

    found = {match[0] for match in WRITERS.finditer(code)} - {"New-Object"}

    assert found == set()
