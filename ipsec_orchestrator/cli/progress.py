"""Progress: a live checklist of stages on a terminal, plain lines in a log. All on stderr."""

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.live import Live
from rich.table import Table
from typing_extensions import override

from ipsec_orchestrator.cli.output import talk
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult, StepOutcome, StepResult
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.stages import STAGE_TITLES, Stage
from ipsec_orchestrator.model.steps import HealthStep, MemberStep, Step
from ipsec_orchestrator.report.plan_report import stages_in_order

_SIGNS = {
    StepOutcome.DONE: "done",
    StepOutcome.ALREADY: "so already",
    StepOutcome.FAILED: "FAILED",
    StepOutcome.SKIPPED: "not begun",
}


@contextmanager
def telling() -> Generator[Callable[[str], None]]:
    """Show what is being read: one changing line on a terminal, plain lines in a log."""
    console = talk()
    if not console.is_terminal:
        yield lambda text: console.print(text, soft_wrap=True)
        return
    with console.status("reading") as status:
        yield status.update


@contextmanager
def watching(plan: Plan) -> Generator[Observer]:
    """Show a run while it goes on."""
    if not talk().is_terminal:
        yield LogObserver(plan)
        return
    checklist = ChecklistObserver(plan)
    with Live(checklist, console=talk(), refresh_per_second=8):
        yield checklist


class LogObserver(Observer):
    """One line for everything that ends."""

    def __init__(self, plan: Plan) -> None:
        self._count = len(plan.steps)
        self._said: dict[str, str] = {}

    @override
    def step_begins(self, number: int, step: Step) -> None:
        # The one thing that may take hours.
        if isinstance(step, HealthStep) and step.wait_seconds:
            talk().print(f"[{number}/{self._count}] {step.title}", soft_wrap=True)

    @override
    def step_ended(self, result: StepResult) -> None:
        # Members tell their own story, and what was not begun is counted at the end.
        if result.stage is Stage.MEMBERS or result.outcome is StepOutcome.SKIPPED:
            return
        number = STAGE_TITLES[result.stage].number
        stage = f"stage {number}" if number else result.stage.value
        text = f"[{result.number}/{self._count}] {stage}: {result.title}: {_SIGNS[result.outcome]}"
        talk().print(f"{text}: {result.reason}" if result.reason else text, soft_wrap=True)

    @override
    def member_says(self, host: str, text: str) -> None:
        # A member is asked again and again; only what is new is worth a line.
        if self._said.get(host) != text:
            self._said[host] = text
            talk().print(f"{host}: {text}", soft_wrap=True)

    @override
    def member_ended(self, result: MemberResult) -> None:
        where = f"wave {result.wave}: " if result.wave else ""
        text = f"{where}{result.host}: {result.outcome.value}: {result.reason}"
        talk().print(text, soft_wrap=True)


class ChecklistObserver(Observer):
    """The stages of the how-to with their counts, and what the members say, as a live table."""

    def __init__(self, plan: Plan) -> None:
        self._stages = stages_in_order(plan.purpose)
        self._planned = Counter(step.stage for step in plan.steps)
        self._ended: Counter[Stage] = Counter()
        self._troubled: set[Stage] = set()
        self._now = ""
        self._members: dict[str, str] = {}

    def __rich__(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for stage in self._stages:
            planned, ended = self._planned[stage], self._ended[stage]
            if not planned:
                continue
            sign, style = ("✓", "green") if ended == planned else ("·", "dim")
            if stage in self._troubled:
                sign, style = "✗", "bold red"
            elif 0 < ended < planned:
                sign, style = "…", "yellow"
            table.add_row(sign, STAGE_TITLES[stage].text, f"{ended}/{planned}", style=style)
        table.add_row("", self._now, "", style="dim")
        for host, text in self._members.items():
            table.add_row("", f"{host}: {text}", "")
        return table

    @override
    def step_begins(self, number: int, step: Step) -> None:
        wave = step.wave if isinstance(step, MemberStep) else None
        self._now = f"wave {wave}: {step.title}" if wave else step.title

    @override
    def step_ended(self, result: StepResult) -> None:
        self._ended[result.stage] += 1
        self._now = ""
        if result.outcome in {StepOutcome.FAILED, StepOutcome.SKIPPED}:
            self._troubled.add(result.stage)

    @override
    def member_says(self, host: str, text: str) -> None:
        self._members[host] = text

    @override
    def member_ended(self, result: MemberResult) -> None:
        if result.outcome is HostOutcome.DONE:
            self._members.pop(result.host, None)
        else:
            self._members[result.host] = f"{result.outcome.value}: {result.reason}"
