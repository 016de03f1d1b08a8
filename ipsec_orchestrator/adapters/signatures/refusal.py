"""Why a signature does not count."""

from ipsec_orchestrator.errors import PlanError


class SignatureRefused(PlanError):  # noqa: N818 - the name says what happened
    """A signature is damaged, of another purpose, of a key that is not allowed, or does not fit."""

    usual_cure = "Have the plan signed again."

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}.")
        self.reason = reason
