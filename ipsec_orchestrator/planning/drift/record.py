"""What a run left in the directory, kept with the run so that a later look can compare with it.

The objects are kept as they were read, not as a picture: pictures are drawn from them by the same
functions as from what is there now, with the playbook of the day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.facts.gpo import ObservedGpo, ObservedOu
from ipsec_orchestrator.facts.gpo_guards import GpoGuards
from ipsec_orchestrator.facts.ip_security_container import IpSecurityContainer
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import Attributes, Entry, dn_key
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.drift.group_policy import GpoSight, found_group_policy
from ipsec_orchestrator.planning.drift.ip_security import found_objects
from ipsec_orchestrator.planning.drift.picture import Picture
from ipsec_orchestrator.planning.plan_secrets import holds_secret
from ipsec_orchestrator.planning.stepfile import (
    attributes_from_json,
    attributes_to_json,
    mapping,
    sequence,
)

EVENT: Final = "run-left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The objects of one playbook at the end of a run.

    Attributes:
        objects: Those below ``CN=IP Security`` that bear the playbook's mark.
        ou: The OU with its links.
        sight: The GPO and its guards; ``None`` if there was none.
    """

    objects: tuple[Entry, ...]
    ou: Entry
    sight: GpoSight | None = None


def left_picture(left: Left, playbook: Playbook, observed: Observed, wanted: Picture) -> Picture:
    """Draw what was left, as :func:`found_objects` and :func:`found_group_policy` draw today.

    Args:
        left: What was left.
        playbook: As it is today; things are called by its names.
        observed: As it is today, for everything that a record has no part in.
        wanted: What the playbook asks for today.
    """
    container = IpSecurityContainer(
        dn=observed.container.dn,
        entries={dn_key(entry.dn): entry for entry in left.objects},
    )
    sight = _with_template_version(left.sight) if left.sight else None
    then = replace(
        observed,
        container=container,
        ou=ObservedOu(entry=left.ou),
        gpo=sight.gpo if sight else None,
    )
    objects = found_objects(container, playbook.name, wanted)
    return found_group_policy(playbook, then, sight) + objects


def _with_template_version(sight: GpoSight) -> GpoSight:
    """Give ``gpt.ini`` the container's version: a run raises both and reads both back."""
    number = int(sight.gpo.entry.attributes.text("versionNumber") or "0")
    template = GpoVersion.from_number(number).number
    return replace(sight, gpo=replace(sight.gpo, template_version=template))


def left_to_json(left: Left) -> dict[str, Json]:
    """Give it as it stands in a journal."""
    sight = left.sight
    return {
        "objects": [_entry_to_json(entry) for entry in left.objects],
        "ou": _entry_to_json(left.ou),
        "gpo": None
        if sight is None
        else {
            "id": str(sight.gpo.gpo_id),
            "entry": _entry_to_json(sight.gpo.entry),
            "below": [_entry_to_json(entry) for entry in sight.gpo.below],
            "permissions": sight.guards.permissions,
            "wmi_filter": sight.guards.wmi_filter,
        },
    }


def left_from_json(found: Json) -> Left:
    """Read what :func:`left_to_json` gave.

    Raises:
        ValueError, TypeError, KeyError: It is something else.
    """
    document = mapping(found)
    gpo = document["gpo"]
    return Left(
        objects=tuple(_entry_from_json(each) for each in sequence(document["objects"])),
        ou=_entry_from_json(document["ou"]),
        sight=None if gpo is None else _sight(mapping(gpo)),
    )


def _sight(found: Mapping[str, Json]) -> GpoSight:
    return GpoSight(
        gpo=ObservedGpo(
            gpo_id=UUID(str(found["id"])),
            entry=_entry_from_json(found["entry"]),
            below=tuple(_entry_from_json(each) for each in sequence(found["below"])),
        ),
        guards=GpoGuards(
            permissions=_text(found["permissions"]),
            wmi_filter=_text(found["wmi_filter"]),
        ),
    )


def _entry_to_json(entry: Entry) -> Json:
    attributes = entry.attributes
    if holds_secret(entry.dn, attributes):
        attributes = attributes.with_values("ipsecData", ())
    return {"dn": entry.dn, "attributes": attributes_to_json(attributes)}


def _entry_from_json(found: Json) -> Entry:
    document = mapping(found)
    attributes = attributes_from_json(document["attributes"])
    return Entry(dn=str(document["dn"]), attributes=attributes or Attributes())


def _text(value: Json) -> str | None:
    return None if value is None else str(value)
