"""Security identifiers, [MS-DTYP] 2.4.2: who an access control entry speaks about."""

import re
from dataclasses import dataclass
from typing import Final, Self

from typing_extensions import override

from ipsec_orchestrator.codec.wire import BlobReader, BlobWriter
from ipsec_orchestrator.errors import CodecError

_FORMAT: Final = "SID"
_REVISION: Final = 1
_MOST_PARTS: Final = 15
_U32_MAX: Final = 0xFFFFFFFF
_U48_MAX: Final = 0xFFFFFFFFFFFF
# Windows writes the authority in hexadecimal from here on.
_HEX_FROM: Final = 1 << 32

_SID: Final = re.compile(
    r"S-1-(?P<authority>[0-9]{1,15}|0x[0-9a-f]{1,12})(?P<parts>(?:-[0-9]{1,10}){0,15})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sid:
    """A security identifier of revision 1.

    Attributes:
        authority: Identifier authority, 48 bits.
        parts: Sub-authorities, at most fifteen of 32 bits; the last is the relative id (RID).
    """

    authority: int
    parts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.authority <= _U48_MAX:
            self._refuse("IdentifierAuthority", f"{self.authority} has more than 48 bits")
        if len(self.parts) > _MOST_PARTS:
            self._refuse("SubAuthorityCount", f"{len(self.parts)} is more than 15")
        for part in self.parts:
            if not 0 <= part <= _U32_MAX:
                self._refuse("SubAuthority", f"{part} has more than 32 bits")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the form ``S-1-5-21-...``.

        Raises:
            CodecError: It is anything else.
        """
        match = _SID.fullmatch(text)
        if match is None:
            raise CodecError(format=_FORMAT, field="text", offset=0, reason="not a SID")
        authority = match["authority"]
        return cls(
            authority=int(authority, 16 if authority[:2].lower() == "0x" else 10),
            parts=tuple(int(part) for part in match["parts"].split("-")[1:]),
        )

    @classmethod
    def from_bytes(cls, blob: bytes) -> Self:
        """Read the binary form, for example an ``objectSid``.

        Raises:
            CodecError: It is cut short, too long or of another revision.
        """
        reader = BlobReader(format_name=_FORMAT, blob=blob)
        sid = cls.read(reader)
        if reader.remaining:
            reader.fail("SID", f"{reader.remaining} bytes too many")
        return sid

    @classmethod
    def read(cls, reader: BlobReader) -> Self:
        """Read the binary form where a reader stands.

        Raises:
            CodecError: It is cut short or of another revision.
        """
        start = reader.offset
        if (revision := reader.u8("Revision")) != _REVISION:
            reader.fail("Revision", f"{revision} where 1 belongs", offset=start)
        count = reader.u8("SubAuthorityCount")
        if count > _MOST_PARTS:
            reader.fail("SubAuthorityCount", f"{count} is more than 15", offset=start + 1)
        # The one big-endian number of security descriptors.
        authority = int.from_bytes(reader.take(6, "IdentifierAuthority"), "big")
        return cls(
            authority=authority, parts=tuple(reader.u32("SubAuthority") for _ in range(count))
        )

    def to_bytes(self) -> bytes:
        """Give the binary form."""
        writer = BlobWriter(format_name=_FORMAT)
        writer.u8(_REVISION, "Revision")
        writer.u8(len(self.parts), "SubAuthorityCount")
        writer.raw(self.authority.to_bytes(6, "big"))
        for part in self.parts:
            writer.u32(part, "SubAuthority")
        return writer.finish()

    def child(self, relative_id: int) -> Self:
        """Give the SID of an account or group of this domain."""
        return type(self)(authority=self.authority, parts=(*self.parts, relative_id))

    @property
    def domain(self) -> Self:
        """The SID without its relative id."""
        return type(self)(authority=self.authority, parts=self.parts[:-1])

    @override
    def __str__(self) -> str:
        authority = self.authority
        shown = f"0x{authority:012x}" if authority >= _HEX_FROM else str(authority)
        return "-".join(["S-1", shown, *(str(part) for part in self.parts)])

    @staticmethod
    def _refuse(field: str, reason: str) -> None:
        raise CodecError(format=_FORMAT, field=field, offset=0, reason=reason)
