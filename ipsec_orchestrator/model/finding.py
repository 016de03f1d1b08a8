"""What a check of ``doctor`` came to."""

from dataclasses import dataclass
from enum import StrEnum


class CheckOutcome(StrEnum):
    """Four ways for a check to end; unknown is neither good nor bad, it says what is missing."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's outcome.

    Attributes:
        check_id: Stable id such as ``ad.srv-records``; the part before the dot is its topic.
        title: What is checked, in words.
        outcome: How it ended.
        seen: What was seen, in a sentence.
        cure: What to do; empty if nothing.
        host: The host that it is about, ``None`` for the domain or Azure as a whole.
    """

    check_id: str
    title: str
    outcome: CheckOutcome
    seen: str
    cure: str = ""
    host: str | None = None

    @property
    def topic(self) -> str:
        """The file and the word of ``--only`` that it belongs to."""
        return self.check_id.partition(".")[0]
