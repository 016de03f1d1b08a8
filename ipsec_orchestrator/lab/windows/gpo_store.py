"""The GPOs and links of the lab's domain, as the GroupPolicy module of a DC shows them.

Reads and links go through the ``Directory`` port with the lab's own rights. Making and deleting a
GPO, container and template together, is the ``GpoMaker``'s part: ``samba-tool`` in a Samba domain,
plain writes in the lab without Samba.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.codec.gp_link import GpLinks, GpoLinkText, format_gp_link, parse_gp_link
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.facts.gpo import escape_filter
from ipsec_orchestrator.lab.windows.imitated_error import (
    GPO_ID_NOT_FOUND,
    GPO_NAME_NOT_FOUND,
    GPO_NAME_TAKEN,
    LINK_EXISTS,
    LINK_NOT_FOUND,
    NO_FOLDER,
    ImitatedError,
)
from ipsec_orchestrator.model.directory import Attributes, Entry, Scope, same_dn, split_dn
from ipsec_orchestrator.ports import Directory, Gpos

OpenDirectory = Callable[[], AbstractContextManager[Directory]]
"""Opens a connection for one piece of work."""

_ATTRIBUTES: Final = ("cn", "displayName", "versionNumber", "flags")


@dataclass(frozen=True, slots=True, kw_only=True)
class GpoRecord:
    """A GPO as ``Get-GPO`` shows it; ``status_flags`` as in the directory's ``flags``."""

    gpo_id: UUID
    display_name: str
    domain: str
    dn: str
    version: GpoVersion
    status_flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRecord:
    """A link as ``Get-GPInheritance`` shows it; order 1 wins."""

    gpo_id: UUID
    display_name: str
    enabled: bool
    enforced: bool
    order: int
    target: str


class GpoMaker(Protocol):
    """Makes and deletes GPOs, container and template together."""

    def create(self, name: str, comment: str) -> UUID:
        """Make an empty GPO; the name is known to be free."""
        ...

    def delete(self, gpo_id: UUID) -> None:
        """Delete a GPO that is there; links stay."""
        ...


class TemplateAccess(Protocol):
    """Permissions of the templates' folders; a ``Sysvol`` has them."""

    def read_access(self, gpo_id: UUID) -> bytes | None:
        """Give the security descriptor of a folder; ``None`` if it is not there."""
        ...

    def write_access(self, gpo_id: UUID, descriptor: bytes) -> None:
        """Set the access control list of a folder and of everything in it."""
        ...


class GposAsMaker(GpoMaker):
    """Makes GPOs through the ``Gpos`` port, in the lab that has no Samba."""

    def __init__(self, gpos: Gpos, new_id: Callable[[], UUID]) -> None:
        self._gpos = gpos
        self._new_id = new_id

    @override
    def create(self, name: str, comment: str) -> UUID:
        return self._gpos.create(name=name, wished_id=self._new_id(), comment=comment)

    @override
    def delete(self, gpo_id: UUID) -> None:
        self._gpos.delete(gpo_id=gpo_id)


