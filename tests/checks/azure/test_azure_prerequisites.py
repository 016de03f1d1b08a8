"""All prerequisites of the how-to's Azure side: well, and broken one at a time.

The whole way is real: SDK clients over HTTPS against the imitation of Resource Manager.
"""

from dataclasses import dataclass, field, replace

import pytest

from ipsec_orchestrator.lab.azure import (
    ArmFaults,
    AzureScene,
    RuleScene,
    UserRouteScene,
    VmScene,
)
from ipsec_orchestrator.model.finding import CheckOutcome
from tests.azure_world import AzureWorld, not_passed

WELL = AzureScene()
VM1, VM2 = WELL.vms
FAILED = CheckOutcome.FAILED
UNKNOWN = CheckOutcome.UNKNOWN
CHECK_IDS = [
    "azure.circuit",
    "azure.provider",
    "azure.private-peering",
    "azure.routes",
    "azure.traffic",
    "azure.gateway",
    "azure.connection",
    "azure.vms",
    "azure.effective-routes",
    "azure.security-groups",
    "azure.dns",
]


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A scene with one thing wrong, and what must be said about it.

    Attributes:
        name: What is broken.
        scene: The scene.
        check: The check that must fail, and its host.
        seen: Words of what it saw.
        cure: Words of its cure.
        outcome: How it must end.
        besides: What else can't pass then.
    """

    name: str
    scene: AzureScene
    check: str
    seen: str
    cure: str
    host: str | None = None
    outcome: CheckOutcome = FAILED
    besides: dict[tuple[str, str | None], CheckOutcome] = field(default_factory=dict)


def vm1(**changes: str | tuple[str, ...]) -> AzureScene:
    """Give the scene with another vm1."""
    return replace(WELL, vms=(replace(VM1, **changes), VM2))  # type: ignore[arg-type] # any of its fields


def both_vms(check: str, outcome: CheckOutcome) -> dict[tuple[str, str | None], CheckOutcome]:
    """Expect the same of vm2: what is wrong is wrong for its subnet too."""
    return {(check, "vm2"): outcome}


CASES = [
    Broken(
        name="circuit disabled",
        scene=replace(WELL, circuit_state="Disabled"),
        check="azure.circuit",
        seen="er-ipsectest is Disabled",
        cure="see Overview of er-ipsectest in the portal",
    ),
    Broken(
        name="circuit being changed",
        scene=replace(WELL, circuit_provisioning="Updating"),
        check="azure.circuit",
        seen="its provisioning Updating",
        cure="wait until it is done",
    ),
    Broken(
        name="provider has not begun",
        scene=replace(WELL, provider_state="NotProvisioned"),
        check="azure.provider",
        seen="Contoso Carrier at Amsterdam has the circuit er-ipsectest in the state NotProvisioned",
        cure="Give the circuit's service key (portal: Overview of er-ipsectest) to Contoso Carrier",
    ),
    Broken(
        name="provider is at it",
        scene=replace(WELL, provider_state="Provisioning"),
        check="azure.provider",
        seen="in the state Provisioning",
        cure="Contoso Carrier is at it: wait",
    ),
    Broken(
        name="no private peering",
        scene=replace(WELL, has_private_peering=False),
        check="azure.private-peering",
        seen="has no private peering (peerings: none)",
        cure="az network express-route peering create --peering-type AzurePrivatePeering",
        besides={("azure.routes", None): FAILED},
    ),
    Broken(
        name="private peering disabled",
        scene=replace(WELL, peering_state="Disabled"),
        check="azure.private-peering",
        seen="Private peering is Disabled",
        cure="Enable it: portal, Peerings of er-ipsectest",
    ),
    Broken(
        name="private peering failed",
        scene=replace(WELL, peering_provisioning="Failed"),
        check="azure.private-peering",
        seen="its provisioning Failed: Azure ASN 12076, peer ASN 65010, VLAN 200",
        cure="The last change of the private peering failed",
    ),
    Broken(
        name="on-premises not announced on the secondary link",
        scene=replace(WELL, secondary_routes=("10.0.1.0/24",)),
        check="azure.routes",
        seen="the secondary link lacks 10.2.27.0/25 (on-premises)",
        cure="announce 10.2.27.0/25 on the secondary link",
    ),
    Broken(
        name="VNet not announced",
        scene=replace(WELL, primary_routes=("10.2.0.0/16",), secondary_routes=("10.2.0.0/16",)),
        check="azure.routes",
        seen="the primary link lacks 10.0.1.0/24 (VNet); the secondary link lacks 10.0.1.0/24",
        cure="connect the VNet's gateway to the circuit",
    ),
    Broken(
        name="no traffic",
        scene=replace(WELL, bytes_in_a_read=0, bytes_out_a_read=0),
        check="azure.traffic",
        seen="In 5 seconds the circuit carried 0 bytes to Azure and 0 bytes from Azure",
        cure="ping a VM from on-premises",
    ),
    Broken(
        name="traffic one way",
        scene=replace(WELL, bytes_in_a_read=0),
        check="azure.traffic",
        seen="0 bytes to Azure and 48128 bytes from Azure",
        cure="Nothing passes from on-premises to Azure",
    ),
    Broken(
        name="no counters",
        scene=replace(WELL, has_counters=False),
        check="azure.traffic",
        outcome=UNKNOWN,
        seen="Azure gave no counters",
        cure="Metrics of the circuit",
    ),
    Broken(
        name="VPN gateway",
        scene=replace(WELL, gateway_type="Vpn", gateway_sku="VpnGw1"),
        check="azure.gateway",
        seen="gw-ipsectest is of type Vpn with SKU VpnGw1",
        cure="az network vnet-gateway create --gateway-type ExpressRoute",
    ),
    Broken(
        name="gateway being made",
        scene=replace(WELL, gateway_provisioning="Updating"),
        check="azure.gateway",
        seen="its provisioning Updating",
        cure="wait until it is done",
    ),
    Broken(
        name="connection down",
        scene=replace(WELL, connection_status="NotConnected"),
        check="azure.connection",
        seen="gw-to-er-ipsectest is NotConnected",
        cure="delete the connection and create it again",
    ),
    Broken(
        name="connection status unknown",
        scene=replace(WELL, connection_status="Unknown"),
        check="azure.connection",
        outcome=UNKNOWN,
        seen="gw-to-er-ipsectest is Unknown",
        cure="ask again in a few minutes",
    ),
    Broken(
        name="connection of another type",
        scene=replace(WELL, connection_type="IPsec"),
        check="azure.connection",
        seen="of type IPsec",
        cure="Create a connection of type ExpressRoute",
    ),
    Broken(
        name="connection to another circuit",
        scene=replace(WELL, connected_circuit="er-test"),
        check="azure.connection",
        seen="The circuit of the connection gw-to-er-ipsectest is er-test",
        cure="Connect the right circuit",
    ),
    Broken(
        name="VM absent",
        scene=replace(WELL, vms=(VM2,)),
        check="azure.vms",
        host="vm1",
        seen="There is no VM vm1 in resource group rg-ipsectest",
        cure="Correct the host's azure.vm in the inventory",
        besides={
            ("azure.effective-routes", "vm1"): UNKNOWN,
            ("azure.security-groups", "vm1"): UNKNOWN,
        },
    ),
    Broken(
        name="VM stopped",
        scene=vm1(power_state="deallocated"),
        check="azure.vms",
        host="vm1",
        seen="The VM vm1 is deallocated",
        cure="az vm start -g rg-ipsectest -n vm1",
        besides={
            ("azure.effective-routes", "vm1"): UNKNOWN,
            ("azure.security-groups", "vm1"): UNKNOWN,
        },
    ),
    Broken(
        name="VM of Linux",
        scene=vm1(os_type="Linux"),
        check="azure.vms",
        host="vm1",
        seen="The VM vm1 runs Linux, not Windows",
        cure="take the host out of it",
    ),
    Broken(
        name="VM in another VNet",
        scene=vm1(virtual_network="vnet-other"),
        check="azure.vms",
        host="vm1",
        seen="The VM vm1 is in vnet-other, not in vnet-ipsectest",
        cure="Correct virtual_network",
    ),
    Broken(
        name="VM at another address",
        scene=vm1(address="10.0.1.99"),
        check="azure.vms",
        host="vm1",
        seen="The VM vm1 has 10.0.1.99, but the inventory says 10.0.1.20",
        cure="Correct addresses of the host",
    ),
    Broken(
        name="user route to an appliance",
        scene=replace(
            WELL,
            user_routes=(
                UserRouteScene(
                    name="to-firewall",
                    prefix="10.2.27.0/25",
                    next_hop_type="VirtualAppliance",
                    next_hop="10.0.1.4",
                ),
            ),
        ),
        check="azure.effective-routes",
        host="vm1",
        seen="goes to VirtualAppliance 10.0.1.4 by the User route to-firewall",
        cure="let the appliance pass UDP 500, UDP 4500 and ESP",
        besides=both_vms("azure.effective-routes", FAILED),
    ),
    Broken(
        name="user route to nowhere for a part",
        scene=replace(
            WELL,
            user_routes=(UserRouteScene(name="hole", prefix="10.2.27.0/28", next_hop_type="None"),),
        ),
        check="azure.effective-routes",
        host="vm1",
        seen="10.2.27.0/28, a part of 10.2.27.0/25, is dropped by the User route hole",
        cure="Take the route out of the subnet's route table",
        besides=both_vms("azure.effective-routes", FAILED),
    ),
    Broken(
        name="nothing learned from the gateway",
        scene=replace(
            WELL,
            gateway_routes=(),
            rules=(
                RuleScene(name="all-in", priority=100, access="Allow"),
                RuleScene(name="all-out", priority=100, access="Allow", direction="Outbound"),
            ),
        ),
        check="azure.effective-routes",
        host="vm1",
        seen="No route to 10.2.27.0/25 leads to the virtual network gateway",
        cure="Propagate gateway routes",
        besides=both_vms("azure.effective-routes", FAILED),
    ),
    Broken(
        name="ESP denied inbound",
        scene=replace(WELL, rules=(RuleScene(name="no-esp", priority=200, protocol="Esp"),)),
        check="azure.security-groups",
        host="vm1",
        seen="ESP from host1 (10.2.27.10) is denied by rule securityRules/no-esp (200) of "
        "nsg-ipsectest",
        cure="-n allow-esp-inbound --priority NUMBER --direction Inbound --access Allow "
        "--protocol Esp",
        besides=both_vms("azure.security-groups", FAILED),
    ),
    Broken(
        name="IKE denied outbound",
        scene=replace(
            WELL,
            rules=(
                RuleScene(
                    name="no-ike",
                    priority=300,
                    direction="Outbound",
                    protocol="Udp",
                    ports="400-600",
                    destination="10.2.27.0/25",
                ),
            ),
        ),
        check="azure.security-groups",
        host="vm1",
        seen="UDP 500 to host1 (10.2.27.10) is denied by rule securityRules/no-ike (300)",
        cure="with a priority below 300",
        besides=both_vms("azure.security-groups", FAILED),
    ),
    Broken(
        name="only TCP 8080 allowed, as if nothing were encrypted",
        scene=replace(
            WELL,
            rules=(
                RuleScene(
                    name="web", priority=100, access="Allow", protocol="Tcp", ports="8080-8080"
                ),
                RuleScene(name="nothing-else", priority=4096),
            ),
        ),
        check="azure.security-groups",
        host="vm1",
        seen="ESP from host1 (10.2.27.10) is denied by rule securityRules/nothing-else (4096)",
        cure="ESP is what counts",
        besides=both_vms("azure.security-groups", FAILED),
    ),
    Broken(
        name="rule with a tag of which nothing is known",
        scene=replace(
            WELL, rules=(RuleScene(name="tagged", priority=100, source="CorpNetPublic"),)
        ),
        check="azure.security-groups",
        host="vm1",
        outcome=UNKNOWN,
        seen="depends on the tags of rule securityRules/tagged (100)",
        cure="See Effective security rules of the network interface",
        besides=both_vms("azure.security-groups", UNKNOWN),
    ),
    Broken(
        name="DNS of Azure",
        scene=replace(WELL, dns_servers=()),
        check="azure.dns",
        seen="uses the DNS that Azure provides, which does not know ipsectest.com",
        cure="Name a DNS server of the domain (10.2.27.4)",
    ),
    Broken(
        name="DNS servers that nobody knows",
        scene=replace(WELL, dns_servers=("10.2.27.4", "10.9.9.9")),
        check="azure.dns",
        outcome=UNKNOWN,
        seen="whether 10.9.9.9 knows ipsectest.com can't be told",
        cure="add its address to the inventory",
    ),
    Broken(
        name="DNS server of a network interface",
        scene=vm1(dns_servers=("10.9.9.9",)),
        check="azure.dns",
        host="vm1",
        outcome=UNKNOWN,
        seen="The network interface vm1-nic gives out 10.9.9.9",
        cure="add its address to the inventory",
    ),
    *(
        Broken(
            name=f"{key} absent",
            scene=replace(WELL, faults=ArmFaults(absent=frozenset({name}))),
            check=check,
            seen=f"There is no {kind} {name} in resource group rg-ipsectest",
            cure=f"Correct {key} in the inventory",
            besides=dict.fromkeys(((other, None) for other in besides), FAILED),
        )
        for key, name, check, kind, besides in (
            (
                "circuit",
                WELL.circuit,
                "azure.circuit",
                "ExpressRoute circuit",
                ("azure.provider", "azure.private-peering", "azure.routes", "azure.traffic"),
            ),
            ("gateway", WELL.gateway, "azure.gateway", "virtual network gateway", ()),
            ("connection", WELL.connection, "azure.connection", "connection", ()),
        )
    ),
    Broken(
        name="virtual_network absent",
        scene=replace(WELL, faults=ArmFaults(absent=frozenset({WELL.virtual_network}))),
        check="azure.dns",
        seen="There is no VNet vnet-ipsectest in resource group rg-ipsectest",
        cure="Correct virtual_network in the inventory",
        besides={("azure.routes", None): UNKNOWN},
    ),
]


def test_all_is_well(azure: AzureWorld) -> None:
    """The how-to's scene passes every check, in the how-to's order, and says what is asked."""
    findings = azure.findings(WELL)

    assert list(dict.fromkeys(check for check, _ in findings)) == CHECK_IDS
    assert not_passed(findings) == {}
    assert all(finding.seen.endswith(".") and not finding.cure for finding in findings.values())
    assert "SKU ErGw1AZ" in findings["azure.gateway", None].seen
    assert "primary 192.168.15.16/30" in findings["azure.private-peering", None].seen
    assert "Azure: circuit er-ipsectest" in azure.told
    assert {request.partition(" ")[0] for request in azure.imitation.requests} == {"GET", "POST"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_broken_prerequisite_is_found(azure: AzureWorld, case: Broken) -> None:
    """Exactly the check of what is broken fails, says what it saw, and names the cure."""
    findings = azure.findings(case.scene)

    key = (case.check, case.host)
    assert not_passed(findings) == {key: case.outcome, **case.besides}
    assert case.seen in findings[key].seen
    assert case.cure in findings[key].cure


def test_fast_path_is_said(azure: AzureWorld) -> None:
    """A connection around the gateway is well, and it is said."""
    findings = azure.findings(replace(WELL, fast_path=True))

    assert not_passed(findings) == {}
    assert "FastPath is on" in findings["azure.connection", None].seen


def test_no_security_group(azure: AzureWorld) -> None:
    """Where no network security group is in force everything passes."""
    findings = azure.findings(replace(WELL, has_security_group=False))

    assert not_passed(findings) == {}
    assert "No network security group" in findings["azure.security-groups", "vm1"].seen


def test_tags_without_expansion(azure: AzureWorld) -> None:
    """Without expanded tags the routes in force say what VirtualNetwork stands for."""
    findings = azure.findings(replace(WELL, default_rules_expanded=False))

    assert not_passed(findings) == {}


def test_vm_by_another_name(azure: AzureWorld) -> None:
    """A host may be a VM of another name; its findings carry the host's."""
    inventory = replace(
        azure.inventory,
        hosts=tuple(
            replace(host, azure_vm=azure.settings.resource("web-1")) if host.name == "vm1" else host
            for host in azure.inventory.hosts
        ),
    )
    scene = replace(WELL, vms=(VmScene(name="web-1", address=VM1.address), VM2))

    findings = azure.findings(scene, inventory)

    assert not_passed(findings) == {}
    assert findings["azure.vms", "vm1"].seen.startswith("web-1: Windows, running")


