"""No secret in a plan, nor in the record of a run: the one that the directory can hold is a rule's pre-shared key."""

from collections.abc import Iterator

from ipsec_orchestrator.codec.constants import AuthKind
from ipsec_orchestrator.codec.nfa_blob import decode_nfa
from ipsec_orchestrator.codec.version_information import starts_version_information
from ipsec_orchestrator.errors import CodecError, SecretInPlanError
from ipsec_orchestrator.model.directory import Attributes, split_dn
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.steps import EntryStep

_WITHOUT_KEY = frozenset({AuthKind.KERBEROS, AuthKind.CERTIFICATE})


def refuse_secrets(plan: Plan) -> None:
    """Make sure that a plan can be written down, as a file and in the journal of its run.

    Somebody may have put a key into a rule of ours. The plan that takes it away has to know the
    rule as it is, so the key has to go by hand first.

    Raises:
        SecretInPlanError: A rule that it rests on holds a key, or can't be told not to.
    """
    for dn, attributes in _contents(plan):
        if holds_secret(dn, attributes):
            raise SecretInPlanError(object=dn)


def holds_secret(dn: str, attributes: Attributes) -> bool:
    """Tell whether attributes of an object hold a secret, or can't be told not to."""
    is_rule = next(iter(split_dn(dn)), "").casefold().startswith("cn=ipsecnfa")
    return is_rule and any(map(_may_hold_key, attributes.values_of("ipsecData")))


def _contents(plan: Plan) -> Iterator[tuple[str, Attributes]]:
    for step in plan.steps:
        if isinstance(step, EntryStep):
            for side in (step.before, step.after):
                if side is not None:
                    yield step.dn, side
    for found in plan.basis.objects:
        if found.attributes is not None:
            yield found.dn, found.attributes


def _may_hold_key(blob: bytes) -> bool:
    if starts_version_information(blob):
        return False
    try:
        rule = decode_nfa(blob)
    except CodecError:
        return True
    again = rule.alternate_auth.methods if rule.alternate_auth else ()
    # Of other kinds nobody knows what they hold.
    return any(method.kind not in _WITHOUT_KEY for method in (*rule.auth_methods, *again))
