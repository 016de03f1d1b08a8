"""What the tests watch themselves with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.leftovers import Leftovers


@pytest.mark.skipif(sys.platform != "linux", reason="reads the process table of Linux")
def test_what_is_left_behind_is_named(tmp_path: Path) -> None:
    """A process and a file that nobody takes away are both found; afterwards there is nothing."""
    leftovers = Leftovers(tmp_path, patience_seconds=0)
    environment = {**os.environ, **leftovers.variables()}
    script = "import sys, tempfile; print(tempfile.mkstemp()[1], flush=True); sys.stdin.read()"
    stray = subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment,
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with stray:
        assert stray.stdout is not None
        file = Path(stray.stdout.readline().strip())
        left = leftovers.found()
    file.unlink()

    assert [words.split(":")[0] for words in left] == [
        f"file or folder {file}",
        f"process {stray.pid}",
    ]
    assert leftovers.found() == []
