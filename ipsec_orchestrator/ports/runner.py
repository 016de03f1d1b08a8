"""Doing the same for many hosts at once."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Runner(Protocol):
    """Results come as they are ready, not in the order of the items.

    Whoever stops iterating (Ctrl-C) stops what has not begun.
    """

    def each(
        self,
        work: Callable[[Item], Result],
        items: Iterable[Item],
    ) -> Iterator[tuple[Item, Result]]:
        """Call ``work`` for every item, several at a time; its exceptions come out here."""
        ...
