"""What we planned, and why it can't be carried out."""

from collections.abc import Iterable
from dataclasses import dataclass

from ipsec_orchestrator.errors.base import OrchestratorError


class PlanError(OrchestratorError):
    """A plan that can't be made or must not be carried out."""


class PlanFileError(PlanError):
    """A file that is no plan of ours, is damaged, or was made by another format version."""

    usual_cure = "Make a new one with orchestrate plan --out."


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleValue:
    """One thing that is not as a plan found it.

    Attributes:
        object: DN, path or host whose content differs.
        attribute: The attribute or field that differs.
        expected: What the plan was based on, as text.
        found: What is there now, as text.
    """

    object: str
    attribute: str
    expected: str
    found: str

    @property
    def told(self) -> str:
        """Say it in one line."""
        return (
            f"{self.object}: {self.attribute} was expected to be {self.expected} "
            f"but is {self.found}"
        )


class StalePlanError(PlanError):
    """The world is neither as the plan found it nor as it wants it.

    Attributes:
        differences: Everything that differs; the first one is there once more as
            ``object``, ``attribute``, ``expected``, ``found``.
    """

    def __init__(
        self,
        *,
        object: str,  # noqa: A002 - the word of the trade
        attribute: str,
        expected: str,
        found: str,
        more: Iterable[StaleValue] = (),
    ) -> None:
        first = StaleValue(object=object, attribute=attribute, expected=expected, found=found)
        self.differences = (first, *more)
        one = len(self.differences) == 1
        lines = "".join(f"\n  {each.told}" for each in self.differences)
        super().__init__(
            f"The plan is stale: {first.told}." if one else f"The plan is stale:{lines}",
            cure=f"{'' if one else chr(10)}Plan again and review what has changed.",
        )
        self.object = object
        self.attribute = attribute
        self.expected = expected
        self.found = found

    @classmethod
    def of(cls, differences: Iterable[StaleValue]) -> "StalePlanError":
        """Give the error that tells all of these; there is at least one."""
        first, *more = differences
        return cls(
            object=first.object,
            attribute=first.attribute,
            expected=first.expected,
            found=first.found,
            more=more,
        )


class SecretInPlanError(PlanError):
    """A plan that can't be written down, nor its run, because a rule that it rests on holds a secret.

    Attributes:
        object: DN of the rule.
    """

    def __init__(self, *, object: str) -> None:  # noqa: A002 - the word of the trade
        super().__init__(
            f"{object} holds a pre-shared key, or something of an unknown kind, which must stand "
            "neither in a plan nor in the record of a run.",
            cure="Somebody has put it there. Take it out of the rule in the IP Security Policies "
            "snap-in, or delete that object, and run the same command again.",
        )
        self.object = object


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


class MoreThanRepairError(PlanError):
    """A plan that was to bring back what the last run left would change something else as well.

    Attributes:
        kind: What that is.
        name: How people call it.
    """

    def __init__(self, *, kind: str, name: str) -> None:
        super().__init__(
            f"Nothing was changed: a repair would also change {kind} {name}, which nobody has "
            "tampered with.",
            cure="Look at orchestrate plan, and apply it by hand.",
        )
        self.kind = kind
        self.name = name


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
