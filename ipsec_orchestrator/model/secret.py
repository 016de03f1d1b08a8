"""Text that no eye may see: passwords and pre-shared keys."""

from typing import NoReturn

from typing_extensions import override


class Secret:
    """A secret with two renderings: ``reveal()`` for the wire, a mask for everything else.

    It refuses to be copied into a file: pickling and JSON fail, formatting shows the mask.
    """

    __slots__ = ("_text",)

    MASK = "********"

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the secret itself, to be handed to a library at once and stored nowhere."""
        return self._text

    @override
    def __repr__(self) -> str:
        return f"Secret({self.MASK})"

    @override
    def __str__(self) -> str:
        return self.MASK

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    @override
    def __hash__(self) -> int:
        return hash((Secret, self._text))

    @override
    def __reduce__(self) -> NoReturn:
        message = "a Secret can't be serialised"
        raise TypeError(message)
