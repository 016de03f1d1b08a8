"""Signing plans, and finding out who has signed one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ipsec_orchestrator.adapters.signatures import (
    SignatureRefused,
    read_signers,
    sign_file,
    signatures_beside,
)
from ipsec_orchestrator.app.plans import parse_plan_bytes, read_plan_bytes
from ipsec_orchestrator.errors import ApprovalError
from ipsec_orchestrator.model.approval import Approval, ApprovalDemand
from ipsec_orchestrator.model.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPlan:
    """A plan and the file of the new signature."""

    plan: Plan
    signature: Path


def sign_plan(path: Path, key: Path, identity: str | None) -> SignedPlan:
    """Sign a plan file as it lies there; what is no sound plan is not signed.

    Raises:
        PlanFileError: It is no plan.
        SigningError, MissingDependencyError: No signature could be made.
    """
    content = read_plan_bytes(path)
    plan = parse_plan_bytes(content, str(path))
    comment = f"plan {path.name} for {plan.basis.playbook} on {plan.basis.domain}"
    return SignedPlan(plan=plan, signature=sign_file(path, content, key, identity, comment))


def check_approvals(
    path: Path, content: bytes, demands: Iterable[ApprovalDemand]
) -> tuple[Approval, ...]:
    """Make sure that enough different people have signed exactly this content.

    A key counts once and a principal counts once, however many signatures they make.

    Raises:
        ApprovalError: Too few valid signatures.
        SigningError, MissingDependencyError: A list of signers can't be used.
    """
    everybody: dict[tuple[str, str], Approval] = {}
    for demand in demands:
        for approval in _approvals(path, content, demand):
            everybody.setdefault((approval.principal, approval.file), approval)
    return tuple(everybody.values())


def _approvals(path: Path, content: bytes, demand: ApprovalDemand) -> Sequence[Approval]:
    signers = [read_signers(Path(file)) for file in demand.signers]
    counted: list[Approval] = []
    reasons: list[tuple[str, str]] = []
    for file, kind, signature in signatures_beside(path):
        refused = f"nobody of {', '.join(demand.signers)} signs with {kind.value}"
        for signer in signers:
            if signer.kind is not kind:
                continue
            try:
                approval = signer.verify(content, signature, file.name)
            except SignatureRefused as error:
                refused = error.reason
                continue
            if any(a.principal == approval.principal or a.key == approval.key for a in counted):
                refused = f"{approval.principal} has signed already"
                continue
            counted.append(approval)
            break
        else:
            reasons.append((file.name, refused))
    if len(counted) < demand.required:
        raise ApprovalError(
            plan=str(path),
            found=len(counted),
            required=demand.required,
            reasons=reasons,
            origin=demand.origin,
        )
    return counted
