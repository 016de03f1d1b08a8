"""Files that their owner alone may read, written whole or not at all."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside the old one and put it in its place, mode 0600.

    Raises:
        OSError: It can't be written; the old one is as it was.
    """
    target = path.resolve()  # what a symbolic link points to, not the link
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
