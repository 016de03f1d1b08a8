"""The security layer of SASL GSS-SPNEGO below LDAP: every buffer sealed, in frames.

[RFC4422] 3.7: a frame is four bytes of length, big-endian, and that many bytes of sealed data.
Windows ([MS-ADTS] 5.1.1.1.2) starts it right after the bind, without GSSAPI's own negotiation.
"""

import socket
import struct
from typing import Protocol

import spnego
from spnego.exceptions import SpnegoError

_LENGTH = struct.Struct(">I")
# A DC answers with frames of some 64 kB, Samba with a frame an answer. Values end at 16 MB or so;
# a longer length is garbage or an attack and must not make us wait or allocate.
MAXIMUM_FRAME_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 256 * 1024


class SealBrokenError(ConnectionError):
    """What arrived is no frame, or was changed on its way."""


class Seal(Protocol):
    """The part of a security context that is needed: what pyspnego's contexts offer."""

    def wrap(self, data: bytes, encrypt: bool = True) -> "spnego.WrapResult":  # noqa: FBT001, FBT002 - pyspnego's signature
        """Seal."""
        ...

    def unwrap(self, data: bytes) -> "spnego.UnwrapResult":
        """Check and open."""
        ...


class SealedSocket:
    """Stands in for the socket of an LDAP connection, after the bind."""

    def __init__(self, plain: socket.socket, seal: Seal) -> None:
        self._plain = plain
        self._seal = seal

    def sendall(self, data: bytes) -> None:
        """Seal the bytes into one frame and send it."""
        sealed = self._seal.wrap(data, encrypt=True).data
        self._plain.sendall(_LENGTH.pack(len(sealed)) + sealed)

    def recv(self, size: int) -> bytes:
        """Give the contents of the next frame, whole, however long; empty at the end.

        Args:
            size: What the caller expects at most; the frame decides, the caller collects anyway.

        Raises:
            SealBrokenError: The stream ends inside a frame, the length is absurd, the content was
                not encrypted, or its integrity check failed.
        """
        del size
        head = self._exactly(_LENGTH.size)
        if not head:
            return b""
        (length,) = _LENGTH.unpack(head)
        if length > MAXIMUM_FRAME_BYTES:
            message = f"a sealed frame claims {length} bytes"
            raise SealBrokenError(message)
        sealed = self._exactly(length)
        if len(sealed) != length:
            message = "the connection ended inside a sealed frame"
            raise SealBrokenError(message)
        try:
            opened = self._seal.unwrap(sealed)
        except SpnegoError as error:
            message = "a sealed frame failed its integrity check"
            raise SealBrokenError(message) from error
        if not opened.encrypted:
            message = "a frame was signed but not encrypted"
            raise SealBrokenError(message)
        return opened.data

    def _exactly(self, length: int) -> bytes:
        """Read that many bytes, in pieces as they come; less only if the stream ends."""
        pieces: list[bytes] = []
        missing = length
        while missing:
            piece = self._plain.recv(min(missing, _PIECE_BYTES))
            if not piece:
                if pieces and length == _LENGTH.size:
                    message = "the connection ended inside the length of a frame"
                    raise SealBrokenError(message)
                break
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def shutdown(self, how: int) -> None:
        """Pass on to the socket."""
        self._plain.shutdown(how)

    def close(self) -> None:
        """Pass on to the socket."""
        self._plain.close()
