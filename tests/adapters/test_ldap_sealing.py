"""Frames of the security layer: whole, cut, absurd, forged."""

import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st
from spnego.exceptions import SpnegoError

from ipsec_orchestrator.adapters.ldap.sealing import (
    MAXIMUM_FRAME_BYTES,
    SealBrokenError,
    SealedSocket,
)


@dataclass
class _Contexts:
    """Both ends of an NTLM security context, as after a bind."""

    client: spnego.ContextProxy
    server: spnego.ContextProxy


@pytest.fixture
def contexts(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> _Contexts:
    """A context between pyspnego as client and pyspnego as server."""
    users = tmp_path_factory.mktemp("ntlm") / "users"
    users.write_text("DOMAIN:user:secret\n", encoding="utf-8")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    client = spnego.client(
        "DOMAIN\\user",
        "secret",
        hostname="dc1",
        service="ldap",
        protocol="ntlm",
        context_req=spnego.ContextReq.confidentiality | spnego.ContextReq.integrity,
        options=spnego.NegotiateOptions.use_ntlm,
    )
    server = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    token = client.step()
    while not (client.complete and server.complete):
        answer = server.step(token)
        token = client.step(answer) if answer else None
    return _Contexts(client, server)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets: ours and the DC's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        theirs.settimeout(10)
        yield ours, theirs


@dataclass
class _Trickle:
    """A socket that gives what it holds in pieces of given sizes."""

    content: bytes
    sizes: list[int] = field(default_factory=list[int])

    def recv(self, size: int) -> bytes:
        wanted = min(self.sizes.pop(0) if self.sizes else size, size)
        piece, self.content = self.content[:wanted], self.content[wanted:]
        return piece


class _Mirror:
    """A seal that adds a mark, for tests of the frames alone."""

    def wrap(self, data: bytes, encrypt: bool = True) -> spnego.WrapResult:  # noqa: FBT001, FBT002 - pyspnego's signature
        return spnego.WrapResult(data=b"!" + data, encrypted=encrypt)

    def unwrap(self, data: bytes) -> spnego.UnwrapResult:
        if not data.startswith(b"!"):
            raise SpnegoError(error_code=6)
        return spnego.UnwrapResult(data=data[1:], encrypted=True, qop=0)


def _framed(*contents: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(content)) + content for content in contents)


def test_what_is_sent_is_sealed_and_opens_at_the_other_end(
    contexts: _Contexts, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Four bytes of length, then bytes in which the request can't be read."""
    ours, theirs = pair
    SealedSocket(ours, contexts.client).sendall(b"a request that nobody may read")
    (length,) = struct.unpack(">I", theirs.recv(4))
    sealed = theirs.recv(length)
    assert b"nobody may read" not in sealed
    assert contexts.server.unwrap(sealed).data == b"a request that nobody may read"


def test_two_megabytes_arrive_whole(
    contexts: _Contexts, pair: tuple[socket.socket, socket.socket]
) -> None:
    """A big answer in one frame comes out in one piece, though the network gives it in many."""
    ours, theirs = pair
    answer = bytes(range(256)) * 8192
    frame = _framed(contexts.server.wrap(answer).data)
    sender = threading.Thread(target=theirs.sendall, args=(frame,))
    sender.start()
    received = SealedSocket(ours, contexts.client).recv(4096)
    sender.join()
    assert received == answer


def test_a_changed_frame_is_refused(
    contexts: _Contexts, pair: tuple[socket.socket, socket.socket]
) -> None:
    """One flipped bit fails the integrity check."""
    ours, theirs = pair
    sealed = bytearray(contexts.server.wrap(b"answer").data)
    sealed[-1] ^= 1
    theirs.sendall(_framed(bytes(sealed)))
    with pytest.raises(SealBrokenError, match="integrity"):
        SealedSocket(ours, contexts.client).recv(4096)


def test_a_repeated_frame_is_refused(
    contexts: _Contexts, pair: tuple[socket.socket, socket.socket]
) -> None:
    """A frame that was recorded and sent again fails, since frames are numbered."""
    ours, theirs = pair
    frame = _framed(contexts.server.wrap(b"answer").data)
    theirs.sendall(frame + frame)
    sealed = SealedSocket(ours, contexts.client)
    assert sealed.recv(4096) == b"answer"
    with pytest.raises(SealBrokenError):
        sealed.recv(4096)


@given(
    contents=st.lists(st.binary(max_size=200), max_size=5),
    sizes=st.lists(st.integers(min_value=1, max_value=50), max_size=60),
)
def test_frames_come_out_as_they_went_in(contents: list[bytes], sizes: list[int]) -> None:
    """However the network cuts the stream, each read gives the content of one frame."""
    trickle = _Trickle(_framed(*(b"!" + content for content in contents)), sizes)
    sealed = SealedSocket(trickle, _Mirror())  # type: ignore[arg-type]  # reads are all it does
    assert [sealed.recv(4096) for _ in contents] == contents
    assert sealed.recv(4096) == b""


@pytest.mark.parametrize("kept", [1, 3, 4, 5, 9])
def test_an_end_inside_a_frame_is_told_from_the_end(kept: int) -> None:
    """A stream that ends in the middle is broken; it is not taken for a short answer."""
    trickle = _Trickle(_framed(b"!answer")[:kept])
    with pytest.raises(SealBrokenError, match="ended inside"):
        SealedSocket(trickle, _Mirror()).recv(4096)  # type: ignore[arg-type]  # as above


def test_an_absurd_length_is_refused_before_waiting_for_it() -> None:
    """A length beyond the limit ends it at once."""
    trickle = _Trickle(struct.pack(">I", MAXIMUM_FRAME_BYTES + 1) + b"!x")
    with pytest.raises(SealBrokenError, match="claims"):
        SealedSocket(trickle, _Mirror()).recv(4096)  # type: ignore[arg-type]  # as above
    assert trickle.content == b"!x"
