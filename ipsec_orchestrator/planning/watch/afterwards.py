"""What the record of the last run becomes by a repair.

A repair brings things back; it approves of nothing. What it did not bring back stays different from
the record, so only what has to be new in the record is taken from the directory: the GPO's version,
and a GPO that was made anew.
"""

from dataclasses import replace
from typing import Final

from ipsec_orchestrator.model.directory import Entry
from ipsec_orchestrator.planning.drift.group_policy import GpoSight
from ipsec_orchestrator.planning.drift.record import Left

_VERSION: Final = "versionNumber"
_LINK: Final = "gPLink"


def left_after_repair(before: Left, now: Left) -> Left:
    """Give the record.

    Args:
        before: What the run before had left.
        now: What is there after the repair.
    """
    was, found = before.sight, now.sight
    if was is None or found is None:
        return before
    if was.gpo.gpo_id == found.gpo.gpo_id:
        return replace(before, sight=_counted_on(was, found))
    link = now.ou.attributes.values_of(_LINK)
    ou = replace(before.ou, attributes=before.ou.attributes.with_values(_LINK, link))
    return replace(before, ou=ou, sight=found)


def _counted_on(was: GpoSight, found: GpoSight) -> GpoSight:
    version = found.gpo.entry.attributes.values_of(_VERSION)
    entry: Entry = was.gpo.entry
    counted = replace(entry, attributes=entry.attributes.with_values(_VERSION, version))
    return replace(was, gpo=replace(was.gpo, entry=counted))
