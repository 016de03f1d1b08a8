"""The lab's Task Scheduler: what it refuses, when it starts tasks, and what they do."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.memory import seeded_directory
from ipsec_orchestrator.codec.scheduled_task import task_xml
from ipsec_orchestrator.lab.windows import (
    Ailments,
    RegistryFile,
    SimulatedHost,
    WindowsCommands,
    WindowsSettings,
)
from ipsec_orchestrator.lab.windows.imitated_error import NO_WIRE, ImitatedError
from ipsec_orchestrator.lab.windows.programs import BLOCKED_BY_POLICY, FILE_NOT_FOUND
from ipsec_orchestrator.lab.windows.services import POLICY_AGENT, StartMode
from ipsec_orchestrator.lab.windows.task_definition import (
    BAD_TASK,
    MALFORMED_TASK,
    OUT_OF_RANGE,
    parse_definition,
)
from ipsec_orchestrator.lab.windows.task_scheduler import (
    HAS_NOT_RUN,
    NO_SCHEDULER,
    TASK_NOT_FOUND,
    TASK_TAKEN,
)
from ipsec_orchestrator.planning.dead_man_tasks import dead_man_task

NOON: Final = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
AT: Final = NOON + timedelta(minutes=10)
XML: Final = task_xml(dead_man_task("run", AT))
MARK: Final = r"HKLM\SOFTWARE\ipsec_orchestrator\DeadMan\run"
SYSTEM: Final = r"%SystemRoot%\System32"


class HandClock:
    """Shows what the test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        """Give the time."""
        return self.now


@pytest.fixture
def clock() -> HandClock:
    """Noon."""
    return HandClock()


@pytest.fixture
def vm1(tmp_path: Path, clock: HandClock) -> SimulatedHost:
    """A host whose agent runs."""
    directory = seeded_directory(SystemClock(), units=["IPSecOU"], computers=[("vm1", "IPSecOU")])
    host = SimulatedHost(
        WindowsSettings(name="vm1", account="VM1$"),
        registry=RegistryFile(tmp_path / "vm1.json"),
        open_directory=lambda: nullcontext(directory),
        read_template=lambda _: None,
        clock=clock,
    )
    host.start_service(POLICY_AGENT)
    return host


def look(vm1: SimulatedHost, clock: HandClock, moment: datetime) -> None:
    """Let the scheduler look at a moment."""
    clock.now = moment
    vm1.tasks.run_due()


def test_a_task_starts_at_its_time_and_not_before(vm1: SimulatedHost, clock: HandClock) -> None:
    """By the host's own clock; then everything that it consists of has happened."""
    vm1.tasks.register("t", XML)
    look(vm1, clock, AT - timedelta(seconds=1))
    before = vm1.tasks.get("t").last_result, vm1.services.get(POLICY_AGENT).running
    look(vm1, clock, AT)
    task, agent = vm1.tasks.get("t"), vm1.services.get(POLICY_AGENT)

    assert before == (HAS_NOT_RUN, True)
    assert (task.last_result, task.last_run) == (0, AT)
    assert (agent.start_mode, agent.running) == (StartMode.DISABLED, False)
    assert vm1.registry.read().value(MARK, "Fired") is not None
    assert vm1.rules_deleted


def test_it_is_repeated_for_as_long_as_it_says(vm1: SimulatedHost, clock: HandClock) -> None:
    """Every five minutes for a day; the next start is shown, and at the end there is none."""
    vm1.tasks.register("t", XML)
    shown = [vm1.tasks.next_run(vm1.tasks.get("t"))]
    for moment in (AT, AT + timedelta(minutes=7), AT + timedelta(days=1, minutes=1)):
        look(vm1, clock, moment)
        shown.append(vm1.tasks.next_run(vm1.tasks.get("t")))

    assert shown == [AT, AT + timedelta(minutes=5), AT + timedelta(minutes=10), None]


@pytest.mark.parametrize(
    ("moment", "fires"),
    [
        (AT - timedelta(seconds=1), False),
        (AT, True),
        (AT + timedelta(days=29), True),
        (AT + timedelta(days=30), False),
    ],
)
def test_the_boot_trigger_keeps_its_boundaries(
    vm1: SimulatedHost, clock: HandClock, moment: datetime, *, fires: bool
) -> None:
    """A restart starts the task between its boundaries only."""
    vm1.tasks.register("t", XML)
    clock.now = moment
    vm1.reboot()

    assert (vm1.tasks.get("t").last_run is not None) is fires


def test_names_are_taken_once_and_case_blind(vm1: SimulatedHost) -> None:
    """Registering again needs -Force; removing what is not there says so."""
    vm1.tasks.register("t", XML)
    with pytest.raises(ImitatedError) as taken:
        vm1.tasks.register("T", XML)
    vm1.tasks.register("T", XML, replacing=True)

    assert taken.value.error_id == TASK_TAKEN
    assert vm1.tasks.remove("t")
    assert not vm1.tasks.remove("t")
    with pytest.raises(ImitatedError) as missing:
        vm1.tasks.get("t")
    assert missing.value.error_id == TASK_NOT_FOUND


def test_without_its_service_nothing_is_registered(vm1: SimulatedHost) -> None:
    """A scheduler that is stopped takes no task."""
    vm1.services.disable_only(["Schedule"])

    with pytest.raises(ImitatedError) as caught:
        vm1.tasks.register("t", XML)
    assert caught.value.error_id == NO_SCHEDULER


