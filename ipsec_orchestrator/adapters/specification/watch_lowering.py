"""The section ``watch`` of a playbook -> :class:`WatchRules`: groups and time zone checked."""

from collections.abc import Iterable
from datetime import tzinfo
from zoneinfo import ZoneInfo, available_timezones

from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.fields import quoted
from ipsec_orchestrator.adapters.specification.playbook_schema import PlaybookFile
from ipsec_orchestrator.adapters.specification.watch_schema import Hours, KindsSection
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import NOT_WATCHED
from ipsec_orchestrator.model.suggestion import did_you_mean
from ipsec_orchestrator.model.watch_rules import Handling, WatchRules, WeeklyTimes


def lower_watch(
    examined: Examined[PlaybookFile], content: PlaybookFile, inventory: Inventory | None
) -> WatchRules:
    """Give the rules; problems are added to the file."""
    section = content.watch
    if section is None:
        return NOT_WATCHED
    _check_groups(examined, section.groups, inventory)
    if section.accept_unproved_revert and section.confirm_within is None:
        message = "'accept_unproved_revert' belongs to 'confirm_within', which is missing."
        examined.add(("watch", "accept_unproved_revert"), message, at_key=True)
    zone = _zone(examined, section.time_zone)
    return WatchRules(
        every=section.every,
        on_drift=section.on_drift,
        kinds=_kinds(section.kinds),
        groups=tuple(section.groups.items()),
        times=section.repair_limit.times,
        within=section.repair_limit.within,
        repair_only=_times(section.repair_only, zone),
        leave_alone=_times(section.leave_alone, zone),
        confirm_within=section.confirm_within,
        accept_unproved_revert=section.accept_unproved_revert,
    )


def _kinds(section: KindsSection) -> dict[str, Handling]:
    written: dict[str, Handling | None] = {
        "GPO": section.gpo,
        "link": section.link,
        "assignment": section.assignment,
        "policy": section.policy,
        "key exchange": section.key_exchange,
        "rule": section.rule,
        "filter action": section.filter_action,
        "filter list": section.filter_list,
        "member": section.member,
    }
    return {kind: handling for kind, handling in written.items() if handling is not None}


def _zone(examined: Examined[PlaybookFile], name: str) -> tzinfo:
    known = available_timezones()
    if name in known:
        return ZoneInfo(name)
    message = f"{quoted(name)} is no time zone.{did_you_mean(name, known)}"
    examined.add(("watch", "time_zone"), message)
    return ZoneInfo("UTC")


def _times(found: Iterable[Hours], zone: tzinfo) -> tuple[WeeklyTimes, ...]:
    return tuple(
        WeeklyTimes(text=text, days=days, begins=begins, lasts=lasts, zone=zone)
        for text, days, begins, lasts in found
    )


def _check_groups(
    examined: Examined[PlaybookFile], groups: Iterable[str], inventory: Inventory | None
) -> None:
    if inventory is None:
        return
    known = {group.casefold(): group for host in inventory.hosts for group in host.groups}
    for group in groups:
        if group.casefold() not in known:
            message = (
                f"no host of the inventory is in the group {quoted(group)}."
                f"{did_you_mean(group, known.values())}"
            )
            examined.add(("watch", "groups", group), message, at_key=True)
