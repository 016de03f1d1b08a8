"""``versionNumber`` of a GPO, [MS-GPOL] 2.2.4 and 3.3.4.5."""

from dataclasses import dataclass, replace
from typing import Final, Self

from ipsec_orchestrator.errors import CodecError

_FORMAT: Final = "versionNumber"
_HALF: Final = 0xFFFF
_SIGN: Final = 1 << 31
_RANGE: Final = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class GpoVersion:
    """How often each half of a GPO was edited, each from 0 to 65535.

    Attributes:
        user: Version of the user half, in the high 16 bits.
        machine: Version of the computer half, in the low 16 bits.
    """

    user: int = 0
    machine: int = 0

    def __post_init__(self) -> None:
        for name, half in (("user", self.user), ("machine", self.machine)):
            if not 0 <= half <= _HALF:
                raise CodecError(
                    format=_FORMAT, field=name, offset=0, reason=f"{half} is outside of 0 to 65535"
                )

    @classmethod
    def from_number(cls, number: int) -> Self:
        """Split the number; LDAP's signed reading of it is understood too.

        Raises:
            CodecError: It has more than 32 bits.
        """
        if not -_SIGN <= number < _RANGE:
            raise CodecError(
                format=_FORMAT, field=_FORMAT, offset=0, reason=f"{number} has more than 32 bits"
            )
        unsigned = number % _RANGE
        return cls(user=unsigned >> 16, machine=unsigned & _HALF)

    @property
    def number(self) -> int:
        """Both halves in one number without sign, as ``gpt.ini`` has it."""
        return self.user << 16 | self.machine

    @property
    def signed_number(self) -> int:
        """The same 32 bits as a signed number, as an LDAP INTEGER attribute has to have it."""
        return self.number - _RANGE if self.number >= _SIGN else self.number

    def next_machine(self) -> Self:
        """Give the version after an edit of the computer half; it wraps from 65535 to 1.

        Never 0: members take version 0 for a half without settings ([MS-GPOL] 3.3.4.5).
        """
        return replace(self, machine=(self.machine + 1) & _HALF or 1)