@pytest.mark.parametrize(
    ("old", "new", "error_id"),
    [
        ("</Task>", "", MALFORMED_TASK),
        ("mit/task", "mit/other", MALFORMED_TASK),
        ("<Priority>4</Priority>", "<Importance>4</Importance>", MALFORMED_TASK),
        ("<Priority>4<", "<Priority>11<", OUT_OF_RANGE),
        (">IgnoreNew<", ">IgnoreAll<", OUT_OF_RANGE),
        ("<Interval>PT5M", "<Interval>PT5S", OUT_OF_RANGE),
        ("<Interval>PT5M", "<Interval>often", OUT_OF_RANGE),
        ("PT10M<", "ten<", OUT_OF_RANGE),
        ("2026-11-26T12:10:00Z", "at noon", OUT_OF_RANGE),
        ("<Command>%SystemRoot%\\System32\\reg.exe</Command>", "", BAD_TASK),
        ("<StartBoundary>2026-11-26T12:10:00Z</StartBoundary>", "", BAD_TASK),
    ],
)
def test_definitions_are_refused_as_windows_does(old: str, new: str, error_id: str) -> None:
    """By the scheduler's own numbers: malformed, something missing, a value out of range."""
    assert old in XML

    with pytest.raises(ImitatedError) as caught:
        parse_definition("t", XML.replace(old, new))
    assert caught.value.error_id == error_id


def test_a_task_that_expires_needs_an_end() -> None:
    """DeleteExpiredTaskAfter counts from an EndBoundary, so there has to be one."""
    lines = [line for line in XML.splitlines() if "EndBoundary" not in line]
    text = "\n".join(lines).replace(
        "  </Settings>", "<DeleteExpiredTaskAfter>PT0S</DeleteExpiredTaskAfter></Settings>"
    )

    with pytest.raises(ImitatedError) as caught:
        parse_definition("t", text)
    assert caught.value.error_id == BAD_TASK


def test_a_time_without_a_zone_is_the_hosts_own() -> None:
    """Such a boundary moves with the zone; one with a Z does not."""
    local = XML.replace("12:10:00Z", "12:10:00")
    times = {
        parse_definition("t", text, timedelta(hours=2)).triggers[0].start for text in (XML, local)
    }

    assert times == {AT, AT - timedelta(hours=2)}


@pytest.mark.parametrize(
    ("command", "arguments", "code"),
    [
        (rf"{SYSTEM}\sc.exe", "qc PolicyAgent", 0),
        (rf"{SYSTEM}\sc.exe", "qc Nothing", 1060),
        (rf"{SYSTEM}\sc.exe", "stop BFE", 0),
        (rf"{SYSTEM}\sc.exe", "stop IKEEXT", 1062),
        (rf"{SYSTEM}\sc.exe", "start= disabled", 1639),
        (rf"{SYSTEM}\sc.exe", "", 1639),
        (rf"{SYSTEM}\reg.exe", r'add "HKLM\SOFTWARE\X y" /v N /t REG_DWORD /d 1 /f', 0),
        (rf"{SYSTEM}\reg.exe", r"add HKLM\SOFTWARE\X /v N /t REG_SZ /d text /f", 0),
        (rf"{SYSTEM}\reg.exe", r"add HKLM\SOFTWARE\X /v N /t REG_DWORD /d 1", 1),
        (rf"{SYSTEM}\reg.exe", r"add HKCU\X /v N /t REG_DWORD /d 1 /f", 1),
        (rf"{SYSTEM}\reg.exe", r"delete HKLM\SOFTWARE\X /f", 1),
        (rf"{SYSTEM}\netsh.exe", "ipsec dynamic delete all", 0),
        (rf"{SYSTEM}\netsh.exe", "ipsec static delete all", 1),
        ("sc.exe", "qc PolicyAgent", FILE_NOT_FOUND),
        (rf"{SYSTEM}\cmd.exe", "/c exit 0", FILE_NOT_FOUND),
    ],
)
def test_programs_end_as_on_windows(
    vm1: SimulatedHost, command: str, arguments: str, code: int
) -> None:
    """Exit codes of sc, reg and netsh; what is not there can't be started."""
    assert vm1.programs.run(command, arguments) == code


def test_a_disabled_service_is_not_started(vm1: SimulatedHost) -> None:
    """1058, until its start type changes."""
    codes = [
        vm1.programs.run(rf"{SYSTEM}\sc.exe", arguments)
        for arguments in (
            "config PolicyAgent start= disabled",
            "stop PolicyAgent",
            "start PolicyAgent",
            "config PolicyAgent start= demand",
            "start PolicyAgent",
        )
    ]

    assert codes == [0, 0, 1058, 0, 0]


def test_rules_of_a_stopped_agent_can_not_be_deleted(vm1: SimulatedHost) -> None:
    """Netsh needs the running service."""
    vm1.stop_service(POLICY_AGENT)

    assert vm1.programs.run(rf"{SYSTEM}\netsh.exe", "ipsec dynamic delete all") == 1


def test_programs_can_be_blocked(vm1: SimulatedHost, clock: HandClock) -> None:
    """A policy that forbids programs of tasks is the result of the task, and nothing happens."""
    vm1.change_settings(
        WindowsSettings(name="vm1", account="VM1$", ailments=Ailments(tasks_blocked=True))
    )
    vm1.tasks.register("t", XML)
    look(vm1, clock, AT)

    assert vm1.tasks.get("t").last_result == BLOCKED_BY_POLICY
    assert vm1.services.get(POLICY_AGENT).running


def test_powershell_is_played_by_the_wire_only(vm1: SimulatedHost) -> None:
    """Without one, a task that needs it is refused with the words that say what is missing."""
    powershell = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
    text = XML.replace(rf"{SYSTEM}\netsh.exe", powershell)

    with pytest.raises(ImitatedError) as caught:
        WindowsCommands(vm1).run("task-register", {"name": "t", "xml": text})
    assert caught.value.error_id == NO_WIRE
