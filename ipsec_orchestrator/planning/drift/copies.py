"""The playbook's GPO on the other DCs: is it there as it is on the one that was read?"""

from collections.abc import Iterator
from typing import Final

from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.facts.gpo import ObservedGpo
from ipsec_orchestrator.facts.gpo_copies import GpoCopy
from ipsec_orchestrator.model.drift import Difference, DriftKind

REPLICATION: Final = "replication"


def copy_differences(gpo: ObservedGpo, copy: GpoCopy) -> Iterator[Difference]:
    """Name what another DC has otherwise.

    A lower version, or none, is pending: the newer one has not come there yet, be it the
    directory's replication or that of SYSVOL. A higher one was made there and is drift.
    """
    number = int(gpo.entry.attributes.text("versionNumber") or "0")
    ours = GpoVersion.from_number(number).number
    copies = [("version", copy.container_version, "no such GPO")]
    if not copy.unread_template:
        copies.append(("version in gpt.ini", copy.template_version, "no gpt.ini"))
    for field, theirs, nothing in copies:
        if theirs == ours:
            continue
        is_behind = theirs is None or theirs < ours
        found = nothing if theirs is None else str(theirs)
        yield Difference(
            kind=DriftKind.PENDING if is_behind else DriftKind.DRIFT,
            object=gpo.entry.dn,
            thing=REPLICATION,
            name=copy.fqdn,
            field=field,
            expected=str(ours),
            found=f"{found}, not replicated yet" if is_behind else f"{found}, newer than here",
            holder=gpo.entry.dn,
        )
