"""The lab's end of a member's line: typed questions are built on :meth:`Line.ask`."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Final

from ipsec_orchestrator.errors import LabProgramError

MARGIN_SECONDS: Final = 30.0
"""What an answer may take beyond the time that the question itself allows."""

WINDOW_BYTES: Final = 2048
"""What may be under way to the member: a full serial line of user-mode-linux never recovers."""


class Line:
    """One JSON object a line, answers in any order; safe for many threads.

    Args:
        channel: A connected stream; this object owns it.
        name: Of the member, for errors.
        last_lines: Gives the last lines of the member's console, for errors.
    """

    def __init__(
        self, channel: socket.socket, name: str, last_lines: Callable[[], tuple[str, ...]]
    ) -> None:
        self._channel = channel
        self._name = name
        self._last_lines = last_lines
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Mapping[str, Any]]] = {}
        self._ended = False
        self._next = 1
        self._under_way = 0
        self._room = threading.Condition()
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, name=f"line-{name}", daemon=True)
        self._reader.start()

    @property
    def is_open(self) -> bool:
        """Whether the member is still at the other end."""
        return not self._ended

    def wait_until_ready(self, timeout_seconds: float) -> None:
        """Wait for the member's first word.

        Raises:
            LabProgramError: It did not come in time, or the member ended.
        """
        in_time = self._ready.wait(timeout_seconds)
        if self._ended or not in_time:
            reason = "it ended while it started" if self._ended else "it did not come up in time"
            raise self._error(reason)

    def ask(self, verb: str, *, wait_seconds: float = 0.0, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        """Ask for something and give the answer, whatever JSON it is.

        Args:
            verb: One of the verbs of :mod:`ipsec_orchestrator.lab.wire.guest.agent`.
            wait_seconds: How long the member itself may wait for something.
            arguments: Of the verb.

        Raises:
            OSError: The member's kernel refused, in the class that fits: for example
                ``ConnectionRefusedError`` or ``TimeoutError``.
            LabProgramError: A program in the member failed, or the member is gone.
        """
        answer: Future[Mapping[str, Any]] = Future()
        with self._lock:
            number = self._next
            self._next += 1
            self._waiting[number] = answer
            self._send({"id": number, "verb": verb, "arguments": arguments})
        try:
            found = answer.result(wait_seconds + MARGIN_SECONDS)
        except FutureTimeoutError as error:
            raise self._error(f"no answer to {verb}") from error
        finally:
            self._waiting.pop(number, None)
        return self._result(found)

    def power_off(self) -> None:
        """Ask the member to end; nothing comes back."""
        # A member that ended before has done what is wanted.
        with self._lock, contextlib.suppress(LabProgramError):
            self._send({"verb": "power-off"})

    def close(self) -> None:
        """Let go of the line."""
        # The other end may have gone first.
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._channel.close()

    def _send(self, request: Mapping[str, object]) -> None:
        content = json.dumps(request).encode() + b"\n"
        for start in range(0, len(content), WINDOW_BYTES // 2):
            piece = content[start : start + WINDOW_BYTES // 2]
            with self._room:
                in_time = self._room.wait_for(
                    lambda: self._ended or self._under_way <= WINDOW_BYTES // 2, MARGIN_SECONDS
                )
                if self._ended or not in_time:
                    raise self._error("it runs no more" if self._ended else "it does not listen")
                self._under_way += len(piece)
            try:
                self._channel.sendall(piece)
            except OSError as error:
                raise self._error("it runs no more") from error

    def _result(self, answer: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        error = answer.get("error")
        if error is not None:
            number, text = error["number"], error["text"]
            # Time-outs of Python's own sockets have a text only.
            raise TimeoutError(text) if number is None else OSError(number, text)
        if "failure" in answer:
            raise LabProgramError(
                program=f"the guest {self._name}",
                reason="a request failed",
                last_lines=answer["failure"].splitlines(),
            )
        return answer["result"]

    def _read(self) -> None:
        # Half a line of a member that was killed is the end like any other.
        with self._channel.makefile("rb") as reader, contextlib.suppress(OSError, ValueError):
            for line in reader:
                self._take(json.loads(line))
        with self._room:
            self._ended = True
            self._room.notify_all()
        self._ready.set()
        for answer in list(self._waiting.values()):
            answer.set_exception(self._error("it ended"))

    def _take(self, message: Mapping[str, Any]) -> None:
        if "taken" in message:
            with self._room:
                self._under_way -= int(message["taken"])
                self._room.notify_all()
        elif "ready" in message:
            self._ready.set()
        elif (waiting := self._waiting.get(message["id"])) is not None:
            waiting.set_result(message)

    def _error(self, reason: str) -> LabProgramError:
        return LabProgramError(
            program=f"the guest {self._name}", reason=reason, last_lines=self._last_lines()
        )
