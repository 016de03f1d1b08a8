"""Attempts, deadlines and errors of a call, whatever library carries it."""

import time

import pypsrp.exceptions
import pytest
import requests
import winrm.exceptions
from urllib3.exceptions import NewConnectionError

from ipsec_orchestrator.adapters.members.calling import (
    Attempt,
    clean_up,
    make_call,
    parse_answer,
)
from ipsec_orchestrator.adapters.members.deadline import (
    Deadline,
    DeadlinePassedError,
    NoAnswerError,
)
from ipsec_orchestrator.adapters.members.winrs_order import arguments as winrs_arguments
from ipsec_orchestrator.adapters.members.winrs_order import failure_of, order_document
from ipsec_orchestrator.errors import (
    AccessDeniedError,
    AuthenticationError,
    BackendError,
    HostUnreachableError,
    OutcomeUnknownError,
    UnexpectedAnswerError,
)
from ipsec_orchestrator.model.inventory import Host, HostRole
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import ScriptCall

HOST = Host(name="vm1", role=HostRole.AZURE_VM, fqdn="vm1.ipsectest.com")
READ = ScriptCall(name="look", text="param()", deadline_seconds=5.0)
CHANGE = ScriptCall(name="act", text="param()", deadline_seconds=5.0, changes=True)


def refused() -> requests.ConnectionError:
    """What requests raises where nobody listens."""
    error = requests.ConnectionError("refused")
    error.__context__ = NewConnectionError(None, "refused")  # type: ignore[arg-type] # no pool here
    return error


class Script:
    """Fails as told, then answers; counts how often it was carried out."""

    def __init__(self, *failures: Exception, order_given: bool = False) -> None:
        self._failures = list(failures)
        self._order_given = order_given
        self.attempts = 0

    def __call__(self, attempt: Attempt) -> Json:
        self.attempts += 1
        attempt.order_given = self._order_given
        if self._failures:
            raise self._failures.pop(0)
        return "answer"


@pytest.mark.parametrize("call", [READ, CHANGE])
def test_a_connection_that_fails_before_the_order_is_tried_again(call: ScriptCall) -> None:
    """Nothing has happened yet, so that another attempt is safe, for changes too."""
    script = Script(refused(), requests.ConnectionError())

    assert make_call(HOST, call, script) == "answer"
    assert script.attempts == 3


def test_attempts_come_to_an_end() -> None:
    """A host that is down is reported as such, with what to check."""
    script = Script(*[refused() for _ in range(9)])

    with pytest.raises(HostUnreachableError, match="no connection was made") as caught:
        make_call(HOST, READ, script)

    assert script.attempts == 3
    assert "5985" in (caught.value.cure or "")


def test_a_change_is_ordered_once() -> None:
    """After the order a broken connection leaves the outcome unknown; it is not repeated."""
    script = Script(requests.ConnectionError(), order_given=True)

    with pytest.raises(OutcomeUnknownError, match="after act had been ordered"):
        make_call(HOST, CHANGE, script)

    assert script.attempts == 1


def test_a_question_may_be_asked_again() -> None:
    """A read whose answer was lost is simply read again."""
    script = Script(requests.ConnectionError(), order_given=True)

    assert make_call(HOST, READ, script) == "answer"


