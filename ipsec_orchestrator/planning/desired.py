"""The directory objects that a playbook asks for, as values."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.stages import Stage

IP_SECURITY_CONTAINER = "CN=IP Security,CN=System"
POLICIES_CONTAINER = "CN=Policies,CN=System"


class ObjectKind(StrEnum):
    """What an object is, in the administrator's words."""

    POLICY = "policy"
    KEY_EXCHANGE = "key exchange"
    RULE = "rule"
    FILTER_ACTION = "filter action"
    FILTER_LIST = "filter list"


# Which object class stores what, and under which stage of the how-to it is shown.
CLASS_OF_KIND = {
    ObjectKind.POLICY: "ipsecPolicy",
    ObjectKind.KEY_EXCHANGE: "ipsecISAKMPPolicy",
    ObjectKind.RULE: "ipsecNFA",
    ObjectKind.FILTER_ACTION: "ipsecNegotiationPolicy",
    ObjectKind.FILTER_LIST: "ipsecFilter",
}
KIND_OF_CLASS = {name.casefold(): kind for kind, name in CLASS_OF_KIND.items()}
STAGE_OF_KIND = {
    ObjectKind.POLICY: Stage.POLICY,
    ObjectKind.KEY_EXCHANGE: Stage.POLICY,
    ObjectKind.RULE: Stage.POLICY,
    ObjectKind.FILTER_ACTION: Stage.FILTER_ACTION,
    ObjectKind.FILTER_LIST: Stage.FILTER_LIST,
}
DEFAULT_RESPONSE_NAME = "default response"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredObject:
    """One object below ``CN=IP Security``.

    Attributes:
        kind: What it is.
        name: How people call it.
        object_id: Its ``ipsecID``.
        dn: Where it stands.
        attributes: What it is added with; names its owners, which are there before it.
        references: What it points to, set by a modify once that exists [MS-GPIPSEC] 2.2.1.
    """

    kind: ObjectKind
    name: str
    object_id: UUID
    dn: str
    attributes: Attributes
    references: Attributes

    @property
    def complete(self) -> Attributes:
        """All attributes as they ought to be in the end."""
        return Attributes({**dict(self.attributes.items()), **dict(self.references.items())})


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredPolicy:
    """One policy and every object that it needs, in the order of [MS-GPIPSEC] 2.2.1."""

    name: str
    description: str
    object_id: UUID
    dn: str
    objects: tuple[DesiredObject, ...]


def guid_text(guid: UUID) -> str:
    """Give a GUID as the directory writes it: braces, upper case."""
    return f"{{{str(guid).upper()}}}"


def marker(playbook: str) -> str:
    """Give the ``adminDescription`` that marks an object as made for this playbook."""
    return f"ipsec_orchestrator playbook={playbook}"


def announcement(playbook: str, machine_version: int) -> str:
    """Give the ``adminDescription`` of an assignment object.

    It names the version of the GPO under which members are to hear of the assignment: a run that
    ends between the two is thereby noticed.
    """
    return f"{marker(playbook)} version={machine_version}"


def announced_version(mark: str | None, playbook: str) -> int | None:
    """Give the version that :func:`announcement` names; ``None`` if the mark is not ours."""
    head, separator, number = (mark or "").partition(" version=")
    is_ours = head == marker(playbook) and bool(separator)
    return int(number) if is_ours and number.isascii() and number.isdigit() else None


def gpo_marker(playbook: str, *, created: bool) -> str:
    """Give the mark of a GPO: made by us, or taken over."""
    return f"ipsec_orchestrator {'created' if created else 'adopted'} playbook={playbook}"
