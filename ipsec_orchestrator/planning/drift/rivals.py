"""Other GPOs that take the members away from ours: not ours, and all the same a difference."""

from collections.abc import Iterator

from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.drift import Difference, DriftKind
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.cautions import winning_rivals


def rival_differences(playbook: Playbook, observed: Observed) -> Iterator[Difference]:
    """Name every other GPO with IPsec settings that comes before the playbook's."""
    for rival in winning_rivals(playbook, observed):
        yield Difference(
            kind=DriftKind.FOREIGN,
            object=rival.entry.dn,
            thing="GPO",
            name=rival.entry.attributes.text("displayName") or rival.entry.dn,
            field="precedence",
            expected=f"after {playbook.gpo.name}",
            found=f"before {playbook.gpo.name}: its IPsec policy is the one that members take",
            holder=rival.entry.dn,
        )
