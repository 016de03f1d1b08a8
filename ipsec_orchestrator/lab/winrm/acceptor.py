"""One thread that accepts the connections of any number of listening sockets."""

import contextlib
import queue
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Final, TypeAlias

from ipsec_orchestrator.errors import BackendError

_BACKLOG: Final = 256

OnConnection: TypeAlias = Callable[[socket.socket, str], None]
"""Called in the acceptor's thread with the connection and its client's address; must not block."""


class Acceptor:
    """Waits on all listening sockets of the lab, which cost no thread while they are idle."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._awake, self._wake = socket.socketpair()
        self._awake.settimeout(0)
        self._selector.register(self._awake, selectors.EVENT_READ)
        self._running = True
        self._thread = threading.Thread(target=self._run, name="winrm-acceptor", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; listening sockets have to be closed before."""

        def end() -> None:
            self._running = False

        self._carry_out(end)
        self._thread.join()
        self._selector.close()
        self._awake.close()
        self._wake.close()

    def listen(self, address: str, port: int, on_connection: OnConnection) -> socket.socket:
        """Listen on an address; ``port`` 0 takes any free one.

        Raises:
            BackendError: The address can't be listened on.
        """
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address, port))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            raise BackendError(
                f"{address}:{port} can't be listened on: {error.strerror or error}.",
                cure="End what uses it, or start the lab on other addresses.",
            ) from error
        listening.settimeout(0)
        self._carry_out(lambda: self._register(listening, on_connection))
        return listening

    def close(self, listening: socket.socket) -> None:
        """Stop listening; new connections are refused when this returns."""

        def end() -> None:
            self._selector.unregister(listening)
            listening.close()

        self._carry_out(end)

    def _register(self, listening: socket.socket, on_connection: OnConnection) -> None:
        self._selector.register(listening, selectors.EVENT_READ, on_connection)

    def _carry_out(self, order: Callable[[], None]) -> None:
        """Have the thread do something between two waits, and wait for it."""
        done = threading.Event()

        def and_tell() -> None:
            try:
                order()
            finally:
                done.set()

        self._orders.put(and_tell)
        self._wake.send(b"\0")
        done.wait()

    def _run(self) -> None:
        while self._running:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._obey()
                elif isinstance(key.fileobj, socket.socket):
                    self._accept(key.fileobj, key.data)

    def _obey(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._awake.recv(64):
                pass
        with contextlib.suppress(queue.Empty):
            while True:
                self._orders.get_nowait()()

    @staticmethod
    def _accept(listening: socket.socket, on_connection: OnConnection) -> None:
        try:
            connection, (address, *_) = listening.accept()
        except OSError:
            return  # gone before we came, or closed by an order of this very round
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        on_connection(connection, address)
