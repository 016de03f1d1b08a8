"""Files that only their owner may read: created so from the first byte on, replaced as a whole."""

import os
import secrets
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def write_file(path: Path, content: str | bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Replace a file by another one in one step; nobody sees it half-written or too open."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
        fresh.chmod(mode)  # whatever the umask took away
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def make_private_folder(path: Path) -> None:
    """Make a folder, with its parents, that only its owner may enter."""
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    path.chmod(PRIVATE_FOLDER)
