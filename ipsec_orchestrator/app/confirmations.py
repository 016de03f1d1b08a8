"""Confirming a run, and putting members right after nobody did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ipsec_orchestrator.adapters.confirmation_folder import ConfirmationFolder
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.codec.selectors import select
from ipsec_orchestrator.engine.dead_man_end import NOTHING_THERE, confirm, restore
from ipsec_orchestrator.engine.dead_man_steps import forget_hosts
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.inventory import Host, HostRole, Inventory
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult
from ipsec_orchestrator.ports import World

_LAST = "last"
Tell = Callable[[MemberResult], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A run and the members that a command about it is for.

    Attributes:
        run_id: The run.
        hosts: Its members; those of the inventory where nothing is remembered of it.
        pending: What is remembered; ``None`` where it was begun elsewhere, or is over.
    """

    run_id: str
    hosts: tuple[Host, ...]
    pending: PendingConfirmation | None


def waiting_run(name: str, inventory: Inventory, place: StatePlace, limit: str | None) -> Waiting:
    """Find out what run is meant, and which members.

    Args:
        name: An id, or ``last``.
        inventory: What exists.
        place: Where it would be remembered.
        limit: From ``--limit``.

    Raises:
        UsageError: Nothing waits for a confirmation, or a member is not in the inventory.
    """
    known = confirmations(place).all()
    if name == _LAST:
        if not known:
            raise UsageError(
                "No run of this state folder waits for its confirmation.",
                cure="Name the run by its id; it stands in the name of the task on each member.",
            )
        name = max(pending.run_id for pending in known)
    found = next((pending for pending in known if pending.run_id == name), None)
    if found is None:
        # Any administrator may confirm; what is there stands on the members.
        hosts = tuple(h for h in inventory.hosts if h.role is not HostRole.DOMAIN_CONTROLLER)
    else:
        hosts = tuple(_host(host, inventory) for host in found.hosts)
    if limit is not None:
        wanted = {host.name for host in select(inventory, limit)}
        hosts = tuple(host for host in hosts if host.name in wanted)
    if not hosts:
        raise UsageError(
            f"No member is left of run {name}.",
            cure="Leave out --limit; orchestrate runs show says who was in the run.",
        )
    return Waiting(run_id=name, hosts=hosts, pending=found)


def _host(name: str, inventory: Inventory) -> Host:
    host = inventory.host(name)
    if host is None:
        raise UsageError(
            f"The inventory does not have {name}, which waits for the confirmation.",
            cure="Use the inventory that the run was made with.",
        )
    return host


def confirmations(place: StatePlace) -> ConfirmationFolder:
    """Give what is remembered in a state folder."""
    return ConfirmationFolder(place.confirmations)


def with_confirmations(world: World, place: StatePlace) -> World:
    """Give the world one that remembers."""
    return replace(world, confirmations=confirmations(place))


def confirm_members(waiting: Waiting, world: World, tell: Tell) -> list[MemberResult]:
    """Take the tasks away; members that are seen to have none any more are forgotten.

    Raises:
        UsageError: Nothing is remembered of the run, and no member knows of it.
    """
    return _done(waiting, confirm(waiting.run_id, waiting.hosts, world), world, tell)


def restore_members(
    waiting: Waiting, world: World, tell: Tell, *, keep_policy: bool
) -> list[MemberResult]:
    """Give services back; members that have everything back are forgotten.

    Raises:
        UsageError: Nothing is remembered of the run, and no member knows of it.
    """
    results = restore(waiting.run_id, waiting.hosts, world, keep_policy=keep_policy)
    return _done(waiting, results, world, tell)


def _done(
    waiting: Waiting, results: Iterator[MemberResult], world: World, tell: Tell
) -> list[MemberResult]:
    found: list[MemberResult] = []
    for result in results:
        tell(result)
        found.append(result)
        if result.outcome is HostOutcome.DONE:
            # At once, so that a command that is stopped does not forget what it has done.
            forget_hosts([result.host], world, waiting.run_id)
    if waiting.pending is None and all(result.reason == NOTHING_THERE for result in found):
        raise UsageError(
            f"No member has a task of run {waiting.run_id}: it is over, or there is none of that "
            "id.",
            cure="The id stands in the name of the task on each member.",
        )
    order = {host.name: place for place, host in enumerate(waiting.hosts)}
    return sorted(found, key=lambda result: order[result.host])
