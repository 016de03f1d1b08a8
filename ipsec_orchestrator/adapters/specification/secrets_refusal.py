"""Finds passwords in files where none belong; never repeats what it found."""

import re
from collections.abc import Iterator
from ipaddress import ip_network

from ipsec_orchestrator.adapters.specification.document import Document, Place
from ipsec_orchestrator.model.json import Json

CURE = (
    "Take it out of the file and give it by --user with the prompt, by the environment, by the "
    "system keyring, or use a Kerberos credential cache or keytab; change it if the file was shared."
)

# Last words of key names, after "-", "_", "." and changes of case have been taken as breaks.
_SECRET_ENDINGS = frozenset({"pass", "pw", "pwd", "psk", "token", "tokens"})
# Anywhere in a key name, the breaks taken away.
_SECRET_PARTS = (
    "password", "passwd", "passwort", "kennwort", "passphrase", "secret", "presharedkey",
    "privatekey", "apikey", "accesskey",
)  # fmt: skip

_ASSIGNMENT = re.compile(
    r"(?i)(?<![a-z])(password|passwd|passwort|kennwort|passphrase|pwd|secret|psk|token)"
    r"\s*(=|:(?!//))\s*[^\s,;]",
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_URL_PASSWORD = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:[^/\s@]+@")
# The spelling of smbclient and its kin: DOMAIN\user%password.
_USER_PASSWORD = re.compile(r"^[^\s%]+%[^\s%]+$")

# Below these keys of the inventory stand names of the user's own choice.
_NAMED = frozenset({"hosts", "groups", "networks"})
_NAME_DEPTH = 2


def find_secrets(document: Document) -> list[Place]:
    """Give the places of values that are, or by their key must be, secrets."""
    return list(_secrets(document.value, ()))


def _secrets(value: Json, place: Place) -> Iterator[Place]:
    if isinstance(value, dict):
        for key, inner in value.items():
            below = (*place, key)
            if _is_secret_key(key) and not _is_own_name(below, inner):
                yield below
            else:
                yield from _secrets(inner, below)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _secrets(inner, (*place, index))
    elif isinstance(value, str) and _is_secret_text(value, place):
        yield place


def _is_secret_key(key: str) -> bool:
    broken = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).casefold()
    words = [word for word in re.split(r"[^a-z0-9]+", broken) if word]
    joined = "".join(words)
    ends = bool(words) and words[-1] in _SECRET_ENDINGS
    return ends or any(part in joined for part in _SECRET_PARTS)


def _is_own_name(place: Place, value: Json) -> bool:
    """Tell whether a key is the name of a host, group or network that only sounds secret."""
    if len(place) != _NAME_DEPTH or place[0] not in _NAMED:
        return False
    if isinstance(value, dict):
        return True
    try:
        ip_network(str(value), strict=False)
    except ValueError:
        return False
    return place[0] == "networks"


def _is_secret_text(text: str, place: Place) -> bool:
    if place and place[-1] == "user" and _USER_PASSWORD.match(text):
        return True
    return any(pattern.search(text) for pattern in (_ASSIGNMENT, _PRIVATE_KEY, _URL_PASSWORD))
