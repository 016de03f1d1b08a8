"""What happens within a pass: finish what was begun, look, decide, and do what may be done."""

from collections.abc import Callable, Container, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ipsec_orchestrator.adapters.durable_files import make_private_folder
from ipsec_orchestrator.app.confirmations import confirmations
from ipsec_orchestrator.app.drift import Record
from ipsec_orchestrator.app.earlier_runs import read_run, resume
from ipsec_orchestrator.app.left_record import last_record
from ipsec_orchestrator.app.looking import Economy, look
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.plans import load_plan, make_apply_plan, save_plan
from ipsec_orchestrator.app.repair import carry_out_repair, make_repair_plan, trouble_of
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.app.taken_back import Watch
from ipsec_orchestrator.app.watermarks import watermarks
from ipsec_orchestrator.errors import BackendError, JournalError, PlanError, PlanFileError
from ipsec_orchestrator.facts.run_lock import read_lock
from ipsec_orchestrator.model.drift import DriftKind
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.plan import Plan, Purpose
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.run import RunRecord, RunState
from ipsec_orchestrator.model.run_standing import undecided
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.model.watch_rules import Handling
from ipsec_orchestrator.planning.watch.decision import Decision, Surroundings, decide, untimely
from ipsec_orchestrator.planning.watch.handling import groups_of, in_directory
from ipsec_orchestrator.ports import RunStore, World

