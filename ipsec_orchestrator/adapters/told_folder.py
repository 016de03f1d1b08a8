"""What each channel was told, as files: one small JSON document a playbook, beside the passes."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from ipsec_orchestrator.adapters.durable_files import make_private_folder, sync_folder
from ipsec_orchestrator.adapters.private_file import replace_file
from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.ports import ToldRecord

_CURE: Final = "Look at the rights of the state folder, or choose another with --state."


class ToldFolder(ToldRecord):
    """The record in a folder, which is made with the first file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @override
    def read(self, playbook: str, domain: str) -> Mapping[str, str]:
        path = self._path(playbook, domain)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise BackendError(f"{path} can't be read: {error.strerror}.", cure=_CURE) from error
        try:
            found: Any = json.loads(content)
            return {str(key): str(told) for key, told in found["told"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            # Then every channel counts as a new one: it hears of the next change.
            return {}

    @override
    def write(self, playbook: str, domain: str, told: Mapping[str, str]) -> None:
        path = self._path(playbook, domain)
        document = {"playbook": playbook, "domain": domain, "told": dict(sorted(told.items()))}
        try:
            make_private_folder(self._folder)
            replace_file(path, json.dumps(document, indent=1).encode())
            sync_folder(self._folder)
        except OSError as error:
            raise BackendError(f"{path} can't be written: {error.strerror}.", cure=_CURE) from error

    def _path(self, playbook: str, domain: str) -> Path:
        """Give a name that every file system takes, whatever the playbook is called."""
        name = hashlib.sha256(f"{playbook}\n{domain.casefold()}".encode()).hexdigest()[:32]
        return self._folder / f"{name}.json"
