r"""What Windows writes into a member's registry for its IPsec policy.

``GPTIPSECPolicy`` says which policy Group Policy assigned; ``Policy\Cache`` holds its objects.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from ipsec_orchestrator.codec.extension_names import IPSEC_CSE
from ipsec_orchestrator.lab.windows.policy_download import StoredObject
from ipsec_orchestrator.lab.windows.registry_file import (
    RegistryKeys,
    RegistryValue,
    binary_value,
    number_value,
    text_value,
    texts_value,
)
from ipsec_orchestrator.model.directory import split_dn

IPSEC_KEY: Final = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\IPSec"
ASSIGNED_KEY: Final = rf"{IPSEC_KEY}\GPTIPSECPolicy"
CACHE_KEY: Final = rf"{IPSEC_KEY}\Policy\Cache"
_EXTENSIONS: Final = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\GPExtensions"
EXTENSION_KEY: Final = rf"{_EXTENSIONS}\{{{IPSEC_CSE}}}"
SYSTEM_POLICIES_KEY: Final = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\System"
_REFERENCE_PREFIX: Final = r"SOFTWARE\Policies\Microsoft\Windows\IPSEC\Policy\Cache"
# Seen as 1 wherever it was seen; its meaning is not documented.
_ASSIGNED_FLAGS: Final = 1


def write_assigned(registry: RegistryKeys, *, policy_dn: str, name: str | None) -> None:
    """Note the assigned policy, as the extension does."""
    registry.set_values(
        ASSIGNED_KEY,
        {
            "DSIPSECPolicyPath": text_value(f"LDAP://{policy_dn}"),
            "DSIPSECPolicyName": text_value(name or ""),
            "DSIPSECPolicyFlags": number_value(_ASSIGNED_FLAGS),
        },
    )


def clear_assigned(registry: RegistryKeys) -> None:
    """Forget the assigned policy and what was cached of it."""
    registry.delete_key(ASSIGNED_KEY)
    registry.delete_key(CACHE_KEY)


def assigned_policy_dn(registry: RegistryKeys) -> str | None:
    """Give the DN of the assigned policy, as noted."""
    value = registry.value(ASSIGNED_KEY, "DSIPSECPolicyPath")
    if value is None or not isinstance(value.content, str):
        return None
    return value.content.removeprefix("LDAP://")


def write_cache(registry: RegistryKeys, objects: Sequence[StoredObject]) -> None:
    """Replace the cache by these objects, as the agent does when it has read a policy."""
    registry.delete_key(CACHE_KEY)
    for found in objects:
        registry.set_values(rf"{CACHE_KEY}\{found.name}", _cached_values(found))


def _cached_values(found: StoredObject) -> Mapping[str, RegistryValue]:
    attributes = found.entry.attributes
    values = {"className": text_value(found.object_class), "name": text_value(found.name)}
    for name in attributes:
        value = _cached_value(name.casefold(), attributes.texts(name), attributes.values_of(name))
        if value is not None:
            values[name] = value
    return values


def _cached_value(
    name: str,
    texts: Sequence[str],
    values: Sequence[bytes],
) -> RegistryValue | None:
    """Give an attribute as the cache holds it; ``None`` if the cache has no such value."""
    make = _CACHED.get(name)
    return make(texts, values) if make is not None and values else None


def _text(texts: Sequence[str], values: Sequence[bytes]) -> RegistryValue:
    del values
    return text_value(texts[0])


def _number(texts: Sequence[str], values: Sequence[bytes]) -> RegistryValue:
    del values
    return number_value(int(texts[0]))


def _binary(texts: Sequence[str], values: Sequence[bytes]) -> RegistryValue:
    del texts
    return binary_value(values[0])


def _time(texts: Sequence[str], values: Sequence[bytes]) -> RegistryValue:
    del values
    return number_value(unix_seconds(texts[0]))


def _reference(texts: Sequence[str], values: Sequence[bytes]) -> RegistryValue:
    del values
    return text_value(_key_path(texts[0]))


def _references(texts: Sequence[str], values: Sequence[bytes]) -> RegistryValue:
    del values
    return texts_value([_key_path(dn) for dn in texts])


# Attributes, folded, that the cache holds, and as what.
_CACHED: Final[Mapping[str, Callable[[Sequence[str], Sequence[bytes]], RegistryValue]]] = {
    "ipsecname": _text,
    "description": _text,
    "ipsecid": _text,
    "ipsecnegotiationpolicytype": _text,
    "ipsecnegotiationpolicyaction": _text,
    "ipsecdatatype": _number,
    "ipsecdata": _binary,
    "whenchanged": _time,
    "ipsecisakmpreference": _reference,
    "ipsecnegotiationpolicyreference": _reference,
    "ipsecnfareference": _references,
    "ipsecfilterreference": _references,
}


def _key_path(dn: str) -> str:
    """``CN=ipsecNFA{...},CN=IP Security,...`` -> the key path by which the cache refers to it."""
    return rf"{_REFERENCE_PREFIX}\{split_dn(dn)[0].partition('=')[2]}"


def unix_seconds(generalized_time: str) -> int:
    """Read ``20261123173000.0Z`` (LDAP generalized time) as the cache stores it."""
    digits = generalized_time.partition(".")[0].rstrip("Z")
    moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return int(moment.timestamp())
