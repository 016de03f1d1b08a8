"""The counted, NUL-terminated UTF-16 strings of ``ipsecData``."""

from dataclasses import dataclass
from typing import Final, Self

from typing_extensions import override

from ipsec_orchestrator.errors import CodecError

_TERMINATOR = b"\0\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class WideString:
    """A string as it is stored: its bytes, whatever they are, and what they say as text.

    The count in front of it is in bytes and includes the terminator ([MS-GPIPSEC] 2.2.1.5.1);
    the empty string is a terminator alone. Bytes that are no proper string, for example an odd
    number of them or none at all, are kept as they are.

    Attributes:
        raw: UTF-16LE with its terminator.
    """

    raw: bytes = _TERMINATOR

    @classmethod
    def of(cls, text: str) -> Self:
        """Give the stored form of a text.

        Raises:
            CodecError: The text has a NUL character or half of a surrogate pair in it.
        """
        if "\0" in text:
            raise CodecError(
                format="UTF-16 string", field="text", offset=text.index("\0"), reason="NUL in it"
            )
        try:
            encoded = text.encode("utf-16-le")
        except UnicodeEncodeError as error:
            raise CodecError(
                format="UTF-16 string", field="text", offset=error.start, reason="lone surrogate"
            ) from None
        return cls(raw=encoded + _TERMINATOR)

    @property
    def text(self) -> str:
        """What is said up to the first NUL; undecodable parts show as U+FFFD."""
        return self.raw.decode("utf-16-le", errors="replace").partition("\0")[0]

    @override
    def __str__(self) -> str:
        return self.text


EMPTY_STRING: Final = WideString()
"""A terminator alone."""
