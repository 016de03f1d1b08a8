"""The scene -> the answers of Resource Manager, in the shapes of its public examples."""

from collections.abc import Sequence
from typing import Final

from ipsec_orchestrator.lab.azure.scene import AzureScene, VmScene
from ipsec_orchestrator.model.json import Json

_ETAG: Final = 'W/"00000000-0000-0000-0000-000000000000"'
# Autonomous system number of Azure's side of every ExpressRoute peering.
_AZURE_ASN: Final = 12076
_PEER_ASN: Final = 65010


def circuit(scene: AzureScene) -> dict[str, Json]:
    """``expressRouteCircuits/{n}``."""
    properties: dict[str, Json] = {
        "provisioningState": scene.circuit_provisioning,
        "circuitProvisioningState": scene.circuit_state,
        "serviceProviderProvisioningState": scene.provider_state,
        "allowClassicOperations": False,
        "globalReachEnabled": False,
        "authorizations": [],
        "serviceKey": "00000000-0000-0000-0000-000000000000",
        "serviceProviderProperties": {
            "serviceProviderName": scene.provider,
            "peeringLocation": "Amsterdam",
            "bandwidthInMbps": 200,
        },
        "peerings": [_peering(scene)] if scene.has_private_peering else [],
    }
    found = _resource(scene, "expressRouteCircuits", scene.circuit, properties)
    found["sku"] = {"name": "Standard_MeteredData", "tier": "Standard", "family": "MeteredData"}
    return found


def _peering(scene: AzureScene) -> dict[str, Json]:
    return {
        "name": "AzurePrivatePeering",
        "id": scene.network_id(
            "expressRouteCircuits", f"{scene.circuit}/peerings/AzurePrivatePeering"
        ),
        "etag": _ETAG,
        "type": "Microsoft.Network/expressRouteCircuits/peerings",
        "properties": {
            "provisioningState": scene.peering_provisioning,
            "peeringType": "AzurePrivatePeering",
            "state": scene.peering_state,
            "azureASN": _AZURE_ASN,
            "peerASN": _PEER_ASN,
            "primaryPeerAddressPrefix": "192.168.15.16/30",
            "secondaryPeerAddressPrefix": "192.168.15.20/30",
            "primaryAzurePort": "AMS-06GMR-CIS-1-PRI-A",
            "secondaryAzurePort": "AMS-06GMR-CIS-2-SEC-A",
            "vlanId": 200,
            "gatewayManagerEtag": "",
            "lastModifiedBy": "Customer",
            "connections": [],
            "peeredConnections": [],
        },
    }


def route_table(scene: AzureScene, networks: Sequence[str]) -> dict[str, Json]:
    """``peerings/{p}/routeTables/{link}``: own prefixes come from the gateway, others by BGP."""
    return {
        "value": [
            {
                "network": network,
                "nextHop": "10.0.1.196" if network in scene.address_prefixes else "192.168.15.17",
                "locPrf": "100" if network in scene.address_prefixes else "",
                "weight": 0,
                "path": "65515" if network in scene.address_prefixes else str(_PEER_ASN),
            }
            for network in networks
        ],
    }


def counters(scene: AzureScene, reads: int) -> dict[str, Json]:
    """``stats`` of the circuit at its so manieth read; the primary link carries most of it."""
    if not scene.has_counters:
        return {}
    into = scene.bytes_in_a_read * reads
    out = scene.bytes_out_a_read * reads
    return {
        "primarybytesIn": 1_000_000 + into - into // 8,
        "primarybytesOut": 900_000 + out - out // 8,
        "secondarybytesIn": 10_000 + into // 8,
        "secondarybytesOut": 9_000 + out // 8,
    }


def gateway(scene: AzureScene) -> dict[str, Json]:
    """``virtualNetworkGateways/{n}``."""
    return _resource(
        scene,
        "virtualNetworkGateways",
        scene.gateway,
        {
            "provisioningState": scene.gateway_provisioning,
            "gatewayType": scene.gateway_type,
            "vpnType": "PolicyBased" if scene.gateway_type == "ExpressRoute" else "RouteBased",
            "enableBgp": False,
            "activeActive": False,
            "sku": {"name": scene.gateway_sku, "tier": scene.gateway_sku, "capacity": 2},
            "ipConfigurations": [
                {
                    "name": "default",
                    "id": scene.network_id(
                        "virtualNetworkGateways", f"{scene.gateway}/ipConfigurations/default"
                    ),
                    "etag": _ETAG,
                    "properties": {
                        "provisioningState": "Succeeded",
                        "privateIPAllocationMethod": "Dynamic",
                        "subnet": {
                            "id": scene.network_id(
                                "virtualNetworks", f"{scene.virtual_network}/subnets/GatewaySubnet"
                            ),
                        },
                    },
                },
            ],
        },
    )


