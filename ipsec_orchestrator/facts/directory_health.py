"""What the directory says of itself, of the OUs that matter, and of what we may do there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ipsec_orchestrator.errors import PlanError
from ipsec_orchestrator.facts.computers import ObservedComputers, read_computers
from ipsec_orchestrator.facts.gpo import ObservedGpo, read_gpo
from ipsec_orchestrator.facts.gpo_templates import TemplateState, read_templates
from ipsec_orchestrator.facts.rights import ObjectRights, read_rights
from ipsec_orchestrator.facts.rivals import read_rivals
from ipsec_orchestrator.model.directory import parent_dn, same_dn
from ipsec_orchestrator.ports import Directory, DomainNames, Sysvol


@dataclass(frozen=True, slots=True, kw_only=True)
class OuState:
    """The OU of the playbook, or one that hosts of the inventory are said to be in.

    Attributes:
        dn: Its DN as it is asked for.
        exists: Whether there is such an object.
        blocking: DNs from the OU downwards that block inheritance and hold one of our computers.
        computers: Accounts in it and below.
        rivals: Other GPOs with IPsec settings that reach it, by display name.
        rights: What we may do with it.
    """

    dn: str
    exists: bool
    blocking: tuple[str, ...] = ()
    computers: ObservedComputers = field(
        default_factory=lambda: ObservedComputers(computers=()), hash=False
    )
    rivals: tuple[str, ...] = ()
    rights: ObjectRights | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryHealth:
    """What one DC says.

    Attributes:
        names: The DC and its naming contexts.
        time: Its clock; ``None`` if it does not tell.
        role_owner: FQDN of the PDC emulator, as the directory knows it.
        computers: All computer accounts of the domain; none if they were not wanted.
        units: The OUs that matter; that of the playbook first.
        gpo: The playbook's GPO, if there is one of that name.
        gpo_problem: Why it can't be told.
        templates: GPOs whose links reach the OUs, with both versions.
        policies: What we may do with the container of GPOs.
        ip_security: What we may do with the container of IPsec policies; ``None``: there is none.
        gpo_rights: What we may do with the playbook's GPO; ``None``: there is none.
    """

    names: DomainNames
    time: datetime | None
    role_owner: str | None
    computers: ObservedComputers = field(hash=False)
    units: tuple[OuState, ...]
    gpo: ObservedGpo | None
    gpo_problem: str | None
    templates: tuple[TemplateState, ...]
    policies: ObjectRights | None
    ip_security: ObjectRights | None
    gpo_rights: ObjectRights | None


def read_directory_health(
    directory: Directory,
    sysvol: Sysvol | None,
    units: Iterable[str],
    gpo_name: str | None,
    *,
    with_accounts: bool = True,
) -> DirectoryHealth:
    """Read it all; writes nothing.

    Args:
        directory: The DC that a run would use.
        sysvol: Its templates; ``None`` leaves them out.
        units: DNs of the OUs that matter.
        gpo_name: Display name of the playbook's GPO.
        with_accounts: Whether to read computer accounts and what other GPOs do, which takes its
            time in a large domain.

    Raises:
        BackendError: The directory can't be read.
    """
    names = directory.names()
    gpo, gpo_problem = None, None
    if gpo_name is not None:
        try:
            gpo = read_gpo(directory, gpo_name)
        except PlanError as error:
            gpo_problem = str(error)
    found = tuple(_unit(directory, dn, gpo, with_accounts=with_accounts) for dn in units)
    system = f"CN=System,{names.domain_dn}"
    return DirectoryHealth(
        names=names,
        time=read_time(directory),
        role_owner=_role_owner(directory),
        computers=read_computers(directory, names.domain_dn)
        if with_accounts
        else ObservedComputers(computers=()),
        units=found,
        gpo=gpo,
        gpo_problem=gpo_problem,
        templates=()
        if sysvol is None
        else tuple(read_templates(directory, sysvol, [unit.dn for unit in found if unit.exists])),
        policies=read_rights(directory, f"CN=Policies,{system}"),
        ip_security=read_rights(directory, f"CN=IP Security,{system}"),
        gpo_rights=read_rights(directory, gpo.entry.dn) if gpo else None,
    )


def read_time(directory: Directory) -> datetime | None:
    """Give the DC's clock, in UTC."""
    root = directory.read("", ("currentTime",))
    text = root.attributes.text("currentTime") if root else None
    if not text:
        return None
    try:
        return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _role_owner(directory: Directory) -> str | None:
    domain = directory.read(directory.names().domain_dn, ("fSMORoleOwner",))
    settings = domain.attributes.text("fSMORoleOwner") if domain else None
    server = directory.read(parent_dn(settings), ("dNSHostName",)) if settings else None
    return server.attributes.text("dNSHostName") if server else None


def _unit(
    directory: Directory, dn: str, gpo: ObservedGpo | None, *, with_accounts: bool
) -> OuState:
    rights = read_rights(directory, dn)
    if rights is None:
        return OuState(dn=dn, exists=False)
    if not with_accounts:
        return OuState(dn=dn, exists=True, rights=rights)
    computers = read_computers(directory, dn)
    above = {parent_dn(found.dn) for found in computers.computers}
    rivals, _ = read_rivals(directory, dn)
    return OuState(
        dn=dn,
        exists=True,
        blocking=tuple(sorted(at for at in _levels(above, dn) if _blocks(directory, at))),
        computers=computers,
        rivals=tuple(
            found.entry.attributes.text("displayName") or found.entry.dn
            for found in rivals
            if gpo is None or found.gpo_id != gpo.gpo_id
        ),
        rights=rights,
    )


def _levels(places: Iterable[str], top: str) -> set[str]:
    """Give every container between those that hold computers and the OU, that one left out."""
    found: set[str] = set()
    for place in places:
        at = place
        while at and not same_dn(at, top):
            found.add(at)
            at = parent_dn(at)
    return found


def _blocks(directory: Directory, dn: str) -> bool:
    entry = directory.read(dn, ("gPOptions",))
    return bool(entry and int(entry.attributes.text("gPOptions") or "0") & 1)
