"""Watching the guest's adapter: frames as they are on the wire, with their times."""

import socket
import struct
import threading
from collections.abc import Mapping
from typing import Any

from ipsec_orchestrator.lab.wire.guest.network import ADAPTER

ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
SOL_PACKET = 263
PACKET_STATISTICS = 6
RECEIVE_BUFFER_BYTES = 4_000_000
LARGEST_FRAME_BYTES = 70_000
POLL_SECONDS = 0.2
PAGE_FRAMES = 500


class _Capture:
    def __init__(self, most_frames: int, kept_bytes: int) -> None:
        self._most_frames = most_frames
        self._kept_bytes = kept_bytes
        self._frames: list[dict[str, Any]] = []
        self._left_out = 0
        self._lost_in_kernel = 0
        self._stopping = threading.Event()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((ADAPTER, ETH_P_ALL))
        self._socket.settimeout(POLL_SECONDS)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while True:
            try:
                content, ancillary, _, sender = self._socket.recvmsg(LARGEST_FRAME_BYTES, 64)
            except TimeoutError:
                # Only an empty queue ends it, so that what came before the end is kept.
                if self._stopping.is_set():
                    return
                continue
            if len(self._frames) >= self._most_frames:
                self._left_out += 1
                continue
            self._frames.append(
                {
                    "nanoseconds": _nanoseconds(ancillary),
                    "outgoing": sender[2] == socket.PACKET_OUTGOING,
                    "length": len(content),
                    "content": content[: self._kept_bytes],
                }
            )

    def read(self, first: int) -> Mapping[str, Any]:
        statistics = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        # Reading them sets them back to zero.
        self._lost_in_kernel += struct.unpack("=II", statistics)[1]
        return {
            "frames": self._frames[first : first + PAGE_FRAMES],
            "seen": len(self._frames),
            "left_out": self._left_out,
            "lost": self._lost_in_kernel,
        }

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def close(self) -> None:
        self._socket.close()


def _nanoseconds(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, rest = struct.unpack("=qq", content[:16])
            return int(seconds * 1_000_000_000 + rest)
    return 0


class Captures:
    """All captures of this guest, by number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._captures: dict[int, _Capture] = {}
        self._next = 1

    def start(self, most_frames: int, kept_bytes: int) -> int:
        """Begin to watch and give the capture's number.

        Args:
            most_frames: Further frames are counted only.
            kept_bytes: Of each frame; what is longer is cut.
        """
        with self._lock:
            number = self._next
            self._next += 1
            self._captures[number] = _Capture(most_frames, kept_bytes)
        return number

    def read(self, capture: int, first: int) -> Mapping[str, Any]:
        """Give frames from that index on, at most a page, and the counts."""
        return self._captures[capture].read(first)

    def stop(self, capture: int, *, forget: bool) -> None:
        """Stop watching; with ``forget`` the frames go as well."""
        self._captures[capture].stop()
        if forget:
            with self._lock:
                self._captures.pop(capture).close()
