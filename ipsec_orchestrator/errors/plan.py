"""What we planned, and why it can't be carried out."""

from ipsec_orchestrator.errors.base import OrchestratorError


class PlanError(OrchestratorError):
    """A plan that can't be made or must not be carried out."""


class PlanFileError(PlanError):
    """A file that is no plan of ours, is damaged, or was made by another format version."""

    usual_cure = "Make a new one with orchestrate plan --out."


class StalePlanError(PlanError):
    """The world is neither as the plan found it nor as it wants it.

    Attributes:
        object: DN, path or host whose content differs.
        attribute: The attribute or field that differs.
        expected: What the plan was based on, as text.
        found: What is there now, as text.
    """

    def __init__(self, *, object: str, attribute: str, expected: str, found: str) -> None:  # noqa: A002 - the word of the trade
        super().__init__(
            f"The plan is stale: {object}: {attribute} was expected to be {expected} "
            f"but is {found}.",
            cure="Plan again and review what has changed.",
        )
        self.object = object
        self.attribute = attribute
        self.expected = expected
        self.found = found


class PrerequisiteError(PlanError):
    """Something that has to be right before a plan is carried out is not; nothing was written.

    Attributes:
        failures: (id of the check, what was seen, cure) of each.
    """

    def __init__(self, *, failures: tuple[tuple[str, str, str], ...]) -> None:
        told = " ".join(f"{check_id}: {seen} {cure}" for check_id, seen, cure in failures)
        skips = " ".join(f"--skip-check {check_id}" for check_id, _, _ in failures)
        super().__init__(
            f"Nothing was changed, because a prerequisite is not met. {told}",
            cure=f"To go on all the same: {skips}",
        )
        self.failures = failures


class UnmeasuredError(PlanError):
    """A plan that requires IPsec where it is only requested, and nobody has measured it.

    Attributes:
        reason: Which filter actions, and what would happen.
    """

    def __init__(self, *, reason: str) -> None:
        super().__init__(
            f"Nothing was changed. {reason}",
            cure="Measure and apply with orchestrate promote; or apply with --unmeasured, at the "
            "risk of hosts losing each other.",
        )
        self.reason = reason


class ForeignObjectError(PlanError):
    """Something that we did not make stands where the playbook wants to write.

    Attributes:
        object: DN or path of the foreign object.
        reason: How it was recognised as foreign.
    """

    def __init__(self, *, object: str, reason: str, cure: str) -> None:  # noqa: A002 - the word of the trade
        super().__init__(f"{object} is not ours: {reason}.", cure=cure)
        self.object = object
        self.reason = reason


class ReadBackError(PlanError):
    """A write was accepted, but reading it back gave something else."""

    def __init__(self, *, object: str, attribute: str, written: str, found: str) -> None:  # noqa: A002 - the word of the trade
        super().__init__(
            f"{object}: {attribute} was written as {written} but reads back as {found}.",
            cure="Check replication and other administrators, then plan again.",
        )
        self.object = object
        self.attribute = attribute
        self.written = written
        self.found = found