def test_no_section(azure: AzureWorld) -> None:
    """Without an azure section nothing is asked, and every check says how to add it."""
    findings = azure.findings(WELL, replace(azure.inventory, azure=None))

    assert [check for check, _ in findings] == CHECK_IDS
    assert {finding.outcome for finding in findings.values()} == {CheckOutcome.NOT_APPLICABLE}
    assert all("add to the inventory a section azure" in f.cure for f in findings.values())
    assert azure.imitation.requests == ()


@pytest.mark.parametrize(
    ("key", "checks"),
    [
        ("circuit", {"azure.circuit", "azure.provider", "azure.private-peering", "azure.routes",
                     "azure.traffic"}),
        ("gateway", {"azure.gateway"}),
        ("connection", {"azure.connection"}),
        ("virtual_network", {"azure.dns"}),
    ],
)  # fmt: skip
def test_resource_that_is_not_named(azure: AzureWorld, key: str, checks: set[str]) -> None:
    """What the section does not name is not applicable, with the key to add."""
    findings = azure.findings(WELL, azure.changed(**{key: None}))

    absent = {
        check
        for (check, _), finding in findings.items()
        if finding.outcome is CheckOutcome.NOT_APPLICABLE
    }
    assert absent == checks
    assert all(f"add {key} to the azure section" in findings[c, None].cure for c in checks)


def test_no_vm_in_the_inventory(azure: AzureWorld) -> None:
    """Without hosts of the role azure-vm their checks are not applicable."""
    hosts = [host for host in azure.inventory.hosts if not host.name.startswith("vm")]

    findings = azure.findings(WELL, azure.inventory.with_hosts(hosts))

    assert not_passed(findings) == dict.fromkeys(
        [
            ("azure.vms", None),
            ("azure.effective-routes", None),
            ("azure.security-groups", None),
        ],
        CheckOutcome.NOT_APPLICABLE,
    )
