"""How long runs are kept, and which of them may go."""

from dataclasses import dataclass
from datetime import timedelta

from ipsec_orchestrator.model.run import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is kept; a run goes only if nothing of this keeps it.

    Attributes:
        keep: Everything that ended at most so long ago; ``None`` for no such limit.
        keep_last: So many runs of each playbook; ``None`` for no such limit.
    """

    keep: timedelta | None = None
    keep_last: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A run that is old enough to go, and why it stays."""

    record: RunRecord
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What may go.

    Attributes:
        runs: Runs, newest first.
        kept: Runs that are old enough, but needed.
        files: Paths of files of passes and proofs, each of a whole month.
    """

    runs: tuple[RunRecord, ...] = ()
    kept: tuple[KeptRun, ...] = ()
    files: tuple[str, ...] = ()
