"""A policy with every object that it needs: what a member ought to end up with."""

from collections.abc import Mapping
from uuid import UUID

from ipsec_orchestrator.errors import PlanError
from ipsec_orchestrator.facts.ip_security_container import read_ip_security_container
from ipsec_orchestrator.facts.member_verdict import WantedOnMember, wanted_on_member
from ipsec_orchestrator.model.directory import Entry, dn_key
from ipsec_orchestrator.ports import Directory

# What points from a policy down to its parts [MS-GPIPSEC] 2.2.1; owners point upwards.
_DOWNWARD = (
    "ipsecISAKMPReference",
    "ipsecNFAReference",
    "ipsecNegotiationPolicyReference",
    "ipsecFilterReference",
)


def read_assigned_set(directory: Directory, policy_id: UUID) -> WantedOnMember:
    """Read a policy and its parts from the directory.

    Raises:
        PlanError: The policy, or a part of it, is not there.
        CodecError: One of its objects can't be decoded.
    """
    container = read_ip_security_container(directory)
    dn = f"CN=ipsecPolicy{{{str(policy_id).upper()}}},{container.dn}"
    return assigned_set(container.entries, dn)


def assigned_set(entries: Mapping[str, Entry], policy_dn: str) -> WantedOnMember:
    """Follow the references of a policy through a collection of objects, by the key of their DN.

    Raises:
        PlanError: The policy, or a part of it, is not there.
        CodecError: One of its objects can't be decoded.
    """
    found: dict[str, Entry] = {}
    waiting = [policy_dn]
    while waiting:
        dn = waiting.pop(0)
        key = dn_key(dn)
        if key in found:
            continue
        entry = entries.get(key)
        if entry is None:
            raise PlanError(
                f"{dn} is not in the directory, but the policy needs it.",
                cure="Plan again: what is missing will be written.",
            )
        found[key] = entry
        for name in _DOWNWARD:
            waiting += entry.attributes.texts(name)
    return wanted_on_member(policy_dn, found.values())
