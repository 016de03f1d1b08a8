"""Named tenacity policies: how often and how long we try again, and for which errors.

Only connecting and reading are tried again. A write is never repeated here: it may have happened.
"""

from typing import TypeAlias

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_none,
    wait_random_exponential,
)

from ipsec_orchestrator.errors import HostUnreachableError

Policy: TypeAlias = Retrying

CONNECT_ATTEMPTS = 3
READ_ATTEMPTS = 3


def connecting(*, deadline_seconds: float) -> Policy:
    """Policy for making a connection: three attempts with short waits, within the deadline.

    A refused password is not tried again, since that would lock the account out.
    """
    return Retrying(
        retry=retry_if_exception_type(HostUnreachableError),
        stop=stop_after_attempt(CONNECT_ATTEMPTS) | stop_after_delay(deadline_seconds),
        wait=wait_random_exponential(multiplier=0.2, max=2.0),
        reraise=True,
    )


def reading(*broken: type[Exception]) -> Policy:
    """Policy for a read on a connection that may break: at once again, on a new connection.

    Args:
        broken: The errors that mean "the connection broke while reading".
    """
    return Retrying(
        retry=retry_if_exception_type(broken),
        stop=stop_after_attempt(READ_ATTEMPTS),
        wait=wait_none(),
        reraise=True,
    )
