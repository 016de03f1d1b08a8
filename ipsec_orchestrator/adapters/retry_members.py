"""Named tenacity policies for speaking to members."""

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_random,
)

from ipsec_orchestrator.adapters.retry import CONNECT_ATTEMPTS


def reconnecting(*transient: type[Exception], deadline_seconds: float) -> Retrying:
    """Policy for a call whose connection failed before anything was ordered.

    Short waits: hundreds of members wait for their turn, and each has its own deadline.

    Args:
        transient: The errors that say so. An order that may have arrived is none of them.
        deadline_seconds: No further attempt begins after that.
    """
    return Retrying(
        retry=retry_if_exception_type(transient),
        stop=stop_after_attempt(CONNECT_ATTEMPTS) | stop_after_delay(deadline_seconds),
        wait=wait_exponential(multiplier=0.1, max=1.0) + wait_random(0.0, 0.1),
        reraise=True,
    )
