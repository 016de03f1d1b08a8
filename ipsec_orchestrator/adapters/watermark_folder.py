"""Watermarks as files: compressed JSON, with a digest in front that shows damage."""

import gzip
import json
from hashlib import sha256
from pathlib import Path
from typing import Final

from typing_extensions import override

from ipsec_orchestrator.adapters.durable_files import make_private_folder, sync_folder
from ipsec_orchestrator.adapters.private_file import replace_file
from ipsec_orchestrator.errors import JournalError
from ipsec_orchestrator.model.watermark import Watermark
from ipsec_orchestrator.planning.drift.watermark_file import (
    FORMAT,
    watermark_from_json,
    watermark_to_json,
)
from ipsec_orchestrator.ports.watermarks import Watermarks

_HEAD: Final = b"ipsec_orchestrator watermark "
_COMPRESSION: Final = 3
_OTHER_VERSION: Final = "is of another version of this program"


class WatermarkFolder(Watermarks):
    """Watermarks in a folder, which is made with the first one."""

    def __init__(self, folder: Path, tool_version: str) -> None:
        """Use the folder; marks of other versions of the program are not taken."""
        self._folder = folder
        self._tool_version = tool_version

    @override
    def get(self, playbook: str, domain: str) -> Watermark | str:
        path = self._path(playbook, domain)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return "there is no earlier look to begin from"
        except OSError as error:
            return f"{path} can't be read: {error.strerror}"
        mark = _parsed(content)
        if isinstance(mark, str):
            return f"{path} {mark}"
        if mark.tool_version != self._tool_version:
            return f"{path} {_OTHER_VERSION}"
        if (mark.playbook, mark.domain.casefold()) != (playbook, domain.casefold()):
            return f"{path} belongs to another playbook or domain"
        return mark

    @override
    def put(self, mark: Watermark) -> None:
        path = self._path(mark.playbook, mark.domain)
        text = json.dumps(watermark_to_json(mark), separators=(",", ":"))
        body = gzip.compress(text.encode(), compresslevel=_COMPRESSION, mtime=0)
        try:
            make_private_folder(self._folder)
            replace_file(path, _head(body) + b"\n" + body)
            sync_folder(self._folder)
        except OSError as error:
            raise JournalError(path=str(path), reason=error.strerror or "an error") from error

    def _path(self, playbook: str, domain: str) -> Path:
        # Names of playbooks may hold what names of files may not.
        name = sha256(f"{domain.casefold()}\n{playbook}".encode()).hexdigest()[:24]
        return self._folder / f"{name}.watermark"


def _parsed(content: bytes) -> Watermark | str:
    """Give what a file holds, or what is wrong with it."""
    head, _, body = content.partition(b"\n")
    if head != _head(body):
        ours = head.startswith(_HEAD + f"{FORMAT} ".encode())
        return _OTHER_VERSION if head.startswith(_HEAD) and not ours else "is damaged"
    try:
        return watermark_from_json(json.loads(gzip.decompress(body)))
    except (OSError, EOFError, ValueError, TypeError, KeyError):
        # The digest is right, so somebody else wrote it so.
        return "does not hold what this program writes"


def _head(body: bytes) -> bytes:
    return _HEAD + f"{FORMAT} {sha256(body).hexdigest()}".encode()
