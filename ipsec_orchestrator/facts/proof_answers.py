"""What the scripts of a proof answer: guard, listener, requests, what is left."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.model.evidence import Request
from ipsec_orchestrator.model.json import Json

BEGIN: Final = "proof_begin"
END: Final = "proof_end"
LEFTOVERS: Final = "proof_leftovers"
LISTENER: Final = "proof_listener"
LISTENER_START: Final = "proof_listener_start"
REQUEST: Final = "proof_request"
_NONCE: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerState:
    """What became of a temporary listener.

    Attributes:
        taken: Something else listens on the port; none of ours was started.
        listening: Ours listens.
        problem: Why ours does not.
    """

    taken: bool
    listening: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofEnd:
    """What taking everything away came to.

    Attributes:
        received: Random texts that the listener saw.
        problems: What could not be taken away, with the id of the error; the guard tries again.
    """

    received: frozenset[str]
    problems: Mapping[str, str]


def parse_listener_start(answer: Json) -> ListenerState:
    """Read the answer of ``proof_listener_start.ps1``.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(LISTENER_START, answer)
    return ListenerState(
        taken=fields.flag("taken"),
        listening=fields.flag("listening"),
        problem=fields.optional_text("problem"),
    )


def parse_requests(answer: Json) -> tuple[Request, ...]:
    """Read the answer of ``proof_request.ps1``.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    return tuple(
        Request(
            size=item.number("size"),
            sent_at=item.moment("sent_at"),
            milliseconds=item.real("milliseconds"),
            answered=item.flag("answered"),
            status=item.optional_number("status"),
            error=item.optional_text("error"),
        )
        for item in AnswerFields.of(REQUEST, answer).objects("requests")
    )


def parse_end(answer: Json) -> ProofEnd:
    """Read the answer of ``proof_end.ps1``.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(END, answer)
    problems = fields.object("problems").fields
    return ProofEnd(
        # A line that was cut off by the end of the listener is no random text of ours.
        received=frozenset(text for text in fields.texts("received") if _NONCE.fullmatch(text)),
        problems={name: str(error) for name, error in problems.items()},
    )


def parse_leftovers(answer: Json) -> tuple[str, ...]:
    """Read the answer of ``proof_leftovers.ps1``: for example ``rules: ipsec_orchestrator-...``.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(LEFTOVERS, answer)
    return tuple(
        f"{kind}: {name}"
        for kind in ("rules", "tasks", "processes", "sessions", "monitor", "folders")
        for name in fields.texts(kind)
    )
