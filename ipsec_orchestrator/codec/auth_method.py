"""One authentication method of a rule, as both halves of an NFA blob store it."""

from dataclasses import dataclass
from typing import Self

from typing_extensions import override

from ipsec_orchestrator.codec.constants import AuthKind
from ipsec_orchestrator.codec.wide_string import WideString
from ipsec_orchestrator.model.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AuthMethod:
    """How IKE authenticates the peer, [MS-GPIPSEC] 2.2.1.3.1 Auth-Methods.

    Its representation hides the bytes of everything but Kerberos and certificates: a pre-shared
    key is stored in the clear, and of unknown kinds nobody knows what they hold.

    Attributes:
        kind: Auth-Type, see :class:`~.constants.AuthKind`.
        content: Auth-Method-Data: two zero bytes for Kerberos, else NUL-terminated UTF-16LE.
    """

    kind: int
    content: bytes

    @classmethod
    def kerberos(cls) -> Self:
        """Give the method of machines of one forest."""
        return cls(kind=AuthKind.KERBEROS, content=b"\0\0")

    @classmethod
    def pre_shared_key(cls, key: Secret) -> Self:
        """Give a method with a key that lies readable in the directory and on every member.

        Raises:
            CodecError: The key has a NUL character or half of a surrogate pair in it.
        """
        return cls(kind=AuthKind.PRE_SHARED_KEY, content=WideString.of(key.reveal()).raw)

    @classmethod
    def certificate(cls, authority: str) -> Self:
        """Give a method with certificates of one authority, named by its X.500 name.

        No blob of a real system with such a method is known; this follows the specification.

        Raises:
            CodecError: The name has a NUL character or half of a surrogate pair in it.
        """
        return cls(kind=AuthKind.CERTIFICATE, content=WideString.of(authority).raw)

    @property
    def key(self) -> Secret | None:
        """The pre-shared key, or None for other kinds."""
        return Secret(self._text) if self.kind == AuthKind.PRE_SHARED_KEY else None

    @property
    def authority(self) -> str | None:
        """Name of the certificate authority, or None for other kinds."""
        return self._text if self.kind == AuthKind.CERTIFICATE else None

    @property
    def _text(self) -> str:
        return WideString(raw=self.content).text

    @override
    def __repr__(self) -> str:
        if self.kind in (AuthKind.KERBEROS, AuthKind.CERTIFICATE):
            shown = repr(self.content)
        else:
            shown = Secret.MASK
        return f"AuthMethod(kind={self.kind}, content={shown})"
