"""Reading and writing the building blocks of ``ipsecData``, never past the end of the bytes.

Integers are little endian, GUIDs in Windows' mixed order (``bytes_le``), IPv4 addresses in
network order, strings are counted UTF-16LE ([MS-GPIPSEC] 2.2.1). Every method takes the field's
name in the specification, so that an error says what was being read and where.
"""

from ipaddress import IPv4Address
from typing import NoReturn, Self
from uuid import UUID

from ipsec_orchestrator.codec.wide_string import WideString
from ipsec_orchestrator.errors import CodecError

_GUID_SIZE = 16
_U8_MAX, _U16_MAX, _U32_MAX = 0xFF, 0xFFFF, 0xFFFFFFFF


class BlobReader:
    """Walks once over the bytes of one blob; whatever it gives back has been checked to exist.

    Attributes:
        offset: Offset of the next byte to read, counted from the start of the blob.
        end: Offset after the last byte that may be read.
    """

    __slots__ = ("_blob", "_format", "end", "offset")

    def __init__(
        self, *, format_name: str, blob: bytes, offset: int = 0, end: int | None = None
    ) -> None:
        self._format = format_name
        self._blob = blob
        self.offset = offset
        self.end = len(blob) if end is None else end

    @property
    def remaining(self) -> int:
        """Number of bytes that have not been read."""
        return self.end - self.offset

    def limited(self, offset: int, end: int) -> Self:
        """Give another reader of the same blob, from ``offset`` and not past ``end``."""
        return type(self)(
            format_name=self._format, blob=self._blob, offset=offset, end=min(end, self.end)
        )

    def is_at(self, offset: int, marker: bytes) -> bool:
        """Tell whether a marker stands at an absolute offset, wherever the reader is."""
        return self._blob.startswith(marker, offset, self.end)

    def section_follows(self, marker: bytes, name: str) -> bool:
        """Read the marker of an optional section, if it is what follows.

        Raises:
            CodecError: The blob ends in the middle of the marker.
        """
        if self.is_at(self.offset, marker):
            self.offset += len(marker)
            return True
        # A single byte is how blobs end; more of them are a marker that was cut off.
        if 1 < self.remaining < len(marker) and marker.startswith(
            self._blob[self.offset : self.end]
        ):
            self.fail(name, f"{len(marker)} bytes expected, {self.remaining} left")
        return False

    def take(self, size: int, field: str) -> bytes:
        """Read exactly ``size`` bytes.

        Raises:
            CodecError: Fewer are left.
        """
        if size > self.remaining:
            self.fail(field, f"{size} bytes expected, {self.remaining} left")
        taken = self._blob[self.offset : self.offset + size]
        self.offset += size
        return taken

    def rest(self) -> bytes:
        """Read everything that is left, possibly nothing."""
        return self.take(self.remaining, "trailing")

    def u8(self, field: str) -> int:
        """Read one byte as a number."""
        return self.take(1, field)[0]

    def u16(self, field: str) -> int:
        """Read two bytes as a little-endian number."""
        return int.from_bytes(self.take(2, field), "little")

    def u32(self, field: str) -> int:
        """Read four bytes as a little-endian number."""
        return int.from_bytes(self.take(4, field), "little")

    def guid(self, field: str) -> UUID:
        """Read sixteen bytes as a GUID."""
        return UUID(bytes_le=self.take(_GUID_SIZE, field))

    def ipv4(self, field: str) -> IPv4Address:
        """Read four bytes as an IPv4 address in network order."""
        return IPv4Address(self.take(4, field))

    def wide_string(self, length_field: str, field: str) -> WideString:
        """Read a byte count and as many bytes of UTF-16LE."""
        return WideString(raw=self.counted(length_field, field))

    def counted(self, length_field: str, field: str) -> bytes:
        """Read a byte count and as many bytes."""
        start = self.offset
        size = self.u32(length_field)
        if size > self.remaining:
            self.fail(length_field, f"{field} of {size} bytes, {self.remaining} left", offset=start)
        return self.take(size, field)

    def count(self, field: str, *, item_size: int) -> int:
        """Read the number of items that follow, each of at least ``item_size`` bytes.

        Raises:
            CodecError: That many can't fit into what is left.
        """
        start = self.offset
        number = self.u32(field)
        if number * item_size > self.remaining:
            reason = f"{number} items of {item_size} bytes or more, {self.remaining} bytes left"
            self.fail(field, reason, offset=start)
        return number

    def identifier(self, expected: UUID, field: str) -> None:
        """Read the GUID that says of which kind the blob is.

        Raises:
            CodecError: It is another GUID.
        """
        start = self.offset
        found = self.guid(field)
        if found != expected:
            self.fail(field, f"{{{found}}} where {{{expected}}} belongs", offset=start)

    def data_length(self, field: str = "Data-Length") -> int:
        """Read a length of what follows; it may fall short of the truth but not exceed it."""
        start = self.offset
        length = self.u32(field)
        if length > self.remaining:
            self.fail(field, f"{length} bytes announced, {self.remaining} left", offset=start)
        return length

    def fail(self, field: str, reason: str, *, offset: int | None = None) -> NoReturn:
        """Raise the error about a field, by default where the reader stands."""
        where = self.offset if offset is None else offset
        raise CodecError(format=self._format, field=field, offset=where, reason=reason)


