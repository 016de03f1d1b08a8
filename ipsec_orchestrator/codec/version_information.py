"""The odd one out among ipsecNFA objects: ``{6A1F5C6F-72B7-11D2-ACF0-0060B0ECCA17}``.

Every domain has it. It belongs to no policy; its blob says which system made the default objects
and then holds an NFA that nobody uses. No specification describes it: the layout is read off the
bytes, whose lengths fit exactly.
"""

from dataclasses import dataclass

from ipsec_orchestrator.codec.constants import VERSION_INFORMATION_BLOB_ID
from ipsec_orchestrator.codec.nfa_blob import Nfa, decode_nfa, encode_nfa
from ipsec_orchestrator.codec.wide_string import WideString
from ipsec_orchestrator.codec.wire import BlobReader, BlobWriter

_CLASS = "ipsecNFA"
_DATA_LENGTH_OFFSET = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionInformation:
    """Who made the default objects, and when.

    Attributes:
        version: 0x00010000 in the only blob known.
        made_at_unix_seconds: A time in January 1999 in the only blob known.
        system: "Windows 2000".
        author: "Administrator".
        comment: An end of line.
        unknown: Counted bytes after the comment; none in the only blob known.
        nfa: The rule that follows.
    """

    version: int
    made_at_unix_seconds: int
    system: WideString
    author: WideString
    comment: WideString
    unknown: bytes = b""
    nfa: Nfa


def starts_version_information(blob: bytes) -> bool:
    """Tell from its first bytes whether the blob of an ipsecNFA object is the odd one."""
    return blob.startswith(VERSION_INFORMATION_BLOB_ID.bytes_le)


def decode_version_information(blob: bytes) -> VersionInformation:
    """Read the blob.

    Raises:
        CodecError: It is cut short or its lengths contradict each other.
    """
    reader = BlobReader(format_name=_CLASS, blob=blob)
    reader.identifier(VERSION_INFORMATION_BLOB_ID, "Version-Information-ID")
    length = reader.data_length()
    end = reader.offset + length
    version = reader.u32("Version")
    made_at = reader.u32("Time")
    system = reader.wide_string("System-Length", "System")
    author = reader.wide_string("Author-Length", "Author")
    comment = reader.wide_string("Comment-Length", "Comment")
    if reader.offset > end:
        reader.fail(
            "Data-Length", f"{length} bytes end inside the strings", offset=_DATA_LENGTH_OFFSET
        )
    return VersionInformation(
        version=version,
        made_at_unix_seconds=made_at,
        system=system,
        author=author,
        comment=comment,
        unknown=reader.take(end - reader.offset, "unknown"),
        nfa=decode_nfa(blob, offset=end),
    )


def encode_version_information(value: VersionInformation) -> bytes:
    """Write the blob.

    Raises:
        CodecError: A number does not fit its field.
    """
    writer = BlobWriter(format_name=_CLASS)
    writer.guid(VERSION_INFORMATION_BLOB_ID)
    writer.u32(0, "Data-Length")
    start = len(writer)
    writer.u32(value.version, "Version")
    writer.u32(value.made_at_unix_seconds, "Time")
    writer.wide_string(value.system, "System-Length")
    writer.wide_string(value.author, "Author-Length")
    writer.wide_string(value.comment, "Comment-Length")
    writer.raw(value.unknown)
    writer.patch_u32(_DATA_LENGTH_OFFSET, len(writer) - start, "Data-Length")
    writer.raw(encode_nfa(value.nfa))
    return writer.finish()
