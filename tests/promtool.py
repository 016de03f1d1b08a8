"""promtool, Prometheus' own judge of metrics, rules and expressions."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.lacking import lacking


def promtool(*words: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    """Run it; ``.ci/prepare test`` puts it into the virtual environment, without the server."""
    beside = Path(sys.executable).parent / "promtool"
    program = str(beside) if beside.exists() else shutil.which("promtool")
    if program is None:
        lacking("promtool is not there: .ci/prepare test fetches it where there is apt")
    done = subprocess.run(
        [program, *map(str, words)], input=stdin, capture_output=True, timeout=120, check=False
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
