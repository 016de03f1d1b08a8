"""The root of the tree."""

from typing_extensions import override


class OrchestratorError(Exception):
    """Anything that a user can be told in one sentence, with a cure where there is one."""

    def __init__(self, message: str, *, cure: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure

    @override
    def __str__(self) -> str:
        return f"{self.message} {self.cure}" if self.cure else self.message
