"""GUIDs as Group Policy and the IPsec attributes write them: in braces."""

import re
from typing import Final
from uuid import UUID

from ipsec_orchestrator.errors import CodecError

GUID_PATTERN: Final = r"\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}"
"""Regular expression of a GUID in braces."""

_GUID: Final = re.compile(GUID_PATTERN)


def braced(guid: UUID) -> str:
    """Give the GUID in braces and capitals, as Windows names GPOs and extensions."""
    return f"{{{str(guid).upper()}}}"


def parse_braced(text: str, *, field: str) -> UUID:
    """Read a GUID in braces, in any case.

    Args:
        text: The whole text.
        field: Where it comes from, for the error.

    Raises:
        CodecError: It is anything else.
    """
    if _GUID.fullmatch(text) is None:
        raise CodecError(format="GUID", field=field, offset=0, reason="not a GUID in braces")
    return UUID(text[1:-1])
