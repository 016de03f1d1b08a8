"""A network that is cut at one of our writes, and stays so."""

from collections.abc import Callable
from dataclasses import dataclass

from typing_extensions import override

from ipsec_orchestrator.errors import HostUnreachableError, OutcomeUnknownError
from tests.worlds import Answer, Counter


@dataclass(slots=True)
class Cable(Counter):
    """Lets ``limit`` writes through; the one after them is the last that leaves.

    Attributes:
        arrives: Whether that one arrives, and only its answer is lost.
        is_cut: Whether nothing gets through any more.
    """

    arrives: bool = False
    is_cut: bool = False

    @override
    def ask(self, question: Callable[[], Answer]) -> Answer:
        if self.is_cut:
            raise HostUnreachableError(host="the other side", reason="the network is cut")
        return question()

    @override
    def order(self, text: str, write: Callable[[], Answer]) -> Answer:
        self.writes.append(text)
        if self.is_cut or self.limit is None or len(self.writes) <= self.limit:
            return self.ask(write)
        self.is_cut = True
        if self.arrives:
            write()
        raise OutcomeUnknownError(host="the other side", reason="the network was cut")
