"""``gpt.ini`` in the SYSVOL folder of a GPO, [MS-GPOL] 2.2.4.

The file is changed in one place only: the number after ``Version=`` in ``[General]``. Its
encoding, line ends, other sections and keys stay as they are.
"""

import codecs
import re
from typing import Final

from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.errors import CodecError

_FORMAT: Final = "gpt.ini"
_DIGITS: Final = 10

_SECTION: Final = re.compile(r"[ \t]*\[[ \t]*(?P<name>[^\]\r\n]*?)[ \t]*\]")
_VERSION: Final = re.compile(
    r"(?P<before>[ \t]*version[ \t]*=[ \t]*)(?P<number>[^;\r\n]*)", re.IGNORECASE
)
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")


def new_gpt_ini(version: GpoVersion = GpoVersion()) -> bytes:  # noqa: B008 - frozen
    """Give the file that Windows writes for a new GPO."""
    return f"[General]\r\nVersion={version.number}\r\n".encode("ascii")


def version(content: bytes) -> GpoVersion:
    """Read the version.

    Args:
        content: The file's bytes, in the machine's code page, UTF-8 or UTF-16.

    Raises:
        CodecError: No ``Version=`` in ``[General]``, or no number behind it.
    """
    text, _, _ = _decoded(content)
    start, end = _number_span(text)
    return GpoVersion.from_number(int(text[start:end]))


def with_version(content: bytes, new: GpoVersion) -> bytes:
    """Give the file with another version and everything else as it is.

    A file that has this version already comes back unchanged, leading zeros and all.

    Raises:
        CodecError: There is no version to replace.
    """
    text, encoding, mark = _decoded(content)
    start, end = _number_span(text)
    if int(text[start:end]) == new.number:
        return content
    return mark + f"{text[:start]}{new.number}{text[end:]}".encode(encoding)


def _decoded(content: bytes) -> tuple[str, str, bytes]:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(encoding), encoding, mark
            except UnicodeDecodeError as error:
                raise CodecError(
                    format=_FORMAT,
                    field=encoding,
                    offset=len(mark) + error.start,
                    reason="bytes that this encoding does not have",
                ) from None
    # The machine's code page, whichever it is: Latin-1 maps every byte to a character and back,
    # and what is looked for is ASCII.
    return content.decode("latin-1"), "latin-1", b""


def _number_span(text: str) -> tuple[int, int]:
    in_general = False
    for line in _LINE.finditer(text):
        content = line.group().rstrip("\r\n")
        section = _SECTION.match(content)
        if section is not None:
            in_general = section["name"].lower() == "general"
            continue
        entry = _VERSION.match(content) if in_general else None
        if entry is not None:
            return _checked_span(line.start() + entry.start("number"), entry["number"].rstrip())
    raise CodecError(
        format=_FORMAT, field="Version", offset=len(text), reason="not in section [General]"
    )


def _checked_span(start: int, number: str) -> tuple[int, int]:
    # Python would take digits of other scripts, underscores and any length for a number as well.
    if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
        raise CodecError(format=_FORMAT, field="Version", offset=start, reason="not a number")
    return start, start + len(number)