def connection(scene: AzureScene) -> dict[str, Json]:
    """``connections/{n}``."""
    peer = scene.connected_circuit or scene.circuit
    return _resource(
        scene,
        "connections",
        scene.connection,
        {
            "provisioningState": scene.connection_provisioning,
            "connectionType": scene.connection_type,
            "connectionStatus": scene.connection_status,
            "virtualNetworkGateway1": {
                "id": scene.network_id("virtualNetworkGateways", scene.gateway),
                "properties": {},
            },
            "peer": {"id": scene.network_id("expressRouteCircuits", peer)},
            "routingWeight": 0,
            "enableBgp": False,
            "expressRouteGatewayBypass": scene.fast_path,
            "ingressBytesTransferred": 0,
            "egressBytesTransferred": 0,
        },
    )


def virtual_network(scene: AzureScene) -> dict[str, Json]:
    """``virtualNetworks/{n}``."""
    return _resource(
        scene,
        "virtualNetworks",
        scene.virtual_network,
        {
            "provisioningState": "Succeeded",
            "addressSpace": {"addressPrefixes": list(scene.address_prefixes)},
            "dhcpOptions": {"dnsServers": list(scene.dns_servers)},
            "subnets": [
                {
                    "name": "default",
                    "id": scene.network_id(
                        "virtualNetworks", f"{scene.virtual_network}/subnets/default"
                    ),
                    "properties": {
                        "provisioningState": "Succeeded",
                        "addressPrefix": scene.address_prefixes[0],
                    },
                },
            ],
            "virtualNetworkPeerings": [],
        },
    )


def virtual_machine(scene: AzureScene, vm: VmScene) -> dict[str, Json]:
    """``virtualMachines/{n}?$expand=instanceView``."""
    return {
        "name": vm.name,
        "id": f"{scene.group_id}/providers/Microsoft.Compute/virtualMachines/{vm.name}",
        "type": "Microsoft.Compute/virtualMachines",
        "location": scene.location,
        "properties": {
            "vmId": "00000000-0000-0000-0000-000000000000",
            "provisioningState": "Succeeded",
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "storageProfile": {
                "osDisk": {
                    "osType": vm.os_type,
                    "name": f"{vm.name}-os",
                    "createOption": "FromImage",
                    "caching": "ReadWrite",
                },
                "dataDisks": [],
            },
            "networkProfile": {
                "networkInterfaces": [
                    {"id": scene.network_id("networkInterfaces", vm.interface)},
                ],
            },
            "instanceView": {
                "statuses": [
                    {
                        "code": "ProvisioningState/succeeded",
                        "level": "Info",
                        "displayStatus": "Provisioning succeeded",
                    },
                    {
                        "code": f"PowerState/{vm.power_state}",
                        "level": "Info",
                        "displayStatus": f"VM {vm.power_state}",
                    },
                ],
            },
        },
    }


def network_interface(scene: AzureScene, vm: VmScene) -> dict[str, Json]:
    """``networkInterfaces/{n}``."""
    vnet = vm.virtual_network or scene.virtual_network
    return _resource(
        scene,
        "networkInterfaces",
        vm.interface,
        {
            "provisioningState": "Succeeded",
            "ipConfigurations": [
                {
                    "name": "ipconfig1",
                    "id": scene.network_id(
                        "networkInterfaces", f"{vm.interface}/ipConfigurations/ipconfig1"
                    ),
                    "properties": {
                        "provisioningState": "Succeeded",
                        "privateIPAddress": vm.address,
                        "privateIPAllocationMethod": "Static",
                        "privateIPAddressVersion": "IPv4",
                        "primary": True,
                        "subnet": {
                            "id": scene.network_id("virtualNetworks", f"{vnet}/subnets/default"),
                        },
                    },
                },
            ],
            "dnsSettings": {"dnsServers": list(vm.dns_servers), "appliedDnsServers": []},
            "primary": True,
            "enableIPForwarding": False,
            "virtualMachine": {
                "id": f"{scene.group_id}/providers/Microsoft.Compute/virtualMachines/{vm.name}",
            },
        },
    )


def _resource(
    scene: AzureScene, kind: str, name: str, properties: dict[str, Json]
) -> dict[str, Json]:
    return {
        "name": name,
        "id": scene.network_id(kind, name),
        "etag": _ETAG,
        "type": f"Microsoft.Network/{kind}",
        "location": scene.location,
        "properties": properties,
    }
