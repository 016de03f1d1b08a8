"""The section ``rollout`` of a playbook -> :class:`Rollout`: rules between keys checked."""

from ipsec_orchestrator.adapters.specification.document import Place
from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.fields import quoted
from ipsec_orchestrator.adapters.specification.playbook_schema import PlaybookFile
from ipsec_orchestrator.adapters.specification.references import check_double
from ipsec_orchestrator.adapters.specification.rollout_schema import (
    ConnectionSection,
    RolloutSection,
)
from ipsec_orchestrator.codec.selectors import members_of, select
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.rollout import HealthWish, Rollout, ServiceWish
from ipsec_orchestrator.model.suggestion import did_you_mean


def lower_rollout(
    examined: Examined[PlaybookFile],
    content: PlaybookFile,
    inventory: Inventory | None,
) -> Rollout | None:
    """Give the rollout; problems are added to the file."""
    section = content.rollout
    if section is None:
        return None
    _check_sizes(examined, section)
    health = section.health
    return Rollout(
        canaries=section.canaries or "",
        batches=(section.batch,) if section.batch else tuple(section.batches),
        wait_seconds=section.wait,
        health=HealthWish(
            policy=health.policy,
            services=health.services,
            management=health.management,
            connections=_connections(examined, health.connections, inventory),
            patience_seconds=health.patience,
        ),
        on_failure=section.on_failure,
        failure_share_percent=section.failure_share,
    )


def check_canaries(
    examined: Examined[PlaybookFile],
    playbook: Playbook,
    inventory: Inventory | None,
) -> None:
    """Add a problem if the canaries are not among the playbook's members."""
    rollout = playbook.rollout
    if rollout is None or not rollout.canaries or inventory is None:
        return
    place = ("rollout", "canaries")
    try:
        canaries = select(inventory, rollout.canaries)
        members = {host.name for host in members_of(inventory, playbook)}
    except UsageError as error:
        examined.add(place, str(error))
        return
    if not any(host.name in members for host in canaries):
        message = (
            f"{quoted(rollout.canaries)} means none of the playbook's members, which are "
            f"{', '.join(sorted(members)) or 'none'}."
        )
        examined.add(place, message)


def _check_sizes(examined: Examined[PlaybookFile], section: RolloutSection) -> None:
    if section.batch and section.batches:
        message = "'batch' and 'batches' can't stand together; write one of them."
        examined.add(("rollout", "batch"), message, at_key=True)
    if not section.canaries and not section.batch and not section.batches:
        damaged = any(examined.has(("rollout", key)) for key in ("canaries", "batch", "batches"))
        if not damaged:
            message = (
                "a rollout needs 'canaries', 'batches' or 'batch'; without it all are one wave."
            )
            examined.add(("rollout",), message, at_key=True)


def _connections(
    examined: Examined[PlaybookFile],
    sections: list[ConnectionSection],
    inventory: Inventory | None,
) -> tuple[ServiceWish, ...]:
    top: Place = ("rollout", "health", "connections")
    check_double(
        examined,
        [(*top, index, "name") for index in range(len(sections))],
        [found.name.casefold() for found in sections],
        "another connection has this name; capital letters make no difference.",
    )
    return tuple(
        _connection(examined, (*top, index), section, inventory)
        for index, section in enumerate(sections)
    )


def _connection(
    examined: Examined[PlaybookFile],
    place: Place,
    section: ConnectionSection,
    inventory: Inventory | None,
) -> ServiceWish:
    if section.http is None:
        for key, written in (("target", section.target), ("tcp", section.tcp)):
            if written is None and not examined.has((*place, key)):
                examined.add(
                    place, f"a connection needs 'target' and 'tcp', or 'http': '{key}' is missing."
                )
        if section.status is not None:
            examined.add((*place, "status"), "'status' belongs to 'http'.", at_key=True)
    else:
        for key, written in (("target", section.target), ("tcp", section.tcp)):
            if written is not None:
                message = (
                    f"'{key}' and 'http' can't stand together; the address of the page says both."
                )
                examined.add((*place, key), message, at_key=True)
    if inventory is not None:
        try:
            select(inventory, section.source)
        except UsageError as error:
            examined.add((*place, "source"), str(error))
        if section.target is not None and inventory.host(section.target) is None:
            names = [host.name for host in inventory.hosts]
            message = (
                f"the inventory has no host {quoted(section.target)}."
                f"{did_you_mean(section.target, names)}"
            )
            examined.add((*place, "target"), message)
    host = inventory.host(section.target) if inventory and section.target else None
    return ServiceWish(
        name=section.name,
        source=section.source,
        target=host.name if host else section.target or "",
        port=section.tcp,
        url=section.http or "",
        status=section.status,
    )