class GpoStore:
    """What the imitated cmdlets of a domain controller act on."""

    def __init__(
        self,
        open_directory: OpenDirectory,
        maker: GpoMaker,
        files: TemplateAccess | None = None,
    ) -> None:
        self._open = open_directory
        self._maker = maker
        self._files = files

    def read_access(self, gpo_id: UUID) -> bytes:
        """Give the security descriptor of a template's folder.

        Raises:
            ImitatedError: There is no such folder.
        """
        found = self._files.read_access(gpo_id) if self._files else None
        if found is None:
            raise ImitatedError(NO_FOLDER, braced(gpo_id))
        return found

    def write_access(self, gpo_id: UUID, descriptor: bytes) -> None:
        """Set the access control list of a template's folder and of what is in it.

        Raises:
            ImitatedError: There is no such folder.
        """
        if self._files is None:
            raise ImitatedError(NO_FOLDER, braced(gpo_id))
        self._files.write_access(gpo_id, descriptor)

    def create(self, name: str, comment: str = "") -> GpoRecord:
        """Make an empty GPO; the comment goes into its template.

        Raises:
            ImitatedError: The display name is taken.
        """
        with self._open() as directory:
            if self._named(directory, name):
                raise ImitatedError(GPO_NAME_TAKEN, name)
            gpo_id = self._maker.create(name, comment)
            return self._by_id(directory, gpo_id)

    def delete(self, gpo_id: UUID, *, keep_links: bool = False) -> None:
        """Delete a GPO, with everything below it, and its links unless they are to be kept.

        Raises:
            ImitatedError: There is no such GPO.
        """
        with self._open() as directory:
            gpo = self._by_id(directory, gpo_id)
            linked = _linked_to(directory, gpo_id)
            for half in ("Machine", "User"):
                # samba-tool expects these to be empty; Windows deletes the whole tree.
                _delete_below(directory, f"CN={half},{gpo.dn}")
            self._maker.delete(gpo_id)
            for entry in linked:
                before = entry.attributes.text("gPLink") or ""
                after = before if keep_links else str(parse_gp_link(before).remove(gpo_id))
                # samba-tool takes links away always, others never.
                directory.replace(entry.dn, _link_attribute(after))

    def by_id(self, gpo_id: UUID) -> GpoRecord:
        """Find a GPO by GUID.

        Raises:
            ImitatedError: There is no such GPO.
        """
        with self._open() as directory:
            return self._by_id(directory, gpo_id)

    def by_name(self, name: str) -> GpoRecord:
        """Find a GPO by display name.

        Raises:
            ImitatedError: There is no such GPO.
        """
        with self._open() as directory:
            found = self._named(directory, name)
        if not found:
            raise ImitatedError(GPO_NAME_NOT_FOUND, name)
        return found[0]

    def all(self) -> Sequence[GpoRecord]:
        """Give all GPOs by display name."""
        with self._open() as directory:
            return self._search(directory, "(objectClass=groupPolicyContainer)")

    def links(self, target: str) -> tuple[Sequence[LinkRecord], bool]:
        """Give the links of an OU or domain, order 1 first, and whether it blocks inheritance."""
        with self._open() as directory:
            links, blocked = _read_links(directory, target)
            names = {found.gpo_id: found.display_name for found in self.all()}
        return [
            LinkRecord(
                gpo_id=link.gpo_id,
                display_name=names.get(link.gpo_id, ""),
                enabled=not link.disabled,
                enforced=link.enforced,
                order=order,
                target=target,
            )
            for order, link in enumerate(reversed(links.links), start=1)
            if link.gpo_id is not None
        ], blocked

    def set_link(
        self,
        gpo_id: UUID,
        target: str,
        *,
        new: bool,
        enabled: bool | None,
        enforced: bool | None,
        order: int | None,
    ) -> LinkRecord:
        """Make a link (``new``) or change one; ``None`` leaves a switch as it is or at its default.

        Raises:
            ImitatedError: The GPO is not there; it is linked already, or is not linked.
        """
        with self._open() as directory:
            gpo = self._by_id(directory, gpo_id)
            links, _ = _read_links(directory, target)
            found = links.find(gpo_id)
            if new and found is not None:
                raise ImitatedError(LINK_EXISTS, target)
            if not new and found is None:
                raise ImitatedError(LINK_NOT_FOUND, target)
            if found is None:
                links = links.add(GpoLinkText(dn=gpo.dn), link_order=order)
            elif order is not None:
                links = links.move(gpo_id, link_order=order)
            before = links.find(gpo_id) or GpoLinkText(dn=gpo.dn)
            links = links.with_options(
                gpo_id,
                disabled=before.disabled if enabled is None else not enabled,
                enforced=before.enforced if enforced is None else enforced,
            )
            directory.replace(target, Attributes.of_text(gPLink=format_gp_link(links)))
        shown, _ = self.links(target)
        return next(link for link in shown if link.gpo_id == gpo_id)

    def _named(self, directory: Directory, name: str) -> Sequence[GpoRecord]:
        return self._search(
            directory,
            f"(&(objectClass=groupPolicyContainer)(displayName={escape_filter(name)}))",
        )

    def _by_id(self, directory: Directory, gpo_id: UUID) -> GpoRecord:
        found = self._search(
            directory,
            f"(&(objectClass=groupPolicyContainer)(cn={escape_filter(braced(gpo_id))}))",
        )
        if not found:
            raise ImitatedError(GPO_ID_NOT_FOUND, str(gpo_id))
        return found[0]

    def _search(self, directory: Directory, ldap_filter: str) -> Sequence[GpoRecord]:
        names = directory.names()
        base = f"CN=Policies,CN=System,{names.domain_dn}"
        records = [
            GpoRecord(
                gpo_id=UUID(entry.attributes.text("cn") or ""),
                display_name=entry.attributes.text("displayName") or "",
                domain=names.domain,
                dn=entry.dn,
                version=GpoVersion.from_number(int(entry.attributes.text("versionNumber") or "0")),
                status_flags=int(entry.attributes.text("flags") or "0"),
            )
            for entry in directory.search(base, Scope.CHILDREN, ldap_filter, _ATTRIBUTES)
        ]
        return sorted(records, key=lambda found: found.display_name.casefold())


def _linked_to(directory: Directory, gpo_id: UUID) -> Sequence[Entry]:
    wanted = f"(gPLink=*{braced(gpo_id)}*)"
    base = directory.names().domain_dn
    return list(directory.search(base, Scope.SUBTREE, wanted, ("gPLink",)))


def _delete_below(directory: Directory, dn: str) -> None:
    below = [
        entry.dn
        for entry in directory.search(dn, Scope.SUBTREE, "(objectClass=*)", ("objectClass",))
        if not same_dn(entry.dn, dn)
    ]
    # The deepest first: an object with children can't be deleted.
    for found in sorted(below, key=lambda each: len(split_dn(each)), reverse=True):
        directory.delete(found)


def _link_attribute(text: str) -> Attributes:
    return Attributes({"gPLink": (text.encode(),) if text else ()})


def _read_links(directory: Directory, target: str) -> tuple[GpLinks, bool]:
    entry = directory.read(target, ("objectClass", "gPLink", "gPOptions"))
    if entry is None:
        raise ImitatedError(LINK_NOT_FOUND, target)
    blocked = int(entry.attributes.text("gPOptions") or "0") & 1 != 0
    return parse_gp_link(entry.attributes.text("gPLink") or ""), blocked
