"""Somebody else is at work on the same GPO."""

from ipsec_orchestrator.errors.plan import PlanError


class LockHeldError(PlanError):
    """Another run holds the lock; nothing has been changed.

    Attributes:
        gpo: Display name of the GPO.
        run_id: The run that holds it; empty if its entry can't be read.
        holder: Who, where, since when, in words.
    """

    def __init__(self, *, gpo: str, run_id: str, holder: str) -> None:
        name = run_id or "?"
        super().__init__(
            f"Nothing was changed, because another run is at work on the GPO {gpo!r}: {holder}.",
            cure=f"Wait for it with --wait-lock SECONDS. If it was killed: go on with it by "
            f"orchestrate resume {name} or orchestrate rollback {name} where it ran, or break "
            f"its lock with --break-lock {name}.",
        )
        self.gpo = gpo
        self.run_id = run_id
        self.holder = holder


class WrongLockError(PlanError):
    """The lock that was to be broken is another run's.

    Attributes:
        gpo: Display name of the GPO.
        named: The run that was named.
        run_id: The run that holds it.
    """

    def __init__(self, *, gpo: str, named: str, run_id: str, holder: str) -> None:
        super().__init__(
            f"Nothing was changed: the lock of the GPO {gpo!r} is not that of run {named}, but "
            f"of {holder}.",
            cure="Name the run whose lock you mean to break.",
        )
        self.gpo = gpo
        self.named = named
        self.run_id = run_id


class LockLostError(PlanError):
    """Somebody broke the lock of this run, so it must not write any more.

    Attributes:
        gpo: Display name of the GPO.
        run_id: The run that had the lock.
        holder: Who has it now, in words; empty if nobody.
    """

    def __init__(self, *, gpo: str, run_id: str, holder: str) -> None:
        now = f"it is held by {holder} now" if holder else "nobody holds it now"
        super().__init__(
            f"The lock of run {run_id} on the GPO {gpo!r} was broken ({now}), so the run stops "
            "here.",
            cure="What is done stays done. Find out what the other run does, then plan again.",
        )
        self.gpo = gpo
        self.run_id = run_id
        self.holder = holder
