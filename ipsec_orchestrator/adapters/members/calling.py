"""One call from beginning to end, whatever library carries it: attempts, deadline, errors."""

import json
import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from ipsec_orchestrator.adapters.members.deadline import Deadline
from ipsec_orchestrator.adapters.members.failures import (
    LIBRARY_ERRORS,
    TransientError,
    translate,
)
from ipsec_orchestrator.adapters.retry_members import reconnecting
from ipsec_orchestrator.errors import ScriptFailedError, UnexpectedAnswerError
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import ScriptCall

_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One attempt at a call.

    Attributes:
        host: Where.
        call: What.
        deadline: Of the whole call, not of this attempt.
        order_given: To be set just before the order to run the script is sent.
    """

    host: Host
    call: ScriptCall
    deadline: Deadline
    order_given: bool = field(default=False)


def make_call(host: Host, call: ScriptCall, carry_out: Callable[[Attempt], Json]) -> Json:
    """Carry a call out; connections that fail before the order was given are tried again.

    Raises:
        HostUnreachableError, AuthenticationError, AccessDeniedError, OutcomeUnknownError,
        ScriptFailedError, UnexpectedAnswerError: As the ``Members`` port says.
    """
    deadline = Deadline(call.deadline_seconds)

    def attempt() -> Json:
        current = Attempt(host=host, call=call, deadline=deadline)
        try:
            return carry_out(current)
        except LIBRARY_ERRORS as error:
            raise translate(
                error,
                host=host,
                call=call,
                order_given=current.order_given,
            ) from error

    try:
        answer: Json = reconnecting(TransientError, deadline_seconds=call.deadline_seconds)(attempt)
    except TransientError as error:
        raise error.error from error.__cause__
    return answer


@contextmanager
def clean_up(host: Host) -> Generator[None]:
    """Let the tidying after a call fail: the answer is here, and Windows deletes idle shells."""
    try:
        yield
    except LIBRARY_ERRORS as error:
        _LOG.info("%s: a shell could not be deleted: %s", host.fqdn, type(error).__name__)


def parse_answer(host: Host, call: ScriptCall, output: Sequence[str]) -> Json:
    """Read what the script put out: one JSON document.

    Raises:
        UnexpectedAnswerError: It put out something else.
    """
    texts = [text for text in output if text.strip()]
    if len(texts) != 1:
        raise UnexpectedAnswerError(
            script=call.name,
            field="output",
            reason=f"{host.fqdn} gave {len(texts)} texts, not one",
        )
    try:
        answer: Json = json.loads(texts[0])
    except ValueError as error:
        raise UnexpectedAnswerError(
            script=call.name,
            field="output",
            reason=f"what {host.fqdn} gave is not JSON",
        ) from error
    return answer


def script_failure(
    host: Host, call: ScriptCall, *, error_id: str, reason: str
) -> ScriptFailedError:
    """Make the error of a script that failed; the host's words on one line."""
    return ScriptFailedError(
        host=host.fqdn,
        script=call.name,
        error_id=error_id,
        reason=" ".join(reason.split()) or "it gave no reason",
    )
