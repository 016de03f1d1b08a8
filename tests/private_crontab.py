"""A real ``crontab`` whose tables lie in a folder of the test's own."""

import os
import shutil
from pathlib import Path

from tests.lacking import lacking


def private_crontab(folder: Path) -> Path:
    """Make a program ``crontab`` in a folder ``bin``.

    The place of its tables is built into cron's own, so that one is run where another folder is
    mounted in this place, for itself alone.
    """
    if shutil.which("crontab") is None or shutil.which("unshare") is None:
        lacking("there is no crontab (Debian package cron)")
    if os.geteuid() != 0:
        lacking("only root can give crontab a place of its own")
    tables = folder / "tables"
    tables.mkdir()
    program = folder / "bin" / "crontab"
    program.parent.mkdir()
    inner = 'mount --bind "$0" /var/spool/cron/crontabs && exec /usr/bin/crontab "$@"'
    program.write_text(f"#!/bin/sh\nexec unshare -m sh -c '{inner}' '{tables}' \"$@\"\n")
    program.chmod(0o755)
    return program