class BlobWriter:
    """Puts a blob together; refuses numbers and byte strings that their field can't hold.

    Attributes:
        format_name: The format's name for errors.
    """

    __slots__ = ("_blob", "format_name")

    def __init__(self, *, format_name: str) -> None:
        self.format_name = format_name
        self._blob = bytearray()

    def __len__(self) -> int:
        return len(self._blob)

    def finish(self) -> bytes:
        """Give the bytes written so far."""
        return bytes(self._blob)

    def raw(self, content: bytes) -> None:
        """Append bytes of any number."""
        self._blob += content

    def fixed(self, content: bytes, size: int, field: str) -> None:
        """Append bytes whose number the format prescribes."""
        if len(content) != size:
            self.fail(field, f"{len(content)} bytes given, {size} needed")
        self._blob += content

    def u8(self, number: int, field: str) -> None:
        """Append a number of one byte."""
        self._number(number, 1, _U8_MAX, field)

    def u16(self, number: int, field: str) -> None:
        """Append a little-endian number of two bytes."""
        self._number(number, 2, _U16_MAX, field)

    def u32(self, number: int, field: str) -> None:
        """Append a little-endian number of four bytes."""
        self._number(number, 4, _U32_MAX, field)

    def guid(self, identifier: UUID) -> None:
        """Append a GUID."""
        self._blob += identifier.bytes_le

    def ipv4(self, address: IPv4Address) -> None:
        """Append an IPv4 address in network order."""
        self._blob += address.packed

    def counted(self, content: bytes, length_field: str) -> None:
        """Append the number of bytes and the bytes."""
        self.u32(len(content), length_field)
        self._blob += content

    def wide_string(self, text: WideString, length_field: str) -> None:
        """Append a byte count and as many bytes of UTF-16LE."""
        self.counted(text.raw, length_field)

    def patch_u32(self, offset: int, number: int, field: str) -> None:
        """Overwrite four bytes with a number that was not known when its turn came."""
        self._check(number, _U32_MAX, field, offset)
        self._blob[offset : offset + 4] = number.to_bytes(4, "little")

    def fail(self, field: str, reason: str, *, offset: int | None = None) -> NoReturn:
        """Raise the error about a field, by default where the next byte would go."""
        where = len(self._blob) if offset is None else offset
        raise CodecError(format=self.format_name, field=field, offset=where, reason=reason)

    def _number(self, number: int, size: int, highest: int, field: str) -> None:
        self._check(number, highest, field, len(self._blob))
        self._blob += number.to_bytes(size, "little")

    def _check(self, number: int, highest: int, field: str, offset: int) -> None:
        if not 0 <= number <= highest:
            self.fail(field, f"{number} is outside of 0 to {highest}", offset=offset)
