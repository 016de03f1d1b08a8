"""Which GPOs apply to a computer, and in which order ([MS-GPOL] 3.2.5.1.3 to 3.2.5.1.7).

Pure over the ``Directory`` port: everything is read with the computer's own account, so what that
account can't read does not apply.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ipsec_orchestrator.codec.extension_names import IPSEC_PAIR, parse_extension_names
from ipsec_orchestrator.codec.gp_link import GpoLinkText, parse_gp_link
from ipsec_orchestrator.codec.gpo_access import may_apply
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.codec.gpt_ini import version as template_version
from ipsec_orchestrator.codec.security_descriptor import decode_descriptor
from ipsec_orchestrator.errors import CodecError, DirectoryError
from ipsec_orchestrator.lab.windows.computer_account import ComputerAccount
from ipsec_orchestrator.model.directory import dn_key, is_below, parent_dn
from ipsec_orchestrator.ports import Directory

# gPOptions bit 0: links from above are blocked [MS-GPOL] 2.2.3.
_BLOCK_INHERITANCE = 1
# flags of a GPO, bit 1: its computer half is disabled [MS-GPOL] 2.2.4.
_COMPUTER_HALF_DISABLED = 2
_GPO_ATTRIBUTES = (
    "objectClass",
    "cn",
    "displayName",
    "flags",
    "versionNumber",
    "gPCMachineExtensionNames",
    "gPCWQLFilter",
    "nTSecurityDescriptor",
)

TemplateReader = Callable[[UUID], bytes | None]
"""Gives the ``gpt.ini`` of a GPO, ``None`` if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedGpo:
    """A GPO that applies.

    Attributes:
        dn: Its container.
        gpo_id: Its GUID.
        name: Its display name.
        som_dn: The site, domain or OU that it is linked to.
        container_version: Version of the computer half in the directory.
        template_version: Version of the computer half in ``gpt.ini``.
        has_ipsec: Whether it carries the IPsec extension.
        wmi_filter: Its WMI filter, which the lab does not evaluate; it counts as true.
    """

    dn: str
    gpo_id: UUID
    name: str
    som_dn: str
    container_version: int
    template_version: int
    has_ipsec: bool
    wmi_filter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedGpo:
    """A linked GPO that does not apply, and why."""

    dn: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GpoList:
    """The outcome. ``applied`` is in the order of processing: the last one wins."""

    applied: tuple[AppliedGpo, ...]
    denied: tuple[DeniedGpo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _LinkInScope:
    som_dn: str
    link: GpoLinkText


def gpo_list(
    directory: Directory,
    computer: ComputerAccount,
    read_template: TemplateReader,
) -> GpoList:
    """Work out which GPOs apply.

    Raises:
        DirectoryError: The file half of a GPO that applies can't be read (event 1058 on Windows:
            the whole run ends), or a link is malformed.
    """
    applied: list[AppliedGpo] = []
    denied: list[DeniedGpo] = []
    for found in _links_in_order(directory, computer):
        gpo = _judge(directory, computer, found, read_template)
        match gpo:
            case AppliedGpo():
                applied.append(gpo)
            case DeniedGpo():
                denied.append(gpo)
    return GpoList(applied=tuple(applied), denied=tuple(denied))


def _links_in_order(directory: Directory, computer: ComputerAccount) -> Sequence[_LinkInScope]:
    """List site, domain and OU links in processing order: enforced ones last, the highest at the end."""
    normal: list[_LinkInScope] = []
    enforced_by_som: list[list[_LinkInScope]] = []
    for som_dn in _scopes(directory, computer):
        entry = directory.read(som_dn, ("objectClass", "gPLink", "gPOptions"))
        if entry is None:
            continue
        if int(entry.attributes.text("gPOptions") or "0") & _BLOCK_INHERITANCE:
            normal.clear()
        links = [
            _LinkInScope(som_dn=entry.dn, link=link)
            for link in _parsed_links(entry.dn, entry.attributes.text("gPLink") or "")
            if not link.disabled
        ]
        normal.extend(found for found in links if not found.link.enforced)
        enforced_by_som.append([found for found in links if found.link.enforced])
    enforced = [found for links in reversed(enforced_by_som) for found in links]
    return [*normal, *enforced]


def _parsed_links(som_dn: str, text: str) -> Sequence[GpoLinkText]:
    try:
        return parse_gp_link(text).links
    except CodecError as error:
        raise DirectoryError(dn=som_dn, code=21, reason=str(error)) from error


def _scopes(directory: Directory, computer: ComputerAccount) -> Sequence[str]:
    """Give site, domain, and OUs from the outermost to the computer's own."""
    domain = directory.names().domain_dn
    containers: list[str] = []
    dn = parent_dn(computer.dn)
    while is_below(dn, domain) and dn_key(dn) != dn_key(domain):
        # Plain containers can't have links; only OUs count.
        if dn.casefold().startswith("ou="):
            containers.append(dn)
        dn = parent_dn(dn)
    site = [] if computer.site_dn is None else [computer.site_dn]
    return [*site, domain, *reversed(containers)]


def _judge(
    directory: Directory,
    computer: ComputerAccount,
    found: _LinkInScope,
    read_template: TemplateReader,
) -> AppliedGpo | DeniedGpo:
    dn = found.link.dn
    entry = directory.read(dn, _GPO_ATTRIBUTES)
    descriptor = () if entry is None else entry.attributes.values_of("nTSecurityDescriptor")
    if entry is None or not descriptor or found.link.gpo_id is None:
        # Since MS16-072 the computer itself has to be able to read a GPO.
        return DeniedGpo(dn=dn, reason="the computer can't read it, or it does not exist")
    attributes = entry.attributes
    if int(attributes.text("flags") or "0") & _COMPUTER_HALF_DISABLED:
        return DeniedGpo(dn=dn, reason="its computer half is disabled")
    if not may_apply(decode_descriptor(descriptor[0]), computer.sids):
        return DeniedGpo(dn=dn, reason="security filtering leaves the computer out")
    container = GpoVersion.from_number(int(attributes.text("versionNumber") or "0")).machine
    template = _template_machine_version(dn, read_template(found.link.gpo_id))
    if container == 0 and template == 0:
        return DeniedGpo(dn=dn, reason="its computer half is empty (version 0)")
    return AppliedGpo(
        dn=entry.dn,
        gpo_id=found.link.gpo_id,
        name=attributes.text("displayName") or "",
        som_dn=found.som_dn,
        container_version=container,
        template_version=template,
        has_ipsec=_carries_ipsec(attributes.text("gPCMachineExtensionNames") or ""),
        wmi_filter=attributes.text("gPCWQLFilter"),
    )


def _template_machine_version(dn: str, content: bytes | None) -> int:
    if content is None:
        raise DirectoryError(dn=dn, code=32, reason="its gpt.ini can't be read from SYSVOL")
    try:
        return template_version(content).machine
    except CodecError as error:
        raise DirectoryError(dn=dn, code=21, reason=str(error)) from error


def _carries_ipsec(extension_names: str) -> bool:
    """Tell whether the IPsec pair is there; members stop at the first extension out of order."""
    try:
        names = parse_extension_names(extension_names)
    except CodecError:
        return False  # Windows reads no extension from a text that it does not understand
    read: list[str] = []
    for bracket in names.brackets:
        if read and bracket.extension.upper() < read[-1]:
            return False
        read.append(bracket.extension.upper())
        if bracket.extension_id == IPSEC_PAIR.extension:
            return bracket.has_tool(IPSEC_PAIR.tool)
    return False
