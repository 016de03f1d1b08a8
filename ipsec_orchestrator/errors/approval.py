"""A plan that nobody who may approve it has signed."""

from collections.abc import Sequence

from ipsec_orchestrator.errors.plan import PlanError


class ApprovalError(PlanError):
    """Too few valid signatures of different people; nothing was connected to.

    Attributes:
        plan: File of the plan.
        found: How many there are.
        required: How many are demanded.
        reasons: (file of a signature, why it does not count) of each that does not.
    """

    def __init__(
        self,
        *,
        plan: str,
        found: int,
        required: int,
        reasons: Sequence[tuple[str, str]],
        origin: str,
    ) -> None:
        told = "".join(f" {file}: {reason}." for file, reason in reasons)
        none = "" if reasons or found else " There is no signature beside it."
        super().__init__(
            f"{plan} is not approved: {found} of {required} approvals that {origin} demands."
            f"{told}{none}",
            cure=f"Have it signed by somebody who may: orchestrate sign {plan} --key KEY.",
        )
        self.plan = plan
        self.found = found
        self.required = required
        self.reasons = tuple(reasons)


class UnsignedError(PlanError):
    """The inventory lets only signed plans be carried out, and a playbook is none.

    Attributes:
        required: How many approvals are demanded.
    """

    def __init__(self, *, command: str, required: int) -> None:
        option = " --remove" if command == "remove" else ""
        super().__init__(
            f"Nothing was changed: the inventory demands {required} "
            f"{'approval' if required == 1 else 'approvals'}, and only a saved plan can be signed.",
            cure=f"Use orchestrate plan PLAYBOOK{option} --out plan.json, have it signed with "
            "orchestrate sign plan.json --key KEY, and then orchestrate apply plan.json.",
        )
        self.required = required


class SigningError(PlanError):
    """A signature could not be made, or a file of signers or keys can't be used."""

    usual_cure = "orchestrate sign --help says which keys and files there are."
