"""A dead man's switch on simulated members: armed on all or none, confirmed, fired, put right."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.thread_runner import ThreadRunner
from ipsec_orchestrator.engine.dead_man_end import confirm, restore
from ipsec_orchestrator.engine.run import run
from ipsec_orchestrator.errors import HostUnreachableError, OutcomeUnknownError
from ipsec_orchestrator.lab.windows import Ailments, SimulatedHost
from ipsec_orchestrator.lab.windows.services import POLICY_AGENT, StartMode
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import HostOutcome, RunReport, StepOutcome
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import inverse
from ipsec_orchestrator.planning.dead_man_part import with_dead_man
from ipsec_orchestrator.planning.dead_man_tasks import task_name
from ipsec_orchestrator.ports import Confirmations, ScriptCall, World
from tests.worlds import ListJournal, ListObserver, MemoryDomain, with_windows_hosts

RUN = "20261126-120000-abc123"
MEMBERS = ("host1", "vm1", "vm2")
WITHIN = 600
RECORD = rf"HKLM\SOFTWARE\ipsec_orchestrator\DeadMan\{RUN}"


class ListedConfirmations(Confirmations):
    """What is pending, in memory, with everything that was ever put."""

    def __init__(self) -> None:
        self.by_run: dict[str, PendingConfirmation] = {}
        self.told: list[PendingConfirmation] = []

    @override
    def put(self, pending: PendingConfirmation) -> None:
        self.told.append(pending)
        self.by_run.pop(pending.run_id, None)
        if pending.hosts:
            self.by_run[pending.run_id] = pending

    @override
    def all(self) -> tuple[PendingConfirmation, ...]:
        return tuple(self.by_run.values())


@dataclass(slots=True, kw_only=True)
class Scene:
    """The how-to's domain with its members, and a run that has to be confirmed."""

    domain: MemoryDomain
    playbook: Playbook
    windows: dict[str, SimulatedHost]
    confirmations: ListedConfirmations = field(default_factory=ListedConfirmations)
    journal: ListJournal = field(default_factory=ListJournal)

    @property
    def hosts(self) -> list[Host]:
        """The members in the inventory's words."""
        return [host for host in self.domain.inventory.hosts if host.name in MEMBERS]

    @property
    def world(self) -> World:
        """The ports; one member after the other, because all share a clock that waits move."""
        return replace(
            self.domain.world, confirmations=self.confirmations, runner=ThreadRunner(threads=1)
        )

    def plan(self) -> Plan:
        """Plan an apply that has to be confirmed."""
        return with_dead_man(self.domain.plan(self.playbook, self.hosts), WITHIN)

    def carry_out(self, plan: Plan, world: World | None = None) -> RunReport:
        """Carry a plan out under the one id of this scene."""
        return run(plan, world or self.world, self.journal, ListObserver(), RUN)

    def apply(self) -> RunReport:
        """Plan, and carry out; it has to succeed."""
        report = self.carry_out(self.plan())
        assert report.error is None, report.error
        return report

    def pass_time(self, seconds: float) -> None:
        """Let time pass, in steps in which schedulers look."""
        self.domain.clock.wait(seconds)
        self.domain.clock.wait(2.0)

    def tasks(self) -> dict[str, list[str]]:
        """Names of all tasks by host."""
        return {
            name: [task.name for task in host.tasks.all()] for name, host in self.windows.items()
        }

    def agent(self, host: str) -> tuple[StartMode, bool]:
        """Start type of PolicyAgent and whether it runs."""
        found = self.windows[host].services.get(POLICY_AGENT)
        return found.start_mode, found.running

    def disturb(self, host: str, script: str, disturbance: Callable[[], object]) -> None:
        """Do something whenever a script is run on a host, before it is; it may raise."""
        inner = self.domain.answers[host]

        def answer(call: ScriptCall) -> Json:
            if call.name == script:
                disturbance()
            return inner(call)

        self.domain.answers = {**self.domain.answers, host: answer}


@pytest.fixture
def scene(howto: Playbook, domain: MemoryDomain, tmp_path: Path) -> Scene:
    """Members that have no policy yet."""
    # By SMB the GPO gets the id that the plan shows, so that steps can be turned round as they are.
    playbook = replace(howto, gpo=replace(howto.gpo, via=GpoVia.SMB))
    return Scene(domain=domain, playbook=playbook, windows=with_windows_hosts(domain, tmp_path))


def all_of(names: Iterable[str]) -> dict[str, list[str]]:
    """The task of the run on each of these hosts, and nothing on others."""
    wanted = set(names)
    return {name: [task_name(RUN)] if name in wanted else [] for name in MEMBERS}


