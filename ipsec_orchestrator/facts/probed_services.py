"""Whether services of other hosts answer: the question is ``scripts/probe_services.ps1``."""

from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.model.json import Json

SCRIPT: Final = "probe_services"
ANSWERED: Final = 0
_WORDS: Final = {
    10054: "the connection was reset",
    10060: "nothing answers (time-out)",
    10061: "the connection is refused",
    11001: "the name does not resolve",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedService:
    """What came of one check.

    Attributes:
        check: As it was asked.
        result: 0 for an answer, else the number of the socket error, -1 where there is none.
        status: Status of HTTP, if a web server was asked and answered.
    """

    check: str
    result: int
    status: int | None = None

    @property
    def reason(self) -> str:
        """Why there was no answer, in words."""
        return _WORDS.get(self.result, f"socket error {self.result}")


def parse_probed_services(answer: Json) -> tuple[ProbedService, ...]:
    """Read the script's answer.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(SCRIPT, answer)
    return tuple(
        ProbedService(
            check=item.text("check"),
            result=item.number("result"),
            status=item.optional_number("status"),
        )
        for item in fields.objects("checks")
    )
