"""What a cloud's control plane did."""

from ipsec_orchestrator.errors.backend import BackendError


class ThrottledError(BackendError):
    """Too many requests, and waiting as long as told (or as long as is sensible) did not help.

    Attributes:
        target: What was asked for.
        wait_seconds: How long the other side said to wait at last; ``None`` if it did not say.
    """

    def __init__(self, *, target: str, wait_seconds: float | None) -> None:
        said = "" if wait_seconds is None else f" and said to wait {wait_seconds:g} seconds"
        super().__init__(
            f"{target}: Azure took no more requests{said} (429 TooManyRequests).",
            cure="Others use up the subscription's limit of requests: try again later.",
        )
        self.target = target
        self.wait_seconds = wait_seconds


class CloudRequestError(BackendError):
    """The control plane refused a request with a code that has no class of its own.

    Attributes:
        target: What was asked for.
        status: HTTP status; 0 if there was none.
        code: Azure's error code, such as ``SubscriptionNotFound``; empty if there was none.
        reason: Azure's own words, for people; never decided on.
    """

    usual_cure = (
        "Check the ids and the rights in the inventory's azure section; orchestrate doctor names "
        "what is read."
    )

    def __init__(
        self, *, target: str, status: int, code: str, reason: str, cure: str | None = None
    ) -> None:
        words = reason.rstrip(".") or "no reason was given"
        super().__init__(f"{target}: {words} ({status} {code or 'without code'}).", cure=cure)
        self.target = target
        self.status = status
        self.code = code
        self.reason = reason
