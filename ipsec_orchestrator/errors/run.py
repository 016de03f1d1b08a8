"""What became of a run or of its record, and how to go on."""

from ipsec_orchestrator.errors.backend import BackendError
from ipsec_orchestrator.errors.base import OrchestratorError
from ipsec_orchestrator.errors.plan import PlanError
from ipsec_orchestrator.errors.spec import UsageError


class RunNotFoundError(UsageError):
    """No run, or more than one, is meant by what was given.

    Attributes:
        name: What was given.
        candidates: Ids of the runs that it could mean.
    """

    def __init__(self, *, name: str, candidates: tuple[str, ...] = ()) -> None:
        if candidates:
            message = f"{name!r} could be any of the runs {', '.join(candidates)}."
            cure = "Give more of the id."
        else:
            message = f"There is no run {name!r}."
            cure = "`orchestrate runs` lists them; --state names another state folder."
        super().__init__(message, cure=cure)
        self.name = name
        self.candidates = candidates


class RunRefusedError(PlanError):
    """A run that can't be resumed or rolled back as it stands; nothing was done."""


class UndecidedRunError(PlanError):
    """A run of the same playbook has neither come to its end nor been taken back.

    Attributes:
        run_id: That run.
    """

    def __init__(self, *, run_id: str, command: str, playbook: str, running: bool) -> None:
        if running:
            message = f"The run {run_id} ({command} of {playbook}) is still going on."
            cure = "Wait for it, or stop it."
        else:
            message = f"The run {run_id} ({command} of {playbook}) was interrupted."
            cure = (
                f"Decide first: `orchestrate resume {run_id}` completes it, "
                f"`orchestrate rollback {run_id}` brings back what was before it."
            )
        super().__init__(f"Nothing was changed. {message}", cure=cure)
        self.run_id = run_id


class PassBusyError(OrchestratorError):
    """Another process is in a pass over the same playbook.

    Attributes:
        playbook: That playbook.
    """

    def __init__(self, *, playbook: str) -> None:
        super().__init__(
            f"Another process is looking after {playbook} at this moment; this pass was left out.",
            cure="Run only one service for a playbook and state folder.",
        )
        self.playbook = playbook


class RunStoppedError(OrchestratorError):
    """Somebody pressed Ctrl-C.

    Attributes:
        run_id: The run that was going on.
    """

    def __init__(self, *, run_id: str) -> None:
        super().__init__(
            f"Stopped. What is done stays done: the run {run_id} is interrupted.",
            cure=f"`orchestrate resume {run_id}` goes on, `orchestrate rollback {run_id}` brings "
            "back what was before it.",
        )
        self.run_id = run_id


class RunBusyError(BackendError):
    """Another process is at work on the run.

    Attributes:
        run_id: The run.
    """

    def __init__(self, *, run_id: str) -> None:
        super().__init__(
            f"Another process is at work on the run {run_id}.",
            cure="Wait for it, or stop it.",
        )
        self.run_id = run_id


class JournalError(BackendError):
    """A journal or the run store can't be written, so the run stopped before its next write.

    Attributes:
        path: The file.
        reason: Why, in plain words.
        run_id: The run that stopped; ``None`` if none had begun.
    """

    def __init__(self, *, path: str, reason: str, run_id: str | None = None) -> None:
        cure = (
            f"Make room there; then `orchestrate resume {run_id}` goes on, and "
            f"`orchestrate rollback {run_id}` brings back what was before."
            if run_id
            else "Make room there, or name another state folder with --state."
        )
        super().__init__(
            f"{path} can't be written: {reason}. Nothing is changed without a record.",
            cure=cure,
        )
        self.path = path
        self.reason = reason
        self.run_id = run_id


class DamagedJournalError(BackendError):
    """A line of a journal, not its last, is not what was written.

    Attributes:
        path: The file.
        line: Number of the line, from 1.
        reason: What is wrong with it.
    """

    def __init__(self, *, path: str, line: int, reason: str) -> None:
        super().__init__(
            f"The journal {path} is damaged in line {line}: {reason}.",
            cure="Put the file back from a backup. Without it neither resume nor rollback is "
            "possible; `orchestrate remove` needs no journal.",
        )
        self.path = path
        self.line = line
        self.reason = reason
