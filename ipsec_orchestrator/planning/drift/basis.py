"""A digest of everything that a member is compared with: if it is the same, so is the judgement."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import cast

from ipsec_orchestrator.facts.computers import ObservedComputers
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.policy import Playbook

# Counters of one DC: they grow without any change of content.
_COUNTERS = frozenset({"usn"})


def basis_of(playbook: Playbook, record: str | None, tool_version: str, observed: Observed) -> str:
    """Give the digest, as hexadecimal text.

    Args:
        playbook: What is wanted.
        record: Id of the run whose record is compared with.
        tool_version: A new version may judge otherwise.
        observed: What is there; of it everything but the members and their accounts counts.
    """
    rest = replace(observed, computers=ObservedComputers(computers=()), members={})
    text = json.dumps([_plain(playbook), record, tool_version, _plain(rest)], sort_keys=True)
    return sha256(text.encode()).hexdigest()


def _plain(value: object) -> Json:  # noqa: PLR0911 - one a kind of value
    """Give a value of the model as JSON; equal values give equal texts."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Attributes):
        # The values of one attribute are a set; a DC may give them in another order.
        return {name: sorted(each.hex() for each in found) for name, found in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.name not in _COUNTERS
        }
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return {str(key): _plain(found) for key, found in pairs}
    if isinstance(value, AbstractSet):
        members = cast("AbstractSet[object]", value)
        return sorted(json.dumps(_plain(each), sort_keys=True) for each in members)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in cast("Sequence[object]", value)]
    return str(value)
