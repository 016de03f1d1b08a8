"""The ExpressRoute circuit: enabled, provisioned, peered, routed, and in use."""

from ipsec_orchestrator.checks.azure_outcomes import (
    AzureCheck,
    cure_of_provisioning,
    holds,
    is_word,
    listed,
    on_premises_prefixes,
    subnets,
)
from ipsec_orchestrator.model.azure import (
    AzureFacts,
    Circuit,
    LearnedRoute,
    Peering,
    RouteTables,
    Traffic,
    TrafficCounters,
    VirtualNetwork,
)
from ipsec_orchestrator.model.azure_settings import AzureSettings
from ipsec_orchestrator.model.finding import Finding
from ipsec_orchestrator.model.inventory import Inventory, Subnet

_KIND = "ExpressRoute circuit"
_KEY = "circuit"


def check_circuit(
    _inventory: Inventory, settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Check that Azure has enabled the circuit: ``circuitProvisioningState``."""
    check = AzureCheck.CIRCUIT
    circuit = facts.circuit
    if settings.circuit is None:
        return (check.not_named(_KEY),)
    if not isinstance(circuit, Circuit):
        return (check.unread(circuit, _KIND, _KEY),)
    name = circuit.resource.name
    seen = (
        f"The circuit {name} is {circuit.circuit_state or 'in no known state'}, "
        f"its provisioning {circuit.provisioning_state or 'in no known state'}."
    )
    if not is_word(circuit.circuit_state, "Enabled"):
        return (
            check.failed(
                seen,
                f"Azure has not enabled the circuit: see Overview of {name} in the portal; a "
                "circuit whose subscription was disabled is enabled again by support.",
            ),
        )
    if not is_word(circuit.provisioning_state, "Succeeded"):
        cure = cure_of_provisioning("circuit", name, circuit.provisioning_state)
        return (check.failed(seen, cure),)
    return (check.passed(seen),)


def check_provider(
    _inventory: Inventory, settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Check that the provider has done its part: ``serviceProviderProvisioningState``."""
    check = AzureCheck.PROVIDER
    circuit = facts.circuit
    if settings.circuit is None:
        return (check.not_named(_KEY),)
    if not isinstance(circuit, Circuit):
        return (check.unread(circuit, _KIND, _KEY),)
    provider = circuit.provider or "The provider"
    where = f" at {circuit.peering_location}" if circuit.peering_location else ""
    seen = (
        f"{provider}{where} has the circuit {circuit.resource.name} in the state "
        f"{circuit.provider_state or 'unknown'}."
    )
    if is_word(circuit.provider_state, "Provisioned"):
        return (check.passed(seen),)
    if is_word(circuit.provider_state, "Provisioning"):
        cure = f"{provider} is at it: wait, or ask there how far it is."
    else:
        cure = (
            f"Give the circuit's service key (portal: Overview of {circuit.resource.name}) to "
            f"{circuit.provider or 'the provider'} and have the circuit provisioned there."
        )
    return (check.failed(seen, cure),)


def check_private_peering(
    _inventory: Inventory, settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Check the peering of type AzurePrivatePeering; show ASNs, VLAN and both /30."""
    check = AzureCheck.PRIVATE_PEERING
    circuit = facts.circuit
    if settings.circuit is None:
        return (check.not_named(_KEY),)
    if not isinstance(circuit, Circuit):
        return (check.unread(circuit, _KIND, _KEY),)
    name = circuit.resource.name
    create = (
        "az network express-route peering create --peering-type AzurePrivatePeering "
        f"-g {circuit.resource.resource_group} --circuit-name {name}"
    )
    found = [peer for peer in circuit.peerings if is_word(peer.peering_type, "AzurePrivatePeering")]
    if not found:
        others = listed(peer.peering_type for peer in circuit.peerings) or "none"
        return (
            check.failed(
                f"The circuit {name} has no private peering (peerings: {others}).",
                f"Configure it (portal: Peerings of {name}; or {create}) together with the "
                "network team, who need the same ASNs, VLAN and /30 subnets.",
            ),
        )
    peering = found[0]
    seen = _peering_words(peering)
    if not is_word(peering.state, "Enabled"):
        cure = f"Enable it: portal, Peerings of {name}, Azure private."
        return (check.failed(seen, cure),)
    if not is_word(peering.provisioning_state, "Succeeded"):
        cure = cure_of_provisioning("private peering", name, peering.provisioning_state)
        return (check.failed(seen, cure),)
    return (check.passed(seen),)


def _peering_words(peering: Peering) -> str:
    return (
        f"Private peering is {peering.state}, its provisioning {peering.provisioning_state}: "
        f"Azure ASN {peering.azure_asn}, peer ASN {peering.peer_asn}, VLAN {peering.vlan_id}, "
        f"primary {peering.primary_prefix or 'without subnet'}, "
        f"secondary {peering.secondary_prefix or 'without subnet'}."
    )


def check_routes(
    inventory: Inventory, settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Check that both links have learned the on-premises prefixes and the VNet's."""
    check = AzureCheck.ROUTES
    tables = facts.routes
    if settings.circuit is None:
        return (check.not_named(_KEY),)
    if not isinstance(tables, RouteTables):
        return (check.unread(tables, "private peering of the circuit", _KEY),)
    on_premises = on_premises_prefixes(inventory)
    vnet = facts.virtual_network
    azure = subnets(vnet.address_prefixes) if isinstance(vnet, VirtualNetwork) else ()
    if not on_premises:
        return (
            check.unknown(
                "The inventory has no on-premises host with an address.",
                "Add addresses to the hosts with the role on-premises.",
            ),
        )
    lacking: list[str] = []
    cures: list[str] = []
    for link, table in (("primary", tables.primary), ("secondary", tables.secondary)):
        if missing := _missing(on_premises, table):
            lacking.append(f"the {link} link lacks {listed(missing)} (on-premises)")
            cures.append(
                f"announce {listed(missing)} on the {link} link: BGP of the on-premises router"
            )
        if missing := _missing(azure, table):
            lacking.append(f"the {link} link lacks {listed(missing)} (VNet)")
            cures.append("connect the VNet's gateway to the circuit (check azure.connection)")
    if lacking:
        return (
            check.failed(
                f"Routes are missing: {'; '.join(lacking)}.",
                f"To do: {'; '.join(dict.fromkeys(cures))}.",
            ),
        )
    if not azure:
        return (
            check.unknown(
                f"Both links have {listed(on_premises)}; the VNet's prefixes are not known.",
                "See the check azure.vms: the VNet must be named and readable.",
            ),
        )
    return (check.passed(f"Both links have {listed((*on_premises, *azure))}."),)


def _missing(wanted: tuple[Subnet, ...], table: tuple[LearnedRoute, ...]) -> list[Subnet]:
    have = subnets(row.network for row in table)
    return [prefix for prefix in wanted if not any(holds(found, prefix) for found in have)]


def check_traffic(
    _inventory: Inventory, settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Check that the counters rise in both directions between two reads."""
    check = AzureCheck.TRAFFIC
    traffic = facts.traffic
    if settings.circuit is None:
        return (check.not_named(_KEY),)
    if not isinstance(traffic, Traffic):
        return (check.unread(traffic, _KIND, _KEY),)
    into = _rise(traffic.before.primary_in, traffic.before.secondary_in, traffic.after, into=True)
    out = _rise(traffic.before.primary_out, traffic.before.secondary_out, traffic.after, into=False)
    if into is None or out is None:
        return (
            check.unknown(
                "Azure gave no counters of the circuit.",
                "See Metrics of the circuit in the portal: BitsInPerSecond, BitsOutPerSecond.",
            ),
        )
    seen = (
        f"In {traffic.seconds:.0f} seconds the circuit carried {into} bytes to Azure and "
        f"{out} bytes from Azure."
    )
    if into > 0 and out > 0:
        return (check.passed(seen),)
    if into <= 0 and out <= 0:
        cure = (
            "Nothing passes: send something (ping a VM from on-premises) and repeat; if the "
            "counters stay, see ARP records and route tables of the private peering."
        )
    else:
        side = "on-premises to Azure" if into <= 0 else "Azure to on-premises"
        cure = (
            f"Nothing passes from {side}: look there for the route to the other side, and for a "
            "firewall."
        )
    return (check.failed(seen, cure),)


def _rise(
    primary: int | None, secondary: int | None, after: TrafficCounters, *, into: bool
) -> int | None:
    later = (
        (after.primary_in, after.secondary_in) if into else (after.primary_out, after.secondary_out)
    )
    pairs = [
        (old, new)
        for old, new in zip((primary, secondary), later, strict=True)
        if old is not None and new is not None
    ]
    # A link that was reset begins at 0 again; that is no negative traffic.
    return sum(max(new - old, 0) for old, new in pairs) if pairs else None
