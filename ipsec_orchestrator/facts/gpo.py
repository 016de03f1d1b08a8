"""What is known of one GPO: container, template version, assignment, and the OU's links."""

from dataclasses import dataclass
from uuid import UUID

from ipsec_orchestrator.codec.gpo_filtering import Filtering, is_record
from ipsec_orchestrator.codec.security_descriptor import decode_descriptor
from ipsec_orchestrator.errors import DirectoryError, PlanError
from ipsec_orchestrator.facts.identity import IDENTITY_ATTRIBUTES, identified
from ipsec_orchestrator.model.directory import Entry, Scope, same_dn
from ipsec_orchestrator.ports import Directory

# The access control list, and the record of what narrowing it took away.
FILTERING_ATTRIBUTES = ("nTSecurityDescriptor", "adminDisplayName")
GPO_ATTRIBUTES = (
    "objectClass",
    "cn",
    "displayName",
    "versionNumber",
    "gPCMachineExtensionNames",
    "gPCFileSysPath",
    "flags",
    "adminDescription",
    *FILTERING_ATTRIBUTES,
)
ASSIGNMENT_ATTRIBUTES = ("objectClass", "ipsecOwnersReference", "ipsecName", "description")
OU_ATTRIBUTES = ("objectClass", "gPLink", "gPOptions")
COMMENT_FILE = "GPO.cmt"
# Parents of the assignment object, from the GPO downwards [MS-GPIPSEC] 2.2.2.
ASSIGNMENT_PARENTS = ("CN=Machine", "CN=Microsoft", "CN=Windows")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedGpo:
    """A GPO as read from the directory.

    Attributes:
        gpo_id: Its GUID.
        entry: The container.
        below: Machine, Microsoft, Windows and IPSEC, as far as they exist, by DN.
        template_version: The version in ``gpt.ini``; ``None`` if there is no such file.
        comment: The comment that it was made with; empty if there is none or nobody looked.
    """

    gpo_id: UUID
    entry: Entry
    below: tuple[Entry, ...]
    template_version: int | None = None
    comment: str = ""

    def child(self, dn: str) -> Entry | None:
        """Find one of the objects below the container."""
        return next((entry for entry in self.below if same_dn(entry.dn, dn)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedOu:
    """The OU that the playbook names."""

    entry: Entry

    @property
    def gp_link(self) -> str | None:
        """The ``gPLink`` value, ``None`` if there is none."""
        return self.entry.attributes.text("gPLink")


def read_filtering(entry: Entry) -> Filtering:
    """Read the security filtering of a GPO from its container.

    Raises:
        PlanError: Its permissions can't be read.
        CodecError: They are malformed.
    """
    stored = entry.attributes.values_of("nTSecurityDescriptor")
    if not stored:
        raise PlanError(
            f"The permissions of {entry.dn} can't be read.",
            cure="Use an account of Domain Admins or Group Policy Creator Owners.",
        )
    record = entry.attributes.text("adminDisplayName")
    return Filtering(
        descriptor=decode_descriptor(stored[0]), record=record if is_record(record) else None
    )


def comment_text(content: bytes | None) -> str:
    """Read ``GPO.cmt``, where a GPO's template keeps the comment (UTF-16, little-endian)."""
    text = (content or b"").decode("utf-16-le", errors="replace")
    return text.removeprefix("\ufeff").rstrip("\0")


def assignment_dns(gpo_dn: str) -> tuple[str, ...]:
    """Give the DNs from Machine down to the assignment object."""
    dns: list[str] = []
    below = gpo_dn
    for rdn in (*ASSIGNMENT_PARENTS, "CN=IPSEC"):
        below = f"{rdn},{below}"
        dns.append(below)
    return tuple(dns)


def escape_filter(text: str) -> str:
    """Escape a value for an LDAP filter (RFC 4515 3)."""
    return "".join(
        f"\\{ord(character):02x}" if character in "\\*()\0" else character for character in text
    )


def read_gpo(directory: Directory, name: str) -> ObservedGpo | None:
    """Find a GPO by display name.

    Raises:
        PlanError: Several GPOs bear that name.
    """
    base = f"CN=Policies,CN=System,{directory.names().domain_dn}"
    wanted = f"(&(objectClass=groupPolicyContainer)(displayName={escape_filter(name)}))"
    asked = (*GPO_ATTRIBUTES, *IDENTITY_ATTRIBUTES)
    found = [identified(each) for each in directory.search(base, Scope.CHILDREN, wanted, asked)]
    if len(found) > 1:
        raise PlanError(
            f"{len(found)} GPOs are called {name!r}: {', '.join(sorted(e.dn for e in found))}.",
            cure="Rename all but one, or give the playbook a name of its own.",
        )
    return _with_children(directory, found[0]) if found else None


def read_gpo_by_id(directory: Directory, gpo_id: UUID) -> ObservedGpo | None:
    """Find a GPO by GUID."""
    base = f"CN=Policies,CN=System,{directory.names().domain_dn}"
    dn = f"CN={{{str(gpo_id).upper()}}},{base}"
    entry = directory.read(dn, (*GPO_ATTRIBUTES, *IDENTITY_ATTRIBUTES))
    return _with_children(directory, identified(entry)) if entry else None


def _with_children(directory: Directory, entry: Entry) -> ObservedGpo:
    cn = entry.attributes.text("cn") or ""
    asked = (*ASSIGNMENT_ATTRIBUTES, "adminDescription", *IDENTITY_ATTRIBUTES)
    below = [
        identified(child) for dn in assignment_dns(entry.dn) if (child := directory.read(dn, asked))
    ]
    return ObservedGpo(gpo_id=UUID(cn), entry=entry, below=tuple(below))


def read_ou(directory: Directory, dn: str) -> ObservedOu:
    """Read the OU and its links.

    Raises:
        PlanError: There is no such object.
    """
    entry = directory.read(dn, (*OU_ATTRIBUTES, *IDENTITY_ATTRIBUTES))
    if entry is None:
        raise PlanError(
            f"There is no {dn} in the domain.",
            cure="Correct gpo.ou in the playbook, or create the OU and move the members into it.",
        )
    if not entry.attributes.values_of("objectClass"):
        raise DirectoryError(dn=dn, code=50, reason="the OU's attributes can't be read")
    return ObservedOu(entry=identified(entry))


def read_blocking_units(directory: Directory, ou: str) -> tuple[str, ...]:
    """Give the DNs of the OUs below an OU that block inheritance."""
    found = directory.search(
        ou,
        Scope.SUBTREE,
        "(&(objectClass=organizationalUnit)(gPOptions=1))",
        ("distinguishedName",),
    )
    return tuple(sorted(entry.dn for entry in found if not same_dn(entry.dn, ou)))


def read_links_elsewhere(directory: Directory, gpo: ObservedGpo, ou: str) -> tuple[str, ...]:
    """Give the DNs, other than the OU, whose links name the GPO; sites are not searched."""
    names = directory.names()
    found = directory.search(
        names.domain_dn,
        Scope.SUBTREE,
        f"(gPLink=*{escape_filter(str(gpo.gpo_id))}*)",
        ("distinguishedName",),
    )
    return tuple(sorted(entry.dn for entry in found if not same_dn(entry.dn, ou)))
