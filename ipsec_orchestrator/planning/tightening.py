"""From request to require: whether a plan takes away clear traffic that passes today."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ipsec_orchestrator.codec import NegotiationPolicy, constants
from ipsec_orchestrator.errors import UnmeasuredError
from ipsec_orchestrator.facts.gpo import ObservedGpo, assignment_dns
from ipsec_orchestrator.facts.ip_security_container import IpSecurityContainer
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import Entry
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.plan import Caution, Plan
from ipsec_orchestrator.model.policy import FilterActionKind, Playbook
from ipsec_orchestrator.planning.describe import value_of
from ipsec_orchestrator.planning.desired import marker

UNMEASURED: Final = "unmeasured"
"""Code of the warning of a plan that requires IPsec where nobody has measured whether it works."""

MEASURED: Final = "measured"
"""Code of the warning that takes its place once that was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """That somebody has measured, and what came out.

    Attributes:
        text: In a sentence or two, for the plan.
        document: The same for ``--json``, by key.
    """

    text: str
    document: Mapping[str, Json]


_RULES: Final = "ipsecNFAReference"
_ACTIONS: Final = "ipsecNegotiationPolicyReference"


def tightened(
    playbook: Playbook, gpo: ObservedGpo | None, container: IpSecurityContainer
) -> tuple[str, ...]:
    """Name the filter actions that require IPsec in the playbook, and let clear traffic pass now.

    What counts is the policy that the playbook's GPO assigns at the moment, if this playbook made
    it: a first policy takes nothing away that was measured before it came.
    """
    today = assigned_actions(playbook, gpo, container)
    if not any(today.values()):
        return ()
    strict_today = {name for name, may_fall_back in today.items() if not may_fall_back}
    return tuple(name for name in _strict_names(playbook) if name.casefold() not in strict_today)


def tightening_cautions(playbook: Playbook, observed: Observed) -> Iterator[Caution]:
    """Warn of a plan that requires IPsec from now on; apply does not carry it out as it is."""
    names = tightened(playbook, observed.gpo, observed.container)
    if names:
        yield Caution(
            code=UNMEASURED,
            text=f"From request to require: {', '.join(names)} lets traffic go in clear today "
            "where IPsec fails, and no longer would; hosts that can't negotiate would lose each "
            "other. orchestrate promote measures that before it changes anything.",
        )


def refuse_unmeasured(plan: Plan) -> None:
    """Refuse a plan, made now or saved, that goes from request to require unmeasured.

    Raises:
        UnmeasuredError: It does.
    """
    for caution in plan.warnings:
        if caution.code == UNMEASURED:
            raise UnmeasuredError(reason=caution.text)


def _strict_names(playbook: Playbook) -> Iterator[str]:
    policy = next((p for p in playbook.policies if p.name == playbook.assignment), None)
    used = {rule.filter_action for rule in policy.rules if rule.active} if policy else set[str]()
    for action in playbook.filter_actions:
        negotiates = action.kind is FilterActionKind.NEGOTIATE
        if negotiates and action.name in used and not action.allow_fallback:
            yield action.name


def assigned_actions(
    playbook: Playbook, gpo: ObservedGpo | None, container: IpSecurityContainer
) -> dict[str, bool]:
    """Give the filter actions that negotiate of the policy that the GPO assigns, if it is ours.

    Returns:
        Name in small letters -> whether traffic may go in clear.
    """
    dn = assigned_dn(playbook, gpo, container)
    policy = container.entry(dn) if dn else None
    if policy is None:
        return {}
    found: dict[str, bool] = {}
    for rule in _referred(policy, _RULES, container):
        for action in _referred(rule, _ACTIONS, container):
            value = value_of(action.attributes)
            kind = action.attributes.text("iPSECNegotiationPolicyType") or ""
            if isinstance(value, NegotiationPolicy) and kind.strip("{}").casefold() != str(
                constants.TYPE_DEFAULT_RESPONSE
            ):
                name = (action.attributes.text("ipsecName") or action.dn).casefold()
                # An offer without algorithms stands for "in clear" [MS-GPIPSEC] 2.2.1.4.
                found[name] = any(not offer.algorithms for offer in value.offers)
    return found


def assigned_dn(
    playbook: Playbook, gpo: ObservedGpo | None, container: IpSecurityContainer
) -> str | None:
    """Give the DN of the policy that the GPO assigns, if this playbook made it."""
    place = gpo.child(assignment_dns(gpo.entry.dn)[-1]) if gpo else None
    owner = place.attributes.text("ipsecOwnersReference") if place else None
    policy = container.entry(owner) if owner else None
    if policy is None or policy.attributes.text("adminDescription") != marker(playbook.name):
        return None
    return policy.dn


def with_measurement(plan: Plan, measurement: Measurement | None) -> Plan:
    """Put what was measured in the place of the warning that nobody has."""
    if measurement is None:
        return plan
    warnings = (
        Caution(code=MEASURED, text=measurement.text) if caution.code == UNMEASURED else caution
        for caution in plan.warnings
    )
    return replace(plan, warnings=tuple(warnings))


def _referred(entry: Entry, attribute: str, container: IpSecurityContainer) -> Iterator[Entry]:
    for dn in entry.attributes.texts(attribute):
        found = container.entry(dn)
        if found is not None:
            yield found
