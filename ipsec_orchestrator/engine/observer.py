"""Who watches a run: progress on a terminal, lines in a log, nothing at all."""

from typing import Protocol

from ipsec_orchestrator.model.outcome import MemberResult, StepResult
from ipsec_orchestrator.model.steps import Step


class Observer(Protocol):
    """Called from the thread that runs the plan, except ``member_says``."""

    def step_begins(self, number: int, step: Step) -> None:
        """A step is about to be performed."""
        ...

    def step_ended(self, result: StepResult) -> None:
        """A step has come to an end."""
        ...

    def member_says(self, host: str, text: str) -> None:
        """Something about a member while it is refreshed; may come from any thread."""
        ...

    def member_ended(self, result: MemberResult) -> None:
        """A member has come to an end."""
        ...
