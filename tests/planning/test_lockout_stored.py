"""What is judged is what is stored: decoded again, the objects hold the same filters and actions."""

from collections import Counter
from uuid import UUID

from hypothesis import given

from ipsec_orchestrator import codec
from ipsec_orchestrator.codec import constants
from ipsec_orchestrator.model.active_policy import active_policy
from ipsec_orchestrator.model.directory import Attributes, dn_key
from ipsec_orchestrator.model.policy import NamedEndpoint, Playbook
from ipsec_orchestrator.planning.describe import endpoint_word, value_of
from ipsec_orchestrator.planning.desired import DesiredPolicy, ObjectKind
from ipsec_orchestrator.planning.lower import lower
from tests.strategies import playbooks
from tests.worlds import DOMAIN_DN

KINDS = {
    constants.ACTION_BLOCK: "block",
    constants.ACTION_PERMIT: "permit",
    constants.ACTION_NEGOTIATE: "negotiate",
    constants.ACTION_INBOUND_PASS_THROUGH: "negotiate",
}


def stored(policy: DesiredPolicy, objects: dict[str, Attributes]) -> Counter[tuple[object, ...]]:
    """The filters of the stored policy's active rules, each with its action."""
    found: Counter[tuple[object, ...]] = Counter()
    for thing in policy.objects:
        rule = value_of(thing.complete)
        lists = thing.complete.texts("ipsecFilterReference")
        if thing.kind is not ObjectKind.RULE or not lists:
            continue
        assert isinstance(rule, codec.Nfa)
        if not rule.is_active:
            continue
        (action_dn,) = thing.complete.texts("ipsecNegotiationPolicyReference")
        action = objects[dn_key(action_dn)].text("iPSECNegotiationPolicyAction") or ""
        for dn in lists:
            filters = value_of(objects[dn_key(dn)])
            assert isinstance(filters, codec.IpsecFilter)
            for spec in filters.filters:
                found[
                    (
                        endpoint_word(spec.source, spec.source_mask),
                        endpoint_word(spec.destination, spec.destination_mask),
                        spec.protocol,
                        spec.source_port,
                        spec.destination_port,
                        bool(spec.mirrored),
                        KINDS[UUID(action)],
                    )
                ] += 1
    return found


@given(playbooks())
def test_what_is_judged_is_what_is_stored(playbook: Playbook) -> None:
    """The policy in the safety of a plan and the objects that the plan writes say the same."""
    policies = lower(playbook, DOMAIN_DN)
    objects = {dn_key(thing.dn): thing.complete for policy in policies for thing in policy.objects}
    by_name = {policy.name: policy for policy in policies}
    for policy in playbook.policies:
        judged = Counter(
            (
                f.source.value if isinstance(f.source, NamedEndpoint) else str(f.source),
                f.destination.value
                if isinstance(f.destination, NamedEndpoint)
                else str(f.destination),
                f.protocol,
                f.source_port,
                f.destination_port,
                f.mirrored,
                rule.action.kind.value,
            )
            for rule in active_policy(playbook, policy).rules
            for f in rule.filters
        )

        assert stored(by_name[policy.name], objects) == judged