@pytest.mark.parametrize("order_given", [False, True])
@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (pypsrp.exceptions.AuthenticationError("401"), AuthenticationError),
        (winrm.exceptions.InvalidCredentialsError("401"), AuthenticationError),
        (pypsrp.exceptions.WSManFaultError(5, "", "", "", "", ""), AccessDeniedError),
        (
            winrm.exceptions.WSManFaultError(500, "", "", "", wsman_fault_code=5),
            AccessDeniedError,
        ),
        (pypsrp.exceptions.WinRMTransportError("http", 403, ""), AccessDeniedError),
        (
            pypsrp.exceptions.WSManFaultError(2150859173, "", "", "", "", ""),
            HostUnreachableError,
        ),
    ],
)
def test_a_clear_refusal_is_one_at_any_time(
    failure: Exception,
    expected: type[BackendError],
    *,
    order_given: bool,
) -> None:
    """A refusal says that nothing was done: never unknown, never repeated."""
    script = Script(failure, order_given=order_given)

    with pytest.raises(expected):
        make_call(HOST, CHANGE, script)

    assert script.attempts == 1


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (pypsrp.exceptions.WinRMTransportError("http", 500, "x"), "HTTP status 500"),
        (winrm.exceptions.WinRMTransportError("http", 404, "x"), "HTTP status 404"),
        (pypsrp.exceptions.WSManFaultError(87, "", "", "", "", ""), "fault 87"),
        (requests.ConnectTimeout(), "no connection within"),
        (requests.exceptions.SSLError(), "certificate"),
        (NoAnswerError("no answer within 30 seconds"), "no answer within 30 seconds"),
        (DeadlinePassedError("not done within 5 seconds"), "not done within 5 seconds"),
        (KeyError("contexts"), "no WS-Management"),
        (OSError(5, "x"), "the connection failed"),
    ],
)
def test_other_failures_have_plain_words(failure: Exception, words: str) -> None:
    """What the libraries raise is told without their own texts."""
    with pytest.raises(HostUnreachableError, match=words):
        make_call(HOST, READ, Script(failure))
    with pytest.raises(OutcomeUnknownError, match=words):
        make_call(HOST, CHANGE, Script(failure, order_given=True))


@pytest.mark.parametrize("output", [[], [" "], ["{}", "{}"], ["not json"]])
def test_an_answer_is_one_json_document(output: list[str]) -> None:
    """Anything else is named as an unexpected answer."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        parse_answer(HOST, READ, output)

    assert caught.value.field == "output"


def test_tidying_may_fail() -> None:
    """An answer that is here is not lost because the shell could not be deleted."""
    with clean_up(HOST):
        raise requests.ConnectionError


def test_tidying_hides_no_fault_of_ours() -> None:
    """What is not of the libraries comes through."""
    with pytest.raises(ZeroDivisionError), clean_up(HOST):
        raise ZeroDivisionError


def test_a_deadline_gives_what_is_left_and_then_nothing() -> None:
    """Parts get no more time than the whole has left."""
    deadline = Deadline(100.0)

    assert deadline.left_for(1.0) == 1.0
    assert 99.0 < deadline.left_for(1000.0) <= 100.0
    with pytest.raises(DeadlinePassedError):
        Deadline(0.0).left_for(1.0)


def test_no_attempt_begins_after_the_deadline() -> None:
    """Retries share the one deadline of the call."""
    begin = time.monotonic()
    call = ScriptCall(name="look", text="param()", deadline_seconds=0.01)

    def slow(attempt: Attempt) -> Json:
        while attempt.deadline.remaining_seconds > 0:
            pass
        raise refused()

    with pytest.raises(HostUnreachableError):
        make_call(HOST, call, slow)

    assert time.monotonic() - begin < 1.0


def test_the_command_line_is_short_and_tells_nothing() -> None:
    """Whatever the script and its parameters, the command line is one and the same."""
    line = " ".join(("powershell", *winrs_arguments()))

    assert len(line) < 8191
    assert line == " ".join(("powershell", *winrs_arguments()))


def test_the_order_is_one_line_of_ascii() -> None:
    """No code page and no line reader on the way can change it."""
    call = ScriptCall(name="x", text="a\nü", parameters={"P": "日\r\n"})

    document = order_document(call)

    assert document.isascii()
    assert document.count(b"\n") == 1
    assert document.endswith(b"\n")


@pytest.mark.parametrize(
    ("stderr", "error_id"),
    [
        (b'{"message": "m", "fully_qualified_error_id": "Id"}\r\n', "Id"),
        (b'{"message": "m", "fully_qualified_error_id": "Id"}\r\n#< CLIXML\r\n<Objs/>', "Id"),
        (b"The term is not recognized", ""),
        (b"\xff\xfe{", ""),
        (b"", ""),
        (b'{"message": 1}', ""),
    ],
)
def test_failures_are_found_between_other_lines(stderr: bytes, error_id: str) -> None:
    """Our line counts, wherever it stands; without one there is the exit code."""
    failure = failure_of(HOST, READ, 3, stderr)

    assert failure.error_id == error_id
    assert (failure.reason == "m") == bool(error_id)