def unreachable(host: str) -> Callable[[], object]:
    """A host that does not answer."""

    def fail() -> object:
        raise HostUnreachableError(host=host, reason="cut off by the test")

    return fail


def test_every_member_is_guarded_before_anything_is_written(scene: Scene) -> None:
    """The tasks stand on all members, with their state saved there, before the first write."""
    world, counter = scene.domain.counting()
    report = scene.carry_out(scene.plan(), replace(world, runner=scene.world.runner))

    assert report.error is None
    assert scene.tasks() == all_of(MEMBERS)
    guarding = [text for text in counter.writes if "dead_man" in text]
    assert counter.writes[: len(guarding)] == guarding
    kept = scene.windows["vm1"].registry.read().values(RECORD)
    assert kept is not None
    assert (kept["StartMode"].content, kept["State"].content) == ("Manual", "Stopped")


def test_all_members_have_one_deadline_of_their_own_clocks(scene: Scene) -> None:
    """Clocks that differ by less than a minute fire at the same instant."""
    vm1 = scene.windows["vm1"]
    vm1.change_settings(replace(vm1.settings, clock_skew_seconds=40.0))
    scene.apply()
    dues = {}
    for name, host in scene.windows.items():
        due = host.tasks.next_run(host.tasks.get(task_name(RUN)))
        assert due is not None
        dues[name] = due - timedelta(seconds=host.settings.clock_skew_seconds)

    pending = scene.confirmations.by_run[RUN]
    assert pending.hosts == MEMBERS
    for due in dues.values():
        assert abs(due - pending.deadline) <= timedelta(seconds=1)


def test_the_journal_tells_how_members_were(scene: Scene) -> None:
    """The deadline and the state of each member from before are on the record."""
    scene.apply()

    kinds = scene.journal.kinds()
    assert kinds.index("step-begins") < kinds.index("dead-man-armed") < kinds.index("step-ends")
    (armed,) = [fields for kind, fields in scene.journal.events if kind == "dead-man-armed"]
    hosts = armed["hosts"]
    assert isinstance(hosts, dict)
    assert set(hosts) == set(MEMBERS)
    assert hosts["vm1"]["start_mode"] == "Manual"
    assert str(armed["deadline"]).endswith("Z")


def test_a_confirmed_run_leaves_nothing_behind(scene: Scene) -> None:
    """After the confirmation neither tasks nor records are there, and nothing fires later."""
    scene.apply()
    results = list(confirm(RUN, scene.hosts, scene.world))
    scene.pass_time(2 * WITHIN)

    assert {result.outcome for result in results} == {HostOutcome.DONE}
    assert scene.tasks() == all_of(())
    assert scene.windows["vm1"].registry.read().values(RECORD) is None
    assert scene.agent("vm1") == (StartMode.MANUAL, True)


def test_without_a_confirmation_the_effect_goes(scene: Scene) -> None:
    """At the deadline PolicyAgent is disabled and stopped everywhere, and a mark is left."""
    scene.apply()
    before = {name: scene.agent(name) for name in MEMBERS}
    scene.pass_time(WITHIN)

    assert set(before.values()) == {(StartMode.MANUAL, True)}
    for name in MEMBERS:
        assert scene.agent(name) == (StartMode.DISABLED, False)
        assert scene.windows[name].registry.read().value(RECORD, "Fired") is not None
        assert scene.windows[name].tasks.get(task_name(RUN)).last_result == 0


def test_somebody_who_enables_the_agent_again_does_not_help_the_policy(scene: Scene) -> None:
    """The task is repeated, so that a service that something enabled again is disabled again."""
    scene.apply()
    scene.pass_time(WITHIN)
    vm1 = scene.windows["vm1"]
    vm1.services.set_start_mode(POLICY_AGENT, StartMode.AUTO)
    vm1.start_service(POLICY_AGENT)
    scene.pass_time(300)

    assert scene.agent("vm1") == (StartMode.DISABLED, False)


def test_a_member_that_was_off_at_the_deadline_fires_when_it_starts(scene: Scene) -> None:
    """The trigger at boot counts from the deadline on, and not before."""
    scene.apply()
    vm1 = scene.windows["vm1"]
    vm1.reboot()
    early = scene.agent("vm1")
    scene.domain.clock.meanwhile.clear()
    scene.domain.clock.wait(WITHIN + 3600)
    vm1.reboot()

    assert early == (StartMode.MANUAL, True)
    assert scene.agent("vm1") == (StartMode.DISABLED, False)