Tell = Callable[[str], None]
_EVERYTHING: Final = Economy()


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOrder:
    """What a pass is about.

    Attributes:
        playbook: What is wanted.
        file: Absolute path of the playbook's file.
        inventory: What exists.
        members: The hosts that are looked at.
        place: The state folder.
        plans: Folder for plans that somebody has to apply.
        mode: Overrides every word of the playbook.
        open_world: Connects to the domain.
        watch: Shows a run while it goes on.
        economy: What a look may spare.
    """

    playbook: Playbook
    file: str
    inventory: Inventory
    members: tuple[Host, ...]
    place: StatePlace
    plans: Path
    mode: Handling | None = None
    open_world: Callable[[], AbstractContextManager[World]]
    watch: Watch
    economy: Economy = _EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Everything that a pass goes by once it has looked."""

    order: PassOrder
    decision: Decision
    looked: WatchPass
    earlier: Sequence[WatchPass]
    record: Record | None
    world: World
    tell: Tell


def look_after(
    order: PassOrder, begun: WatchPass, earlier: Sequence[WatchPass], world: World, tell: Tell
) -> WatchPass:
    """Do all of it and give what came of it, without its end.

    Raises:
        OrchestratorError: The domain can't be read, or a repair came to nothing.
    """
    store = run_store(order.place, world.clock, tell)
    finished = _finish(order, store, world, tell)
    record = last_record(store, order.playbook.name, order.inventory.domain.name)
    kept = watermarks(order.place)
    found = look(
        order.playbook,
        order.members,
        world,
        record,
        tell,
        economy=order.economy,
        since=kept.get(order.playbook.name, order.inventory.domain.name),
    )
    try:
        kept.put(found.watermark)
    except JournalError as error:
        # The next look reads everything; that is no reason to leave this one.
        tell(str(error))
    report = found.report
    unread = {each.object for each in report.unknown}
    looked = replace(
        begun,
        report=report,
        run_id=finished,
        members_read=tuple(h.name for h in found.chosen.hosts if h.name not in unread),
    )
    decision = decide(
        report,
        order.playbook.watch,
        Surroundings(
            now=begun.started,
            earlier=earlier,
            groups=groups_of(order.members),
            mode=order.mode,
            obstacle=_obstacle(order, store, world),
        ),
    )
    looked = replace(looked, alarms=(*looked.alarms, *decision.alarms))
    try:
        return _act(
            _Found(
                order=order,
                decision=decision,
                looked=looked,
                earlier=earlier,
                record=record,
                world=world,
                tell=tell,
            )
        )
    except PlanError as error:
        # Somebody has to decide: nobody is there who could be asked.
        return replace(looked, outcome=PassOutcome.HELD, reason=str(error))
    except BackendError as error:
        # What was found is worth knowing, although nothing came of the repair.
        return replace(looked, outcome=PassOutcome.FAILED, reason=str(error))


def _finish(order: PassOrder, store: RunStore, world: World, tell: Tell) -> str:
    """Finish a repair of an earlier pass that was killed; gives the id of its run, else nothing."""
    found = _undecided(order, store)
    forbidden = order.mode not in {None, Handling.REPAIR}
    if found is None or not _is_left_repair(found) or forbidden:
        return ""
    if untimely(order.playbook.watch, world.clock.now()):
        return ""
    run = read_run(store, found.run_id)
    with order.watch(run.plan) as observer:
        resume(run, world, store, observer, tell=tell)
    return found.run_id


def _undecided(order: PassOrder, store: RunStore) -> RunRecord | None:
    return undecided(store.runs(), order.playbook.name, order.inventory.domain.name)


def _is_left_repair(found: RunRecord) -> bool:
    return found.command == Purpose.REPAIR.value and found.state is RunState.INTERRUPTED


def _obstacle(order: PassOrder, store: RunStore, world: World) -> str:
    """Say what is going on that a repair must not disturb."""
    name, domain = order.playbook.name, order.inventory.domain.name.casefold()
    for pending in confirmations(order.place).all():
        if pending.playbook == name and pending.domain.casefold() == domain:
            return (
                f"The run {pending.run_id} waits for its confirmation until "
                f"{pending.deadline.isoformat(sep=' ', timespec='minutes')}."
            )
    found = _undecided(order, store)
    if found is not None:
        return f"The run {found.run_id} ({found.command}) is {found.state.value}: decide first."
    stored = read_lock(world.directory, order.playbook.gpo.name)
    if stored is not None and not (stored.lock and store.is_gone(stored.lock.run_id)):
        return f"Another run is at work on the GPO: {stored.holder}."
    return ""


def _act(found: _Found) -> WatchPass:
    order, decision, looked = found.order, found.decision, found.looked
    if decision.held:
        return replace(looked, outcome=PassOutcome.HELD, reason=decision.held)
    match decision.handling:
        case Handling.ASK:
            plan = _plan_to_ask_about(found)
            if plan.is_empty:
                return replace(looked, outcome=PassOutcome.REPORTED)
            path = _asked_already(plan, found.earlier) or _written(plan, order, looked)
            return replace(looked, outcome=PassOutcome.ASKED, plan_file=str(path))
        case Handling.REPAIR if found.record is not None:
            plan = _repair_plan(found, found.record, decision.members)
            if plan.is_empty:
                return replace(looked, outcome=PassOutcome.REPORTED)
            ran = carry_out_repair(
                plan,
                order.playbook,
                found.world,
                place=order.place,
                watch=order.watch,
                tell=found.tell,
            )
            trouble = trouble_of(ran)
            outcome = PassOutcome.FAILED if trouble else PassOutcome.REPAIRED
            return replace(looked, outcome=outcome, reason=trouble, run_id=ran.run_id)
        case _:
            return replace(looked, outcome=_told(looked))


def _told(looked: WatchPass) -> PassOutcome:
    if looked.report.differences or looked.report.unknown:
        return PassOutcome.REPORTED
    return PassOutcome.REPAIRED if looked.run_id else PassOutcome.CLEAN


def _plan_to_ask_about(found: _Found) -> Plan:
    """Plan what somebody is asked for: a repair, or what the playbook wants by now."""
    order = found.order
    pending = any(each.kind is DriftKind.PENDING for each in found.looked.report.differences)
    if found.record is None or pending:
        return make_apply_plan(order.playbook, order.members, found.world, found.tell)
    names = {each.name for each in found.decision.differences}
    return _repair_plan(found, found.record, names)


def _repair_plan(found: _Found, record: Record, names: Container[str]) -> Plan:
    """Plan a repair; once the directory changes, all members that answer are refreshed."""
    unread = {each.object for each in found.looked.report.unknown}
    members = tuple(host for host in found.order.members if host.name not in unread)
    if not any(map(in_directory, found.decision.differences)):
        members = tuple(host for host in members if host.name in names)
    return make_repair_plan(
        found.order.playbook,
        members,
        found.decision.differences,
        record=record,
        world=found.world,
        tell=found.tell,
    )


def _asked_already(plan: Plan, earlier: Sequence[WatchPass]) -> Path | None:
    """Give the file in which the pass before has asked for the same, if it is still there."""
    if not earlier or not earlier[0].plan_file:
        return None
    path = Path(earlier[0].plan_file)
    try:
        known = load_plan(path)
    except PlanFileError:
        # It was taken away, or somebody edited it: a new one is written.
        return None
    same = known.steps == plan.steps and known.basis.objects == plan.basis.objects
    return path if same else None


def _written(plan: Plan, order: PassOrder, looked: WatchPass) -> Path:
    try:
        make_private_folder(order.plans)
    except OSError as error:
        raise PlanFileError(f"{order.plans} can't be made: {error.strerror}.") from error
    path = order.plans / f"{order.playbook.name}-{looked.pass_id}.json"
    save_plan(plan, path)
    return path
