"""Everything that planning rests on, in one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ipsec_orchestrator.facts.computers import ObservedComputers
from ipsec_orchestrator.facts.gpo import ObservedGpo, ObservedOu
from ipsec_orchestrator.facts.ip_security_container import IpSecurityContainer
from ipsec_orchestrator.facts.member_policy import MemberObservation
from ipsec_orchestrator.ports import DomainNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The domain and the members as they were read.

    Attributes:
        names: The DC that was read, and its naming contexts.
        invocation_id: Id of that DC's database; ``None`` if it could not be read.
        gpo: The playbook's GPO, ``None`` if there is none of that name.
        ou: The OU to link to.
        container: All IP security objects.
        computers: Computer accounts in the scope of the OU.
        rivals: GPOs that carry the IPsec extension and are linked to the OU or above it.
        enforced_above: Those of them whose link above the OU is enforced.
        pilot: The GPO that carries the playbook's policy while waves last, ``None`` if there is
            none.
        blocking: DNs of the OUs below that block inheritance.
        linked_elsewhere: DNs other than the OU that link the GPO.
        left_out: Members of the playbook that were not asked, because the user limited the run.
        assigned_elsewhere: Other GPOs by the policy that they assign: key of its DN -> names.
        heard: Machine version of the playbook's GPO where it was deleted; 0 if nobody knows of one.
        members: What each member has, or the reason why it could not be read, by name.
    """

    names: DomainNames
    gpo: ObservedGpo | None
    ou: ObservedOu
    container: IpSecurityContainer
    computers: ObservedComputers
    invocation_id: UUID | None = None
    pilot: ObservedGpo | None = None
    rivals: tuple[ObservedGpo, ...] = ()
    enforced_above: frozenset[UUID] = frozenset()
    blocking: tuple[str, ...] = ()
    linked_elsewhere: tuple[str, ...] = ()
    assigned_elsewhere: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]],
        hash=False,
    )
    left_out: tuple[str, ...] = ()
    heard: int = 0
    members: Mapping[str, MemberObservation | str] = field(
        default_factory=dict[str, MemberObservation | str],
        hash=False,
    )