def test_a_twin_that_fails_stops_everything(scene: Scene) -> None:
    """Where a harmless task can't run, nothing is written, and no task is left on anybody."""
    vm2 = scene.windows["vm2"]
    vm2.change_settings(replace(vm2.settings, ailments=Ailments(tasks_blocked=True)))
    before = scene.domain.snapshot()
    report = scene.carry_out(scene.plan())

    assert report.error is not None
    assert "vm2: the task that was tried ended with 0x800704EC" in report.error
    assert scene.domain.snapshot() == before
    assert scene.tasks() == all_of(())
    # Nothing was begun, so nothing stands in the way of the next run.
    assert not {"step-begins", "step-failed"} & set(scene.journal.kinds())
    assert scene.confirmations.by_run == {}
    assert {step.outcome for step in report.steps} == {StepOutcome.FAILED, StepOutcome.SKIPPED}


def test_a_scheduler_that_does_not_run_is_found_out(scene: Scene) -> None:
    """Without the service there is nothing that could fire."""
    vm2 = scene.windows["vm2"]
    vm2.change_settings(replace(vm2.settings, ailments=Ailments(services_disabled=("Schedule",))))
    report = scene.carry_out(scene.plan())

    assert report.error is not None
    assert "vm2: its Task Scheduler (service Schedule) does not run" in report.error
    assert scene.tasks() == all_of(())


@pytest.mark.parametrize("skew", [75.0, -75.0])
def test_a_clock_that_is_off_is_refused(scene: Scene, skew: float) -> None:
    """More than a minute off, a member would fire at another time than its peers."""
    vm1 = scene.windows["vm1"]
    vm1.change_settings(replace(vm1.settings, clock_skew_seconds=skew))
    before = scene.domain.snapshot()
    report = scene.carry_out(scene.plan())

    assert report.error is not None
    assert f"vm1: its clock is 75 s {'ahead of' if skew > 0 else 'behind'}" in report.error
    assert scene.domain.snapshot() == before
    assert scene.tasks() == all_of(())


def test_a_member_that_can_not_be_reached_stops_everything(scene: Scene) -> None:
    """An undo on one side only would not bring traffic back, so it is all or none."""
    plan = scene.plan()
    scene.disturb("vm2", "dead_man_read", unreachable("vm2"))
    report = scene.carry_out(plan)

    assert report.error is not None
    assert "vm2: vm2 can't be reached" in report.error
    assert scene.tasks() == all_of(())


def test_a_task_that_is_disabled_at_once_is_found_out(scene: Scene) -> None:
    """What reads back otherwise than it was written is taken away everywhere."""
    plan = scene.plan()
    vm1 = scene.windows["vm1"]
    register = vm1.tasks.register

    def meddle(name: str, xml: str, *, replacing: bool = False) -> None:
        other = xml.replace("<Priority>4<", "<Priority>7<") if name == task_name(RUN) else xml
        register(name, other, replacing=replacing)

    vm1.tasks.register = meddle  # type: ignore[method-assign]  # a management agent of that host
    report = scene.carry_out(plan)

    assert report.error is not None
    assert "vm1: its task reads back otherwise than it was written: settings.priority" in (
        report.error
    )
    assert scene.tasks() == all_of(())
    assert [told.hosts for told in scene.confirmations.told] == [MEMBERS, ()]


def test_a_task_that_can_not_be_taken_away_is_named(scene: Scene) -> None:
    """The refusal says where a task was left, and the confirmation stays pending for that host."""
    plan = scene.plan()

    def lose() -> object:
        # Everything until the task is there gets through.
        if any(task.name == task_name(RUN) for task in scene.windows["vm1"].tasks.all()):
            raise OutcomeUnknownError(host="vm1", reason="cut off by the test")
        return None

    scene.disturb("vm1", "dead_man_read", lose)
    scene.disturb("vm1", "dead_man_remove", lose)
    report = scene.carry_out(plan)

    assert report.error is not None
    assert "could not be taken away again from vm1" in report.error
    assert task_name(RUN) in scene.tasks()["vm1"]
    assert scene.tasks()["vm2"] == []
    assert scene.confirmations.by_run[RUN].hosts == ("vm1",)


def test_a_second_run_waits_for_the_first_ones_confirmation(scene: Scene) -> None:
    """Two deadlines on one member would be one too many."""
    scene.apply()
    policy = replace(scene.playbook.policies[0], polling_interval_seconds=60)
    scene.playbook = replace(scene.playbook, policies=(policy,))
    report = run(scene.plan(), scene.world, ListJournal(), ListObserver(), "another")

    assert report.error is not None
    assert f"run {RUN} waits for its confirmation there: orchestrate confirm {RUN}" in report.error
    assert scene.tasks() == all_of(MEMBERS)


