"""The journal of a run as a file: one JSON object a line, each on the disk before it counts."""

import json
import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from typing_extensions import override

from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import Clock, Journal


class JsonlJournal(Journal):
    """Append-only; every line ends with a checksum of itself, so that a torn line is seen."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open a new journal.

        Raises:
            BackendError: The file can't be made.
        """
        self.path = path
        self._clock = clock
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Attribute values are in here: nobody else's business.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as error:
            raise BackendError(
                f"The journal {path} can't be made: {error.strerror}.",
                cure="Choose another state folder with --state.",
            ) from error
        self._file = os.fdopen(descriptor, "ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @override
    def append(self, kind: str, **fields: Json) -> None:
        event = {"event": kind, "time": self._clock.now().isoformat(), **fields}
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        line = json.dumps(
            {**event, "sum": sha256(text.encode()).hexdigest()[:16]}, ensure_ascii=False
        )
        try:
            self._file.write(line.encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise BackendError(
                f"The journal {self.path} can't be written: {error.strerror}.",
                cure="Free some space; what is done so far stays done, plan again afterwards.",
            ) from error
