"""Keytab files, MIT format version 2: read, and write the same keys under further names. Pure."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from typing_extensions import override

from ipsec_orchestrator.errors import CodecError

MAGIC = b"\x05\x02"
FORMAT = "keytab"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeytabEntry:
    """One key of one principal.

    Attributes:
        realm: Kerberos realm.
        components: The principal's parts: ``("HTTP", "vm1.ipsectest.com")`` or ``("VM1$",)``.
        name_type: Kerberos name type, 1 for a principal, 2 and 3 for services.
        timestamp: When the entry was written, seconds since 1970.
        key_version: Version number of the key.
        encryption_type: 17 and 18 are AES-128 and AES-256.
        key: The key itself.
    """

    realm: str
    components: tuple[str, ...]
    name_type: int
    timestamp: int
    key_version: int
    encryption_type: int
    key: bytes

    @override
    def __repr__(self) -> str:
        return f"KeytabEntry({'/'.join(self.components)}@{self.realm}, {self.encryption_type})"

    def renamed(self, *components: str) -> "KeytabEntry":
        """The same key under another name: in AD all names of an account share its keys."""
        return replace(self, components=components)


def read_keytab(content: bytes) -> list[KeytabEntry]:
    """Give all entries of a keytab; deleted ones are left out.

    Raises:
        CodecError: Not a keytab of version 2, or cut off.
    """
    if content[:2] != MAGIC:
        raise CodecError(format=FORMAT, field="version", offset=0, reason="not a keytab 5.2")
    return list(_entries(content))


def write_keytab(entries: Iterable[KeytabEntry]) -> bytes:
    """Give the bytes of a keytab with these entries."""
    records = [_pack(entry) for entry in entries]
    return MAGIC + b"".join(struct.pack(">i", len(record)) + record for record in records)


def _entries(content: bytes) -> Iterator[KeytabEntry]:
    offset = len(MAGIC)
    while offset < len(content):
        if offset + 4 > len(content):
            raise CodecError(format=FORMAT, field="size", offset=offset, reason="cut off")
        (size,) = struct.unpack_from(">i", content, offset)
        offset += 4
        end = offset + abs(size)
        if end > len(content):
            raise CodecError(format=FORMAT, field="entry", offset=offset, reason="cut off")
        if size > 0:
            try:
                yield _unpack(content[offset:end])
            except (struct.error, UnicodeDecodeError, IndexError) as error:
                raise CodecError(
                    format=FORMAT, field="entry", offset=offset, reason=str(error)
                ) from error
        offset = end


def _unpack(record: bytes) -> KeytabEntry:
    (count,) = struct.unpack_from(">H", record)
    offset = 2
    texts: list[str] = []
    for _ in range(count + 1):
        (length,) = struct.unpack_from(">H", record, offset)
        texts.append(record[offset + 2 : offset + 2 + length].decode("utf-8"))
        offset += 2 + length
    name_type, timestamp, version, encryption_type, length = struct.unpack_from(
        ">IIBHH", record, offset
    )
    offset += struct.calcsize(">IIBHH")
    key = record[offset : offset + length]
    if len(key) < length:
        raise IndexError("key is cut off")
    rest = record[offset + length :]
    if len(rest) >= 4 and any(rest[:4]):  # noqa: PLR2004 - the 32-bit version replaces the 8-bit one
        (version,) = struct.unpack_from(">I", rest)
    return KeytabEntry(
        realm=texts[0],
        components=tuple(texts[1:]),
        name_type=name_type,
        timestamp=timestamp,
        key_version=version,
        encryption_type=encryption_type,
        key=key,
    )


def _pack(entry: KeytabEntry) -> bytes:
    texts = [text.encode("utf-8") for text in (entry.realm, *entry.components)]
    counted = b"".join(struct.pack(">H", len(text)) + text for text in texts)
    head = struct.pack(">H", len(entry.components)) + counted
    fixed = struct.pack(
        ">IIBHH",
        entry.name_type,
        entry.timestamp,
        entry.key_version & 0xFF,
        entry.encryption_type,
        len(entry.key),
    )
    return head + fixed + entry.key + struct.pack(">I", entry.key_version)
