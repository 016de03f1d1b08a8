"""The root of the tree."""

from typing import ClassVar

from typing_extensions import override


class OrchestratorError(Exception):
    """Anything that a user can be told in one sentence, with how to go on.

    Attributes:
        message: What is wrong, where and why.
        cure: How to go on. Whoever raises the error knows best; else it is the class's own.
    """

    usual_cure: ClassVar[str] = ""

    def __init__(self, message: str, *, cure: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure or self.usual_cure or None

    @override
    def __str__(self) -> str:
        if not self.cure:
            return self.message
        # A message of several lines has its cure on a line of its own.
        return f"{self.message}{'' if self.cure.startswith(chr(10)) else ' '}{self.cure}"