def test_who_can_not_be_seen_at_the_confirmation_is_named(scene: Scene) -> None:
    """The others are confirmed; that one is unknown, and a second try finishes it."""
    scene.apply()
    well = scene.domain.answers
    scene.disturb("vm2", "dead_man_read", unreachable("vm2"))
    first = {result.host: result.outcome for result in confirm(RUN, scene.hosts, scene.world)}
    scene.domain.answers = well
    again = {result.host: result.outcome for result in confirm(RUN, scene.hosts, scene.world)}

    assert first == {
        "host1": HostOutcome.DONE,
        "vm1": HostOutcome.DONE,
        "vm2": HostOutcome.UNKNOWN,
    }
    assert set(again.values()) == {HostOutcome.DONE}
    assert scene.tasks() == all_of(())


def test_a_confirmation_that_comes_too_late_is_none(scene: Scene) -> None:
    """Where the task has fired, a confirmation changes nothing and says what does."""
    scene.apply()
    scene.pass_time(WITHIN)
    results = list(confirm(RUN, scene.hosts, scene.world))

    assert {result.outcome for result in results} == {HostOutcome.FAILED}
    assert all("restore-members" in (result.cure or "") for result in results)
    assert scene.tasks() == all_of(MEMBERS)


def test_members_are_not_enabled_while_the_directory_assigns_the_policy(scene: Scene) -> None:
    """Enabling the agent first would bring back what cut the member off."""
    scene.apply()
    scene.pass_time(WITHIN)
    results = list(restore(RUN, scene.hosts, scene.world, keep_policy=False))

    assert {result.outcome for result in results} == {HostOutcome.FAILED}
    assert all("--keep-policy" in (result.cure or "") for result in results)
    assert scene.agent("vm1") == (StartMode.DISABLED, False)


def test_restored_with_the_policy_kept(scene: Scene) -> None:
    """Whoever was only late gets the policy in force again, with the start type from before."""
    scene.apply()
    scene.pass_time(WITHIN)
    results = list(restore(RUN, scene.hosts, scene.world, keep_policy=True))
    scene.pass_time(WITHIN)

    assert {result.outcome for result in results} == {HostOutcome.DONE}
    for name in MEMBERS:
        assert scene.agent(name) == (StartMode.MANUAL, True)
        assert scene.windows[name].registry.read().values(RECORD) is None
    assert scene.tasks() == all_of(())


def test_restored_after_the_directory_was_put_right(scene: Scene) -> None:
    """With the policy unassigned and fetched, members are as they were before the run."""
    scene.apply()
    scene.pass_time(WITHIN)
    report = run(
        scene.domain.plan_removal(scene.playbook, scene.hosts),
        scene.world,
        ListJournal(),
        ListObserver(),
        "removal",
    )
    results = list(restore(RUN, scene.hosts, scene.world, keep_policy=False))

    assert report.error is None
    assert {result.outcome for result in results} == {HostOutcome.DONE}
    for name in MEMBERS:
        assert scene.agent(name) == (StartMode.MANUAL, False)
        assert scene.windows[name].registry.read().values(RECORD) is None


@pytest.mark.parametrize("fired", [False, True])
def test_the_inverse_of_the_steps_takes_the_tasks_away(scene: Scene, *, fired: bool) -> None:
    """Undone backwards, the plan ends with members as they were, whether it has fired or not."""
    plan = scene.plan()
    scene.carry_out(plan)
    if fired:
        scene.pass_time(WITHIN)
    removal = run(
        scene.domain.plan_removal(scene.playbook, scene.hosts),
        scene.world,
        ListJournal(),
        ListObserver(),
        "removal",
    )
    guards = [step for step in plan.steps if step.stage is Stage.DEAD_MAN]
    report = run(
        replace(plan, steps=tuple(inverse(step) for step in reversed(guards))),
        scene.world,
        ListJournal(),
        ListObserver(),
        "rollback",
    )

    assert (removal.error, report.error) == (None, None)
    released = {s.object: s.outcome for s in report.steps if s.stage is Stage.DEAD_MAN}
    assert released == dict.fromkeys(reversed(MEMBERS), StepOutcome.DONE), report
    assert scene.tasks() == all_of(())
    assert scene.confirmations.by_run == {}
    assert scene.agent("vm1")[0] is StartMode.MANUAL
