"""A run that has to be confirmed: refused, relied on without proof, or confirmed too late."""

from datetime import datetime

from ipsec_orchestrator.errors.plan import PlanError


class DeadManError(PlanError):
    """Members can't be given the task that would undo the change; nothing was written.

    Attributes:
        failures: (member, why) of each that can't.
        left: (member, why) of each whose task could not be taken away again.
    """

    def __init__(
        self,
        *,
        failures: tuple[tuple[str, str], ...],
        left: tuple[tuple[str, str], ...] = (),
    ) -> None:
        told = "; ".join(f"{host}: {reason.rstrip('.')}" for host, reason in failures)
        names = ", ".join(host for host, _ in left)
        rest = (
            f" What was put there could not be taken away again from {names}: look there for "
            "scheduled tasks named ipsec_orchestrator.dead-man and delete them."
            if left
            else ""
        )
        super().__init__(
            f"Nothing of the plan was carried out, because not every member can be guarded. {told}.{rest}",
            cure="Put that right, or leave such members out of the playbook: a task on one side "
            "only would not bring traffic back.",
        )
        self.failures = failures
        self.left = left


class UnconfirmedRunError(PlanError):
    """Tasks of an earlier run would take the effect of this one away as well.

    Attributes:
        run_id: The run that was not confirmed.
    """

    def __init__(self, *, run_id: str, hosts: tuple[str, ...], fires: datetime) -> None:
        super().__init__(
            f"Nothing was changed. The run {run_id} is not confirmed, and its tasks on "
            f"{', '.join(hosts)} would take the effect of this one away as well "
            f"({fires:%Y-%m-%d %H:%M:%S} UTC).",
            cure=f"Decide first: `orchestrate confirm {run_id}` keeps it, `orchestrate rollback "
            f"{run_id}` takes it back; after its time `orchestrate restore-members {run_id} "
            "--keep-policy` keeps it.",
        )
        self.run_id = run_id


class UnprovedRevertError(PlanError):
    """A plan relies on a local revert that nobody has proved on these versions of Windows."""

    def __init__(self, *, unproved: tuple[str, ...]) -> None:
        super().__init__(
            "Nothing was changed. What would undo this locally is not proved. "
            + " ".join(unproved),
            cure="Try it on a member that you can reach at its console, and then go on with "
            "--accept-unproved-revert.",
        )
        self.unproved = unproved


class ExpiredConfirmationError(PlanError):
    """A run can't be confirmed any more, because its tasks have run by now.

    Attributes:
        run_id: The run.
        deadline: When it had to be confirmed.
    """

    def __init__(self, *, run_id: str, deadline: datetime) -> None:
        super().__init__(
            f"Run {run_id} had to be confirmed by {deadline:%Y-%m-%d %H:%M:%S} UTC; its tasks have "
            "run by now, or will when a member starts.",
            cure=f"orchestrate restore-members {run_id} --keep-policy keeps what it did; "
            f"orchestrate rollback {run_id} takes it back.",
        )
        self.run_id = run_id
        self.deadline = deadline
