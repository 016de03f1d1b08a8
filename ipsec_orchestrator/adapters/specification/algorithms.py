"""Security methods and key exchange methods in netsh's spelling -> the model.

The directory's format has DES, 3DES, MD5, SHA-1 and Diffie-Hellman groups 1, 2 and 14, and no
place for anything newer [MS-GPIPSEC] 2.2.1.2.1, 2.2.1.4.1.
"""

import re
from enum import StrEnum
from typing import Annotated, TypeAlias, TypeVar

from pydantic import PlainValidator, WithJsonSchema

from ipsec_orchestrator.adapters.specification.fields import quoted, wrong
from ipsec_orchestrator.model.policy import (
    Cipher,
    DhGroup,
    Integrity,
    KeyExchangeMethod,
    SecurityMethod,
)
from ipsec_orchestrator.model.suggestion import did_you_mean

_Word = TypeVar("_Word", bound=StrEnum)

_METHOD = re.compile(
    r"(?P<first>[^:+]+)(?:\+(?P<second>[^:+]+))?(?::(?P<life>.+))?",
)
_TRANSFORM = re.compile(r"(?P<kind>esp|ah)\s*\[(?P<words>[^\[\]]*)\]", re.IGNORECASE)
_LIFE = re.compile(r"(?:(?P<kilobytes>\d{1,12})k)?/?(?:(?P<seconds>\d{1,12})s)?", re.IGNORECASE)

# What the directory's format can't carry, by the beginnings of its names.
_STRONGER = re.compile(
    r"aes|gcm|gmac|chacha|camellia|sha-?[2345]\d*|sha-?(224|256|384|512)|ecp|ecdh|ec-?dh|dh-?(1[5-9]|2\d)",
    re.IGNORECASE,
)

# The range of the snap-in and of netsh; 0 leaves it to Windows (100,000 KB and one hour).
_KILOBYTES = (20_480, 0x7FFF_FFFF)
_SECONDS = (300, 172_800)

_SYNTAX = "write it as 'ESP[3DES,SHA1]', 'AH[SHA1]' or 'AH[SHA1]+ESP[3DES,SHA1]'"

_GROUPS = {
    "1": DhGroup.GROUP_1,
    "2": DhGroup.GROUP_2,
    "3": DhGroup.GROUP_14,
    "14": DhGroup.GROUP_14,
}


def parse_security_method(value: object) -> SecurityMethod:
    """Read a quick-mode method such as ``AH[SHA1]+ESP[3DES,SHA1]:100000k/3600s``.

    Raises:
        PydanticCustomError: Wrong syntax, an algorithm that the directory can't carry, nothing
            that protects, or a lifetime out of range.
    """
    if not isinstance(value, str):
        raise wrong(f"must be text; {_SYNTAX}.")
    found = _METHOD.fullmatch(value.strip())
    if found is None:
        raise wrong(f"{quoted(value)} is not a security method; {_SYNTAX}.")
    esp: tuple[Cipher, Integrity] | None = None
    ah: Integrity | None = None
    for part in (found["first"], found["second"]):
        if part is None:
            continue
        transform = _TRANSFORM.fullmatch(part.strip())
        if transform is None:
            hint = did_you_mean(part.partition("[")[0].strip(), ("ESP", "AH"))
            raise wrong(f"{quoted(value)} is not a security method; {_SYNTAX}.{hint}")
        words = [word.strip() for word in transform["words"].split(",")]
        if transform["kind"].casefold() == "esp":
            if esp is not None:
                raise wrong(f"{quoted(value)} has ESP twice; write two methods instead.")
            esp = _esp(value, words)
        else:
            if ah is not None:
                raise wrong(f"{quoted(value)} has AH twice; write two methods instead.")
            ah = _ah(value, words)
    kilobytes, seconds = _lifetimes(value, found["life"])
    return SecurityMethod(
        esp=esp,
        ah=ah,
        lifetime_kilobytes=kilobytes,
        lifetime_seconds=seconds,
    )


