"""Which objects and files a plan's steps are about, for looking at them before and afterwards."""

import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec.gp_link import parse_gp_link
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.model.directory import dn_key, domain_dn
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.steps import (
    EntryStep,
    FilteringStep,
    GpoStep,
    Step,
    TemplateAccessStep,
    TemplateVersionStep,
)
from ipsec_orchestrator.planning.desired import POLICIES_CONTAINER, guid_text

_BELOW_GPO: Final = re.compile(r"(?:^|,)cn=\{(?P<id>[0-9a-f-]{36})\},cn=policies,cn=system,")
LINK: Final = "gPLink"
_WITH_TEMPLATE: Final = (GpoStep, TemplateVersionStep, TemplateAccessStep)


def gpo_of_dn(dn: str) -> UUID | None:
    """Give the id of the GPO that an object is, or is part of."""
    found = _BELOW_GPO.search(dn_key(dn))
    return UUID(found["id"]) if found else None


def gpo_dn(gpo_id: UUID, domain: str) -> str:
    """Give the DN of a GPO's container; ``domain`` is the DNS name."""
    return f"CN={guid_text(gpo_id)},{POLICIES_CONTAINER},{domain_dn(domain)}"


def gpos_of(steps: Iterable[Step]) -> tuple[UUID, ...]:
    """Give the ids of the GPOs that steps make, delete, change, filter or link, in order."""
    found: dict[UUID, None] = {}
    for step in steps:
        if isinstance(step, GpoStep | TemplateVersionStep):
            found[step.gpo_id] = None
        elif isinstance(step, EntryStep | FilteringStep | TemplateAccessStep):
            own = gpo_of_dn(step.dn)
            if own is not None:
                found[own] = None
            if isinstance(step, EntryStep):
                found |= dict.fromkeys(_linked(step))
    return tuple(found)


def _linked(step: EntryStep) -> Iterable[UUID]:
    """Give the GPOs whose link a step makes, changes or takes away."""
    if step.before is None or step.after is None or LINK not in step.after:
        return ()
    before, after = (parse_gp_link(side.text(LINK) or "") for side in (step.before, step.after))
    ids = {link.gpo_id for links in (before, after) for link in links.links}
    return sorted(
        gpo_id
        for gpo_id in ids
        if gpo_id is not None
        and (
            before.find(gpo_id) != after.find(gpo_id)
            or before.link_order(gpo_id) != after.link_order(gpo_id)
        )
    )


def dns_of(steps: Iterable[Step], domain: str) -> tuple[str, ...]:
    """Give the DNs of all objects to look at: what steps touch, and each GPO down to its place."""
    steps = tuple(steps)
    found = {dn_key(step.dn): step.dn for step in steps if isinstance(step, EntryStep)}
    for gpo_id in gpos_of(steps):
        dn = gpo_dn(gpo_id, domain)
        for each in (dn, f"CN=User,{dn}", *assignment_dns(dn)):
            found.setdefault(dn_key(each), each)
    return tuple(found.values())


def via_of(steps: Iterable[Step]) -> GpoVia | None:
    """Give the way to the GPO's template; ``None`` if no step goes there."""
    return next((step.via for step in steps if isinstance(step, _WITH_TEMPLATE)), None)
