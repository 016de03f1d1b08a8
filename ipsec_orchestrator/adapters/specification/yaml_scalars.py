"""What a plain word of YAML 1.2 means: the core schema, and nothing beyond it.

YAML 1.2.2, chapter 10.3. Unlike 1.1, ``yes`` and ``no`` are text, and so is a date.
"""

import math
import re

from ipsec_orchestrator.model.json import Json

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL = re.compile(r"0o[0-7]+", re.ASCII)
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

# No number in these files needs more; it also keeps below Python's limit for int().
_LONGEST_NUMBER = 40

_TAG_PREFIX = "tag:yaml.org,2002:"


def plain_value(text: str) -> Json:
    """Give the value of a plain (unquoted) word.

    Raises:
        ValueError: A number that JSON can't carry, or one that is too long.
    """
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _NOT_FINITE.fullmatch(text):
        raise ValueError("only finite numbers are allowed")
    for pattern, base in ((_INTEGER, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(text):
            _check_length(text)
            return int(text if base == 10 else text[2:], base)  # noqa: PLR2004 - decimal
    if _FLOAT.fullmatch(text):
        _check_length(text)
        number = float(text)
        if not math.isfinite(number):
            raise ValueError("only finite numbers are allowed")
        return number
    return text


def tagged_value(text: str, tag: str) -> Json:
    """Give the value of a word with an explicit tag such as ``!!str``.

    Raises:
        ValueError: The tag is none of the core schema's, or the word does not fit it.
    """
    if tag in ("!", _TAG_PREFIX + "str"):
        return text
    value = plain_value(text)
    match tag.removeprefix(_TAG_PREFIX):
        case "null":
            fits = value is None
        case "bool":
            fits = isinstance(value, bool)
        case "int":
            fits = isinstance(value, int) and not isinstance(value, bool)
        case "float":
            fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        case _:
            raise ValueError("YAML tags are not used in these files; take the tag away")
    if not fits:
        raise ValueError("the value does not fit its YAML tag; take the tag away")
    return value


def _check_length(text: str) -> None:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"a number of more than {_LONGEST_NUMBER} digits")
