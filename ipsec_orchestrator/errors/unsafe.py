"""Plans that may do more harm than their author wants."""

from ipsec_orchestrator.errors.plan import PlanError


class IncomparableFiltersError(PlanError):
    """Two filters of one policy match the same packets, contradict each other, tie.

    Attributes:
        policy: Name of the policy.
        first: One of the filters, with its rule.
        second: The other.
        reason: The field that makes them incomparable.
    """

    def __init__(self, *, policy: str, first: str, second: str, reason: str) -> None:
        super().__init__(
            f"Policy {policy}: nobody can say which of two filters Windows puts first for "
            f"packets that both match: {first} and {second}: {reason}.",
            cure="Make one of them narrower or equal in every field (write the member's own side "
            "as “me” in both), or add a filter that is at least as narrow as both.",
        )
        self.policy = policy
        self.first = first
        self.second = second
        self.reason = reason


class UnsafePlanError(PlanError):
    """A plan that may do more harm than its author wants; it needs a confirmation of its own."""


class UnsafeInSeveralWaysError(UnsafePlanError):
    """More than one of them at once.

    Attributes:
        errors: Each by itself.
    """

    def __init__(self, errors: tuple[UnsafePlanError, ...]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors


class LockoutError(UnsafePlanError):
    """Something that administration needs would not stay open.

    Attributes:
        risks: The words of the risks that nobody accepted.
    """

    def __init__(self, *, risks: tuple[str, ...], told: str, cure: str) -> None:
        super().__init__(
            f"Administration would not stay open, so nothing was changed.\n{told}",
            cure=f"\n{cure}",
        )
        self.risks = risks


class ControllerNeedsIpsecError(UnsafePlanError):
    """Traffic to a domain controller would need IPsec, whose authentication needs that traffic.

    Attributes:
        flows: The words of the flows.
    """

    def __init__(self, *, flows: tuple[str, ...], told: str) -> None:
        super().__init__(
            "Traffic to a domain controller would need IPsec, so nothing was changed. Kerberos, "
            f"which authenticates IPsec, would wait for itself.\n{told}",
            cure="\nThis can't be accepted: change the playbook.",
        )
        self.flows = flows


class DangerError(UnsafePlanError):
    """Something dangerous that needs a confirmation of its own.

    Attributes:
        told: What would happen.
        option: The option that confirms it.
    """

    def __init__(self, *, told: str, option: str) -> None:
        super().__init__(
            f"{told} Nothing was changed.", cure=f"To go on all the same, plan with {option}"
        )
        self.told = told
        self.option = option


class ControllersInScopeError(DangerError):
    """Domain controllers would get the policy."""


class DomainRootLinkError(DangerError):
    """The GPO would be linked to the whole domain."""


class ManyHostsError(DangerError):
    """A large share of the hosts would be touched at once."""


class ManyObjectsError(DangerError):
    """A large share of the domain's IPsec objects would be changed or deleted at once."""
