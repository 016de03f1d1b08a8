"""What you wrote: inventory, playbook, options."""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from ipsec_orchestrator.errors.base import OrchestratorError


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in one place of a file; line and column count from 1.

    Attributes:
        file: The file as the user named it.
        line: Line of the offending key or value.
        column: Column of the offending key or value.
        path: Where it is in the document, for example ``filter_lists[0].filters[1].protocol``.
        message: What is wrong, what is allowed, and a near match if there is one.
    """

    file: str
    line: int
    column: int
    path: str
    message: str

    @override
    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"


class SpecificationError(OrchestratorError, ValueError):
    """Files that can't be used; ``problems`` holds all of them, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class UsageError(OrchestratorError):
    """Options or arguments that make no sense (exit code 64)."""
