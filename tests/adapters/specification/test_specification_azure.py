"""The inventory's ``azure`` section: what it says, and what it refuses."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.specification import read_inventory
from ipsec_orchestrator.errors import Problem, SpecificationError
from ipsec_orchestrator.model.azure_settings import (
    CLOUDS,
    AzureCloud,
    AzureCredentialKind,
    AzureResource,
)
from ipsec_orchestrator.model.inventory import Inventory

SUBSCRIPTION = "1f4d8a3c-0000-4000-8000-2b6e5c7d9f10"
HEAD = f"""
domain: {{name: ipsectest.com}}
azure:
  subscription: {SUBSCRIPTION}
  resource_group: rg-ipsectest
"""

NO_RESOURCE_ID = (
    "'/subscriptions/er1' is no resource ID; it has the form "
    "/subscriptions/ID/resourceGroups/NAME/providers/PROVIDER/TYPE/NAME."
)

TWO_CLOUDS = (
    f"{HEAD}  cloud: usgov\n"
    "  endpoints: {authority: https://a.org, resource_manager: https://b.org}\n"
)


def test_section_names_everything_in_one_group(inventory_of: Callable[[str], Inventory]) -> None:
    """Bare names belong to the section's subscription and resource group; the cloud is public."""
    inventory = inventory_of(f"{HEAD}  circuit: er1\n  virtual_network: vnet1\n")

    assert inventory.azure is not None
    assert inventory.azure.circuit == AzureResource(
        subscription=SUBSCRIPTION, resource_group="rg-ipsectest", name="er1"
    )
    assert inventory.azure.virtual_network == inventory.azure.resource("vnet1")
    assert inventory.azure.gateway is None
    assert inventory.azure.endpoints == CLOUDS[AzureCloud.PUBLIC]
    assert inventory.azure.credential.kind is AzureCredentialKind.CLI
    assert inventory.with_hosts(()).azure == inventory.azure


def test_resource_id_leads_elsewhere(inventory_of: Callable[[str], Inventory]) -> None:
    """A resource ID names its own subscription and resource group."""
    other = "00000000-1111-4222-8333-444444444444"
    text = f"/subscriptions/{other}/resourceGroups/hub/providers/Microsoft.Network/x/er1"
    inventory = inventory_of(f"{HEAD}  circuit: {text}\n")

    assert inventory.azure is not None
    assert inventory.azure.circuit == AzureResource(
        subscription=other, resource_group="hub", name="er1"
    )


def test_own_endpoints_with_their_ca(
    inventory_of: Callable[[str], Inventory], tmp_path: Path
) -> None:
    """Another cloud is named by its endpoints; its CA file counts from the inventory's folder."""
    inventory = inventory_of(
        f"""{HEAD}
  endpoints:
    authority: https://login.cloud.example/
    resource_manager: https://arm.cloud.example:8443
    ca_file: ca.pem
"""
    )

    assert inventory.azure is not None
    endpoints = inventory.azure.endpoints
    assert endpoints.authority == "https://login.cloud.example"
    assert endpoints.audience == endpoints.resource_manager == "https://arm.cloud.example:8443"
    assert endpoints.ca_file == str(tmp_path / "ca.pem")
    assert not endpoints.well_known


@pytest.mark.parametrize("cloud", AzureCloud)
def test_known_clouds(inventory_of: Callable[[str], Inventory], cloud: AzureCloud) -> None:
    """The sovereign clouds are chosen by a word."""
    inventory = inventory_of(f"{HEAD}  cloud: {cloud}\n")

    assert inventory.azure is not None
    assert inventory.azure.endpoints == CLOUDS[cloud]


def test_vm_of_a_host(inventory_of: Callable[[str], Inventory]) -> None:
    """A host may say which VM it is; without it the host's name counts."""
    inventory = inventory_of(
        f"""{HEAD}
hosts:
  vm1: {{role: azure-vm, azure: {{vm: vm-web-1}}}}
  vm2: {{role: azure-vm}}
"""
    )

    assert inventory.azure is not None
    assert [host.azure_vm for host in inventory.hosts] == [
        inventory.azure.resource("vm-web-1"),
        None,
    ]


@pytest.mark.parametrize(
    ("text", "path", "sentence"),
    [
        (
            HEAD.replace(SUBSCRIPTION, "production"),
            "azure.subscription",
            "'production' is not an ID such as 1f4d8a3c-0000-4000-8000-2b6e5c7d9f10.",
        ),
        (
            f"{HEAD}  circuit: /subscriptions/er1\n",
            "azure.circuit",
            NO_RESOURCE_ID,
        ),
        (
            f"{HEAD}  endpoints: {{authority: https://a.org, resource_manager: http://b.org}}\n",
            "azure.endpoints.resource_manager",
            "'http://b.org' is not a base URL such as https://management.azure.com.",
        ),
        (
            TWO_CLOUDS,
            "azure.endpoints",
            "'endpoints' stands instead of 'cloud'; write one of them.",
        ),
        (
            f"{HEAD}  credential: {{kind: cli, certificate: doctor.pem}}\n",
            "azure.credential.certificate",
            "'certificate' belongs to 'kind: service-principal', not to cli.",
        ),
        (
            f"{HEAD}hosts:\n  host1: {{role: on-premises, azure: {{vm: host1}}}}\n",
            "hosts.host1.azure",
            "the host 'host1' has the role on-premises; only azure-vm has a VM.",
        ),
        (
            "domain: {name: ipsectest.com}\nhosts:\n  vm1: {role: azure-vm, azure: {vm: x}}\n",
            "hosts.vm1.azure",
            "there is no section 'azure' that names the subscription of this VM.",
        ),
    ],
)
def test_mistakes_are_explained(
    inventory_problems: Callable[[str], list[Problem]], text: str, path: str, sentence: str
) -> None:
    """What is wrong with the section is said at its place."""
    problems = inventory_problems(text)

    assert [(problem.path, problem.message) for problem in problems] == [(path, sentence)]


def test_client_secret_is_refused(inventory_problems: Callable[[str], list[Problem]]) -> None:
    """A client secret in the file is refused and not repeated."""
    problems = inventory_problems(f"{HEAD}  credential: {{client_secret: Kj8~hunter2}}\n")

    assert len(problems) == 1
    assert problems[0].path == "azure.credential.client_secret"
    assert "must not be in this file" in problems[0].message
    assert "hunter2" not in str(problems[0])


def test_second_section_is_refused(tmp_path: Path) -> None:
    """The section may stand in one file only, and the message names the first."""
    for name in ("a.yml", "b.yml"):
        text = HEAD if name == "a.yml" else "azure:" + HEAD.partition("azure:")[2]
        (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(SpecificationError) as caught:
        read_inventory([tmp_path])

    (problem,) = caught.value.problems
    assert problem.message == (f"the Azure side is already described at {tmp_path / 'a.yml'}:3:1.")
