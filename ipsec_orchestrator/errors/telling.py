"""Telling people: what they wrote about where to, and receivers that did not take it."""

from ipsec_orchestrator.errors.backend import BackendError
from ipsec_orchestrator.errors.spec import UsageError


class NotifyFileError(UsageError):
    """Where to tell people can't be used as it is written; never with its text, which is secret."""

    usual_cure = "docs/in-practice/tell-people.md shows how it looks and where it may lie."


class MetricsError(BackendError):
    """Metrics could not be written."""

    usual_cure = "Look at the rights and the room of the folder; the next pass writes them again."


class ChannelError(BackendError):
    """A channel did not take the news; they are told again with the next pass.

    Attributes:
        channel: For people, without anything secret.
        reason: Why, in our own words.
    """

    usual_cure = "It is tried again with the next pass; orchestrate notify tries it at once."

    def __init__(self, *, channel: str, reason: str, cure: str | None = None) -> None:
        super().__init__(f"{channel} could not be told: {reason}.", cure=cure)
        self.channel = channel
        self.reason = reason
