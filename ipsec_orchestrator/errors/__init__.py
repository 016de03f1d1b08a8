"""One exception tree, by blame: what you wrote, what was planned, what the other side did.

Every class builds its own sentence and keeps what it was made from as attributes. Whoever
catches :class:`OrchestratorError` may show ``str(error)`` to a person; ``cure`` says how to go on.
"""

from ipsec_orchestrator.errors.approval import ApprovalError, SigningError, UnsignedError
from ipsec_orchestrator.errors.backend import (
    AccessDeniedError,
    AuthenticationError,
    BackendError,
    DirectoryError,
    FileShareError,
    HostUnreachableError,
    MissingDependencyError,
    ObjectExistsError,
    OutcomeUnknownError,
    ScriptFailedError,
    UnexpectedAnswerError,
)
from ipsec_orchestrator.errors.base import OrchestratorError
from ipsec_orchestrator.errors.cloud import CloudRequestError, ThrottledError
from ipsec_orchestrator.errors.codec import CodecError
from ipsec_orchestrator.errors.dead_man import (
    DeadManError,
    ExpiredConfirmationError,
    UnconfirmedRunError,
    UnprovedRevertError,
)
from ipsec_orchestrator.errors.lab import (
    LabError,
    LabInUseError,
    LabNotFoundError,
    LabProgramError,
)
from ipsec_orchestrator.errors.lock import LockHeldError, LockLostError, WrongLockError
from ipsec_orchestrator.errors.plan import (
    ForeignObjectError,
    MoreThanRepairError,
    PlanError,
    PlanFileError,
    PrerequisiteError,
    ReadBackError,
    SecretInPlanError,
    StalePlanError,
    StaleValue,
    UnmeasuredError,
)
from ipsec_orchestrator.errors.run import (
    DamagedJournalError,
    JournalError,
    PassBusyError,
    RunBusyError,
    RunNotFoundError,
    RunRefusedError,
    RunStoppedError,
    UndecidedRunError,
)
from ipsec_orchestrator.errors.schedule import (
    ForeignScheduleError,
    ScheduleError,
    ScheduleNotFoundError,
    SchedulerRefusedError,
)
from ipsec_orchestrator.errors.spec import Problem, SpecificationError, UsageError
from ipsec_orchestrator.errors.telling import ChannelError, MetricsError, NotifyFileError
from ipsec_orchestrator.errors.unsafe import (
    ControllerNeedsIpsecError,
    ControllersInScopeError,
    DangerError,
    DomainRootLinkError,
    IncomparableFiltersError,
    LockoutError,
    ManyHostsError,
    ManyObjectsError,
    UnsafeInSeveralWaysError,
    UnsafePlanError,
)

__all__ = [
    "AccessDeniedError",
    "ApprovalError",
    "AuthenticationError",
    "BackendError",
    "ChannelError",
    "CloudRequestError",
    "CodecError",
    "ControllerNeedsIpsecError",
    "ControllersInScopeError",
    "DamagedJournalError",
    "DangerError",
    "DeadManError",
    "DirectoryError",
    "DomainRootLinkError",
    "ExpiredConfirmationError",
    "FileShareError",
    "ForeignObjectError",
    "ForeignScheduleError",
    "HostUnreachableError",
    "IncomparableFiltersError",
    "JournalError",
    "LabError",
    "LabInUseError",
    "LabNotFoundError",
    "LabProgramError",
    "LockHeldError",
    "LockLostError",
    "LockoutError",
    "ManyHostsError",
    "ManyObjectsError",
    "MetricsError",
    "MissingDependencyError",
    "MoreThanRepairError",
    "NotifyFileError",
    "ObjectExistsError",
    "OrchestratorError",
    "OutcomeUnknownError",
    "PassBusyError",
    "PlanError",
    "PlanFileError",
    "PrerequisiteError",
    "Problem",
    "ReadBackError",
    "RunBusyError",
    "RunNotFoundError",
    "RunRefusedError",
    "RunStoppedError",
    "ScheduleError",
    "ScheduleNotFoundError",
    "SchedulerRefusedError",
    "ScriptFailedError",
    "SecretInPlanError",
    "SigningError",
    "SpecificationError",
    "StalePlanError",
    "StaleValue",
    "ThrottledError",
    "UnconfirmedRunError",
    "UndecidedRunError",
    "UnexpectedAnswerError",
    "UnmeasuredError",
    "UnprovedRevertError",
    "UnsafeInSeveralWaysError",
    "UnsafePlanError",
    "UnsignedError",
    "UsageError",
    "WrongLockError",
]
