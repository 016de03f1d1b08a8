"""What is in force on a network interface: effective routes and effective security rules."""

from typing import Final

from ipsec_orchestrator.lab.azure.scene import AzureScene, RuleScene
from ipsec_orchestrator.model.json import Json

_ANY: Final = "0.0.0.0/0"
_AZURE_HOST: Final = "168.63.129.16/32"
_PRIVATE_BLOCKS: Final = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
_VNET_RULE: Final = "VirtualNetwork"

_DEFAULT_RULES: Final = tuple(
    RuleScene(
        name=name,
        priority=priority,
        direction=direction,
        access=access,
        source=source,
        destination=destination,
    )
    for name, priority, direction, access, source, destination in (
        ("AllowVnetInBound", 65000, "Inbound", "Allow", _VNET_RULE, _VNET_RULE),
        ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
        ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
        ("AllowVnetOutBound", 65000, "Outbound", "Allow", _VNET_RULE, _VNET_RULE),
        ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
        ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
    )
)


def effective_routes(scene: AzureScene) -> dict[str, Json]:
    """``effectiveRouteTable``: a user route makes others of the same prefix invalid."""
    written = {route.prefix for route in scene.user_routes}
    rows: list[Json] = [
        _route("Default", prefix, "VnetLocal", written) for prefix in scene.address_prefixes
    ]
    rows += [
        _route("VirtualNetworkGateway", prefix, "VirtualNetworkGateway", written, "10.0.1.196")
        for prefix in scene.gateway_routes
    ]
    rows.append(_route("Default", _ANY, "Internet", written))
    rows += [_route("Default", prefix, "None", written) for prefix in _PRIVATE_BLOCKS]
    rows += [
        {
            "name": route.name,
            "source": "User",
            "state": "Active",
            "disableBgpRoutePropagation": False,
            "addressPrefix": [route.prefix],
            "nextHopType": route.next_hop_type,
            "nextHopIpAddress": [route.next_hop] if route.next_hop else [],
        }
        for route in scene.user_routes
    ]
    return {"value": rows}


def _route(
    source: str, prefix: str, next_hop_type: str, written: set[str], next_hop: str | None = None
) -> dict[str, Json]:
    return {
        "source": source,
        "state": "Invalid" if prefix in written else "Active",
        "disableBgpRoutePropagation": False,
        "addressPrefix": [prefix],
        "nextHopType": next_hop_type,
        "nextHopIpAddress": [next_hop] if next_hop else [],
    }


def effective_security_groups(scene: AzureScene) -> dict[str, Json]:
    """``effectiveNetworkSecurityGroups``: that of the subnet, if there is one."""
    if not scene.has_security_group:
        return {"value": []}
    subnet = scene.network_id("virtualNetworks", f"{scene.virtual_network}/subnets/default")
    rules: list[Json] = [_rule(scene, rule, f"securityRules/{rule.name}") for rule in scene.rules]
    rules += [_rule(scene, rule, f"defaultSecurityRules/{rule.name}") for rule in _DEFAULT_RULES]
    return {
        "value": [
            {
                "networkSecurityGroup": {
                    "id": scene.network_id("networkSecurityGroups", scene.security_group),
                },
                "association": {"subnet": {"id": subnet}},
                "effectiveSecurityRules": rules,
            },
        ],
    }


def _rule(scene: AzureScene, rule: RuleScene, name: str) -> dict[str, Json]:
    found: dict[str, Json] = {
        "name": name,
        "protocol": rule.protocol,
        "sourcePortRange": "0-65535",
        "destinationPortRange": rule.ports,
        "sourcePortRanges": ["0-65535"],
        "destinationPortRanges": [rule.ports],
        "sourceAddressPrefix": rule.source,
        "destinationAddressPrefix": rule.destination,
        "sourceAddressPrefixes": [rule.source],
        "destinationAddressPrefixes": [rule.destination],
        "access": rule.access,
        "priority": rule.priority,
        "direction": rule.direction,
    }
    if scene.default_rules_expanded:
        for end, tag in (("Source", rule.source), ("Destination", rule.destination)):
            if tag == _VNET_RULE:
                prefixes = (*scene.address_prefixes, *scene.gateway_routes, _AZURE_HOST)
                found[f"expanded{end}AddressPrefix"] = list(prefixes)
    return found
