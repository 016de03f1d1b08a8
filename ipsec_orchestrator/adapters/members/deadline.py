"""The one deadline of a call, above all time-outs of the libraries."""

import time


class DeadlinePassedError(Exception):
    """The call's time is up."""


class NoAnswerError(Exception):
    """The host took a request and gave no answer in time."""


class Deadline:
    """Counts down from when it is made, by a clock that nobody can set."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def remaining_seconds(self) -> float:
        """What is left; negative afterwards."""
        return self._end - time.monotonic()

    def left_for(self, wished_seconds: float) -> float:
        """Give the time that a part may take: what it wishes, but no more than is left.

        Raises:
            DeadlinePassedError: Nothing is left.
        """
        remaining = self.remaining_seconds
        if remaining <= 0:
            raise DeadlinePassedError(f"not done within {self.seconds:g} seconds")
        return min(wished_seconds, remaining)
