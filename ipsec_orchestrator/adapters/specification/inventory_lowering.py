"""Inventory files -> one :class:`Inventory`: merged, defaults laid under, references resolved."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from pydantic import JsonValue

from ipsec_orchestrator.adapters.specification.administration_lowering import (
    lower_administration,
)
from ipsec_orchestrator.adapters.specification.approval_lowering import lower_approval
from ipsec_orchestrator.adapters.specification.azure_lowering import lower_azure, lower_vm
from ipsec_orchestrator.adapters.specification.directory_names import full_dn
from ipsec_orchestrator.adapters.specification.document import Place
from ipsec_orchestrator.adapters.specification.domain_lowering import lower_domain
from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.inventory_schema import (
    HostSection,
    InventoryFile,
    SharedSettings,
    WinrmSection,
)
from ipsec_orchestrator.adapters.specification.local_paths import resolve_path
from ipsec_orchestrator.adapters.specification.networks import lower_networks
from ipsec_orchestrator.model.azure_settings import AzureSettings
from ipsec_orchestrator.model.directory import domain_dn
from ipsec_orchestrator.model.inventory import (
    AuthMethod,
    Domain,
    Host,
    HostRole,
    Inventory,
    WinrmSettings,
)
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.suggestion import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySource:
    """One examined inventory file and the folder that its relative paths count from."""

    folder: Path
    examined: Examined[InventoryFile]
    content: InventoryFile


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """Settings that one section gives to hosts, and where it stands."""

    source: InventorySource
    place: Place
    settings: SharedSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class _WrittenHost:
    """A host as its file has it."""

    name: str
    layer: _Layer
    section: HostSection


def lower_inventory(sources: Sequence[InventorySource]) -> Inventory | None:
    """Make the inventory; problems are added to the sources.

    Returns:
        The inventory; ``None`` if no file names the domain.
    """
    written = _written_hosts(sources)
    domain_name = next(
        (
            source.content.domain.name
            for source in sources
            if source.content.domain and source.examined.is_sound(("domain", "name"))
        ),
        None,
    )
    shared = _SharedLayers(sources)
    azure = lower_azure([(source.examined, source.folder) for source in sources])
    approval = lower_approval([(source.examined, source.folder) for source in sources])
    hosts = [_lower_host(host, shared, domain_name, azure) for host in written]
    _check_fqdns(written, hosts)
    networks = lower_networks([(source.examined, source.content) for source in sources])
    administration = lower_administration([source.examined for source in sources], hosts, networks)
    domain: Domain | None = None
    for source in sources:
        section = source.content.domain
        if section is None:
            continue
        if domain is not None:
            first = next(found for found in sources if found.content.domain)
            message = f"the domain is already described at {first.examined.where(('domain',))}."
            source.examined.add(("domain",), message, at_key=True)
            continue
        unread = [name for found in sources for name in found.examined.raw_keys("hosts")]
        domain = lower_domain(source.examined, section, source.folder, hosts, unread)
    if domain is None:
        return None
    return Inventory(
        domain=domain,
        networks=networks,
        hosts=tuple(hosts),
        files=tuple(source.examined.document.file for source in sources),
        azure=azure,
        administration=administration,
        approval=approval,
    )


def _written_hosts(sources: Sequence[InventorySource]) -> list[_WrittenHost]:
    found: dict[str, _WrittenHost] = {}
    for source in sources:
        for name, section in source.content.hosts.items():
            place = ("hosts", name)
            first = found.get(name.casefold())
            if first is not None:
                where = first.layer.source.examined.where(first.layer.place)
                message = f"the host '{name}' is already defined at {where}."
                source.examined.add(place, message, at_key=True)
                continue
            layer = _Layer(source=source, place=place, settings=section)
            found[name.casefold()] = _WrittenHost(name=name, layer=layer, section=section)
    return list(found.values())


class _SharedLayers:
    """The sections that give settings to many hosts: defaults, roles, groups."""

    def __init__(self, sources: Sequence[InventorySource]) -> None:
        self._defaults: list[_Layer] = []
        self._roles: dict[HostRole, _Layer] = {}
        self._groups: dict[str, _Layer] = {}
        self._spelling: dict[str, str] = {}
        self._listed: dict[str, set[str]] = {}
        names = [name for source in sources for name in source.examined.raw_keys("hosts")]
        self._declared = [name for source in sources for name in source.examined.raw_keys("groups")]
        for source in sources:
            self._add_defaults(source)
            self._add_roles(source)
            self._add_groups(source, names)

    def groups_of(self, host: _WrittenHost) -> dict[str, str]:
        """Give the groups of a host, its own first: folded name -> name."""
        groups: dict[str, str] = {}
        for index, name in enumerate(host.section.groups):
            key = name.casefold()
            if self._declared and key not in map(str.casefold, self._declared):
                message = (
                    f"there is no group '{name}' under 'groups'; declared are "
                    f"{', '.join(self._declared)}.{did_you_mean(name, self._declared)}"
                )
                host.layer.source.examined.add((*host.layer.place, "groups", index), message)
            groups[key] = self._spelling.get(key, name)
        for key, members in self._listed.items():
            if host.name.casefold() in members:
                groups[key] = self._spelling[key]
        return groups

    def layers_of(self, host: _WrittenHost, groups: dict[str, str]) -> list[_Layer]:
        """Give the settings of a host, weakest first."""
        role = self._roles.get(host.section.role)
        shared = [self._groups[key] for key in groups if key in self._groups]
        # A host names its most important group first, so that one is laid on last.
        return [*self._defaults, *([role] if role else []), *reversed(shared), host.layer]

    def _add_defaults(self, source: InventorySource) -> None:
        settings = source.content.defaults
        if settings is None:
            return
        place = ("defaults",)
        if self._defaults:
            first = self._defaults[0]
            where = first.source.examined.where(first.place)
            source.examined.add(place, f"the defaults are already at {where}.", at_key=True)
            return
        self._defaults.append(_Layer(source=source, place=place, settings=settings))

    def _add_roles(self, source: InventorySource) -> None:
        for role, settings in source.content.roles.items():
            place = ("roles", role.value)
            first = self._roles.get(role)
            if first is not None:
                where = first.source.examined.where(first.place)
                message = f"the role '{role}' is already described at {where}."
                source.examined.add(place, message, at_key=True)
                continue
            self._roles[role] = _Layer(source=source, place=place, settings=settings)

    def _add_groups(self, source: InventorySource, hosts: Sequence[str]) -> None:
        for name, section in source.content.groups.items():
            key = name.casefold()
            place = ("groups", name)
            first = self._groups.get(key)
            if first is not None:
                where = first.source.examined.where(first.place)
                message = f"the group '{name}' is already defined at {where}."
                source.examined.add(place, message, at_key=True)
                continue
            self._groups[key] = _Layer(source=source, place=place, settings=section)
            self._spelling[key] = name
            self._listed[key] = {member.casefold() for member in section.hosts}
            for index, member in enumerate(section.hosts):
                if member.casefold() not in map(str.casefold, hosts):
                    message = f"there is no host '{member}'.{did_you_mean(member, hosts)}"
                    source.examined.add((*place, "hosts", index), message)


def _lower_host(
    host: _WrittenHost,
    shared: _SharedLayers,
    domain_name: str | None,
    azure: AzureSettings | None,
) -> Host:
    groups = shared.groups_of(host)
    layers = shared.layers_of(host, groups)
    fqdn = host.section.fqdn
    if fqdn is None:
        fqdn = f"{host.name}.{domain_name}" if domain_name and "." not in host.name else host.name
    lowered = Host(
        name=host.name,
        role=host.section.role,
        fqdn=fqdn,
        addresses=tuple(dict.fromkeys(ip_address(text) for text in host.section.addresses)),
        ou=_ou(host, layers, domain_name),
        winrm=_winrm(layers),
        variables=_variables(layers),
        groups=frozenset(groups.values()),
    )
    if host.section.azure is None:
        return lowered
    place = (*host.layer.place, "azure")
    return lower_vm(host.layer.source.examined, place, host.section.azure, lowered, azure)


def _ou(host: _WrittenHost, layers: Sequence[_Layer], domain_name: str | None) -> str | None:
    for layer in reversed(layers):
        if layer.settings.ou is None:
            continue
        if host.section.role is HostRole.DOMAIN_CONTROLLER and layer.place == ("defaults",):
            # Domain controllers have an OU of their own; a default for all others is not theirs.
            continue
        if domain_name is None:
            return None
        try:
            return full_dn(layer.settings.ou, domain_name)
        except ValueError as error:
            layer.source.examined.add((*layer.place, "ou"), str(error))
            return None
    if host.section.role is HostRole.DOMAIN_CONTROLLER and domain_name is not None:
        return f"OU=Domain Controllers,{domain_dn(domain_name)}"
    return None


def _winrm(layers: Sequence[_Layer]) -> WinrmSettings:
    """Lay the keys that are written one over the other."""
    written: dict[str, JsonValue] = {}
    for layer in layers:
        section = layer.settings.winrm
        written |= section.model_dump(mode="json", include=section.model_fields_set)
        if section.ca_file is not None:
            place = (*layer.place, "winrm", "ca_file")
            source = layer.source
            written["ca_file"] = resolve_path(
                source.examined, place, section.ca_file, source.folder
            )
    merged = WinrmSection.model_validate(written)
    return WinrmSettings(
        transport=merged.transport,
        auth=AuthMethod(merged.auth),
        scheme=merged.scheme,
        port=merged.port,
        ca_file=merged.ca_file,
        address=merged.address,
        connect_timeout_seconds=merged.connect_timeout,
        deadline_seconds=merged.deadline,
    )


def _variables(layers: Sequence[_Layer]) -> dict[str, Json]:
    merged: dict[str, Json] = {}
    for layer in layers:
        merged |= layer.settings.variables
    return merged


def _check_fqdns(written: Sequence[_WrittenHost], hosts: Sequence[Host]) -> None:
    """Refuse two hosts that are one computer: it would be refreshed twice at once."""
    seen: dict[str, _WrittenHost] = {}
    for host, lowered in zip(written, hosts, strict=True):
        first = seen.setdefault(lowered.fqdn.casefold(), host)
        if first is not host:
            place = (*host.layer.place, "fqdn")
            where = first.layer.source.examined.where(first.layer.place)
            at = place if host.section.fqdn is not None else host.layer.place
            message = f"the host at {where} has the FQDN {lowered.fqdn} too."
            host.layer.source.examined.add(at, message)