def parse_key_exchange_method(value: object) -> KeyExchangeMethod:
    """Read a main-mode method such as ``3DES-SHA1-2``.

    Raises:
        PydanticCustomError: Wrong syntax, or an algorithm or group that the directory can't carry.
    """
    if not isinstance(value, str):
        raise wrong("must be text; write it as '3DES-SHA1-2'.")
    parts = [part.strip() for part in value.split("-")]
    if len(parts) != 3:  # noqa: PLR2004 - encryption, integrity, group
        _refuse_stronger(value, value)
        raise wrong(
            f"{quoted(value)} is not a key exchange method; write encryption-integrity-group, "
            "for example '3DES-SHA1-2'.",
        )
    cipher = _word(value, parts[0], (Cipher.DES, Cipher.TRIPLE_DES), "encryption")
    integrity = _word(value, parts[1], (Integrity.MD5, Integrity.SHA1), "integrity")
    group = _GROUPS.get(parts[2].casefold().removeprefix("dh"))
    if group is None:
        raise wrong(
            f"{quoted(parts[2])} in {quoted(value)} is not a group that this policy store can "
            "carry; it has 1 (DH 768), 2 (DH 1024) and 3 (DH 2048).",
        )
    return KeyExchangeMethod(cipher=cipher, integrity=integrity, group=group)


def _esp(value: str, words: list[str]) -> tuple[Cipher, Integrity]:
    if len(words) != 2:  # noqa: PLR2004 - encryption and integrity
        raise wrong(
            f"{quoted(value)}: ESP takes encryption and integrity; write it as 'ESP[3DES,SHA1]'.",
        )
    ciphers, integrities = tuple(Cipher), tuple(Integrity)
    if _known(words[1], ciphers) and _known(words[0], integrities) and words[0] != words[1]:
        raise wrong(
            f"{quoted(value)}: encryption comes first. Did you mean 'ESP[{words[1]},{words[0]}]'?",
        )
    esp = (
        _word(value, words[0], ciphers, "encryption"),
        _word(value, words[1], integrities, "integrity"),
    )
    if esp == (Cipher.NONE, Integrity.NONE):
        raise wrong(
            f"{quoted(value)} neither encrypts nor protects against changes; "
            "use action permit for traffic that is to pass as it is.",
        )
    return esp


def _ah(value: str, words: list[str]) -> Integrity:
    if len(words) != 1:
        raise wrong(f"{quoted(value)}: AH takes integrity alone; write it as 'AH[SHA1]'.")
    return _word(value, words[0], (Integrity.MD5, Integrity.SHA1), "integrity")


def _word(value: str, word: str, known: tuple[_Word, ...], kind: str) -> _Word:
    found = _known(word, known)
    if found is not None:
        return found
    allowed = ", ".join(known)
    hint = did_you_mean(word, known)
    _refuse_stronger(value, word, hint)
    raise wrong(f"{quoted(word)} in {quoted(value)} is no {kind}; allowed are {allowed}.{hint}")


def _known(word: str, known: tuple[_Word, ...]) -> _Word | None:
    key = word.casefold()
    return next((candidate for candidate in known if candidate.casefold() == key), None)


def _refuse_stronger(value: str, word: str, hint: str = "") -> None:
    if _STRONGER.search(word):
        inside = "" if word == value else f" in {quoted(value)}"
        raise wrong(
            f"{quoted(word)}{inside} does not fit into this policy store: IP security policies in "
            "Active Directory carry DES, 3DES, MD5, SHA1 and the groups DH 1, 2 and 14; AES, SHA-2 "
            f"and elliptic curves exist only in the rules of Windows Firewall.{hint}",
        )


def _lifetimes(value: str, text: str | None) -> tuple[int, int]:
    """Give kilobytes and seconds; 0 where nothing is said."""
    if text is None:
        return 0, 0
    found = _LIFE.fullmatch(text.strip())
    if found is None or found["kilobytes"] is found["seconds"] is None:
        raise wrong(f"{quoted(value)}: write the lifetime as ':100000k/3600s'.")
    amounts: list[int] = []
    for amount, (least, most), unit in (
        (int(found["kilobytes"] or 0), _KILOBYTES, "kilobytes"),
        (int(found["seconds"] or 0), _SECONDS, "seconds"),
    ):
        if amount and not least <= amount <= most:
            raise wrong(
                f"{quoted(value)}: the lifetime is {amount} {unit}; allowed are {least} to {most}, "
                "or 0 to leave it to Windows.",
            )
        amounts.append(amount)
    return amounts[0], amounts[1]


SecurityMethodText: TypeAlias = Annotated[
    SecurityMethod,
    PlainValidator(parse_security_method),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\s*([Ee][Ss][Pp]|[Aa][Hh])\s*\[[^\[\]]+\]",
        },
    ),
]
KeyExchangeMethodText: TypeAlias = Annotated[
    KeyExchangeMethod,
    PlainValidator(parse_key_exchange_method),
    WithJsonSchema({"type": "string", "pattern": "^[^-]+-[^-]+-[^-]+$"}),
]
