"""Output of a shell or command, kept until a Receive fetches it."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.lab.winrm.wsman_fault import FaultKind, WsmanFaultError

_PROBE_SECONDS: Final = 0.5


class ReceiverGoneError(BackendError):
    """The client closed its connection while its Receive was waiting."""

    def __init__(self) -> None:
        super().__init__("The client closed its connection while it waited for output.")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of one stream, for example ``stdout``."""

    stream: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one Receive brings home.

    Attributes:
        chunks: In the order of their writing.
        finished: Nothing will follow.
        exit_code: Of the command, once finished.
    """

    chunks: Sequence[Chunk]
    finished: bool
    exit_code: int


class CommandOutput:
    """A queue between one producer and Receive requests; safe for threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._chunks: deque[Chunk] = deque()
        self._finished = False
        self._exit_code = 0
        self._fault: WsmanFaultError | None = None

    def write(self, stream: str, content: bytes) -> None:
        """Add output; ignored once the command has ended."""
        with self._changed:
            if content and not self._finished:
                self._chunks.append(Chunk(stream, content))
                self._changed.notify_all()

    def finish(self, exit_code: int = 0) -> None:
        """Say that nothing will follow; the first exit code counts."""
        with self._changed:
            if not self._finished:
                self._finished, self._exit_code = True, exit_code
            self._changed.notify_all()

    def fail(self, fault: WsmanFaultError) -> None:
        """Answer the waiting and every later Receive with a fault, after what is there already."""
        with self._changed:
            self._fault = self._fault or fault
            self._changed.notify_all()

    def take(
        self, *, limit_bytes: int, timeout_seconds: float, abandoned: Callable[[], bool]
    ) -> Batch:
        """Wait for output and take as much as fits into one answer, at least one chunk.

        Args:
            limit_bytes: Of content; chunks stay whole because PSRP fragments must.
            timeout_seconds: Of the operation.
            abandoned: Whether the client has gone; then nothing is taken, so that its next
                connection gets it.

        Raises:
            WsmanFaultError: TIMED_OUT, or what the producer failed with.
            ReceiverGoneError: The client has gone.
        """
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while not self._chunks and not self._finished:
                if self._fault is not None:
                    raise self._fault
                remaining_seconds = deadline - time.monotonic()
                if remaining_seconds <= 0:
                    raise WsmanFaultError(FaultKind.TIMED_OUT)
                self._changed.wait(min(remaining_seconds, _PROBE_SECONDS))
                if abandoned():
                    raise ReceiverGoneError
            chunks: list[Chunk] = []
            size = 0
            while self._chunks and (
                not chunks or size + len(self._chunks[0].content) <= limit_bytes
            ):
                chunks.append(self._chunks.popleft())
                size += len(chunks[-1].content)
            finished = self._finished and not self._chunks
            return Batch(chunks=chunks, finished=finished, exit_code=self._exit_code)

    def restore(self, batch: Batch) -> None:
        """Put back what could not be delivered."""
        with self._changed:
            self._chunks.extendleft(reversed(batch.chunks))
            self._changed.notify_all()
