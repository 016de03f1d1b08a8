"""Range retrieval: an attribute of many values comes in parts ([MS-ADTS] 3.1.1.3.1.3.3).

``member;range=0-1499`` is a part, ``member;range=1500-*`` the last one.
"""

from collections.abc import Mapping

_OPTION = ";range="


def range_request(name: str, start: int) -> str:
    """Give the attribute description that asks for the values from ``start`` on."""
    return f"{name}{_OPTION}{start}-*"


def open_ranges(
    values: Mapping[str, tuple[bytes, ...]],
) -> tuple[dict[str, tuple[bytes, ...]], dict[str, int]]:
    """Take the range options off the attribute names.

    Args:
        values: Attributes as received.

    Returns:
        The values under plain names, and for each attribute with more to come where to go on.
    """
    plain: dict[str, tuple[bytes, ...]] = {}
    pending: dict[str, int] = {}
    for description, found in values.items():
        name, option, span = description.partition(_OPTION)
        if not option:
            plain[name] = (*plain.get(name, ()), *found)
            continue
        # A DC gives, beside the part, the plain name without values.
        plain[name] = (*found, *plain.get(name, ()))
        end = span.partition("-")[2]
        if end != "*":
            pending[name] = int(end) + 1
    return plain, pending
