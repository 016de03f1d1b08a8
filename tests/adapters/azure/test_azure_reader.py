"""The real SDK clients against the imitation: refusals, throttling, long-running reads, TLS."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.azure import open_azure
from ipsec_orchestrator.adapters.azure.clients import ArmClients
from ipsec_orchestrator.adapters.azure.credentials import open_credential
from ipsec_orchestrator.adapters.azure.reader import SdkAzureReader
from ipsec_orchestrator.errors import (
    AccessDeniedError,
    AuthenticationError,
    BackendError,
    CloudRequestError,
    HostUnreachableError,
    OutcomeUnknownError,
    ThrottledError,
)
from ipsec_orchestrator.lab.azure import ArmFaults, AzureScene, issue_azure_files
from ipsec_orchestrator.model.azure import Absent, Circuit, RouteTables, Traffic
from ipsec_orchestrator.model.finding import CheckOutcome
from tests.azure_world import ADDRESS, AzureWorld, not_passed

WELL = AzureScene()
UNKNOWN = CheckOutcome.UNKNOWN
READER = "the built-in role Reader"


def with_faults(**faults: object) -> AzureScene:
    """Give the how-to's scene behind a Resource Manager with faults."""
    return replace(WELL, faults=replace(WELL.faults, **faults))  # type: ignore[arg-type] # any of its fields


def test_circuit_is_read_without_its_keys(azure: AzureWorld) -> None:
    """A circuit comes with its peerings; its service key is nowhere in what is kept."""
    with azure.reader() as reader:
        circuit = reader.circuit(azure.settings.resource(WELL.circuit))

    assert isinstance(circuit, Circuit)
    assert circuit.provider == "Contoso Carrier"
    assert [peering.vlan_id for peering in circuit.peerings] == [200]
    assert "00000000-0000-0000-0000-000000000000" not in repr(circuit)


def test_absent_resource(azure: AzureWorld) -> None:
    """404 of a resource is an answer, not a failure."""
    resource = azure.settings.resource("er-nowhere")

    with azure.reader() as reader:
        assert reader.circuit(resource) == Absent(resource=resource)


@pytest.mark.parametrize(
    ("scene", "settings", "code", "cure"),
    [
        (with_faults(group_absent=True), {}, "ResourceGroupNotFound", "resource_group"),
        (
            WELL,
            {"subscription": "00000000-1111-4222-8333-444444444444"},
            "SubscriptionNotFound",
            "subscription",
        ),
    ],
)
def test_absent_scope(
    azure: AzureWorld, scene: AzureScene, settings: dict[str, str], code: str, cure: str
) -> None:
    """404 of the group or the subscription is another thing than 404 of a resource."""
    azure.imitation.set_scene(scene)
    resource = replace(azure.settings.resource(WELL.circuit), **settings)

    with azure.reader() as reader, pytest.raises(CloudRequestError) as caught:
        reader.circuit(resource)

    assert caught.value.code == code
    assert caught.value.cure == f"Check {cure} in the inventory's azure section."


def test_counters_are_read_twice(azure: AzureWorld) -> None:
    """Two reads with a pause between them, which the clock waits."""
    with azure.reader() as reader:
        traffic = reader.traffic(azure.settings.resource(WELL.circuit))

    assert isinstance(traffic, Traffic)
    assert azure.clock.waited_seconds == [5.0]
    assert traffic.seconds == 5.0
    assert traffic.before.primary_in is not None
    assert traffic.after.primary_in is not None
    assert traffic.after.primary_in > traffic.before.primary_in
    assert sum(request.endswith("/stats") for request in azure.imitation.requests) == 2


@pytest.mark.parametrize("polled_by", ["both", "location"])
@pytest.mark.parametrize("polls", [0, 3])
def test_long_running_read(azure: AzureWorld, polled_by: str, polls: int) -> None:
    """A long-running read is polled by whichever header the answer has, until it ends."""
    azure.imitation.set_scene(with_faults(polled_by=polled_by, polls=polls))

    with azure.reader() as reader:
        routes = reader.learned_routes(azure.settings.resource(WELL.circuit))

    assert isinstance(routes, RouteTables)
    assert [row.network for row in routes.primary] == ["10.2.27.0/25", "10.0.1.0/24"]
    polled = [request for request in azure.imitation.requests if "/operation" in request]
    assert len(polled) >= 2 * polls


def test_long_running_read_without_rows(azure: AzureWorld) -> None:
    """An operation that ends without a result is no empty table: the check is unknown."""
    findings = azure.findings(with_faults(polled_by="async"))

    assert set(not_passed(findings).values()) == {UNKNOWN}
    assert findings["azure.routes", None].outcome is UNKNOWN
    assert "holds no rows" in findings["azure.routes", None].seen


def test_long_running_read_without_end(azure: AzureWorld) -> None:
    """A long-running read that does not end is given up at its deadline."""
    azure.imitation.set_scene(with_faults(operations_end=False))

    with (
        open_credential(azure.settings) as credential,
        ArmClients(credential, azure.settings.endpoints) as clients,
    ):
        reader = SdkAzureReader(clients, azure.clock, deadline_seconds=0.3)
        with pytest.raises(OutcomeUnknownError) as caught:
            reader.effective_routes(azure.settings.resource("vm1-nic"))
        # What polls in the background ends with it.
        azure.imitation.set_scene(WELL)

    assert "did not finish it within 0.3 seconds" in str(caught.value)


def test_throttling_is_waited_out(azure: AzureWorld) -> None:
    """429 with Retry-After is waited for as told and then asked again: nothing is lost."""
    azure.imitation.set_scene(with_faults(throttled_answers=1, retry_after_seconds=1))

    with azure.reader() as reader:
        circuit = reader.circuit(azure.settings.resource(WELL.circuit))

    assert isinstance(circuit, Circuit)
    assert len(azure.imitation.requests) == 2


def test_throttled_out(azure: AzureWorld) -> None:
    """A wait that nobody would sit out is not begun: the checks are unknown and say why."""
    findings = azure.findings(with_faults(throttled_answers=99, retry_after_seconds=3600))

    assert set(not_passed(findings).values()) == {UNKNOWN}
    assert len(not_passed(findings)) == len(findings)
    finding = findings["azure.circuit", None]
    assert finding.seen == (
        "expressRouteCircuits/er-ipsectest: Azure took no more requests and said to wait "
        "3600 seconds (429 TooManyRequests)."
    )
    assert "try again later" in finding.cure


def test_throttled_to_the_end(azure: AzureWorld) -> None:
    """Whoever goes on saying 429 is asked only so often."""
    azure.imitation.set_scene(with_faults(throttled_answers=99, retry_after_seconds=1))

    with azure.reader() as reader, pytest.raises(ThrottledError):
        reader.circuit(azure.settings.resource(WELL.circuit))

    assert len(azure.imitation.requests) == 4


@pytest.mark.parametrize(
    ("action", "checks", "right"),
    [
        (
            "Microsoft.Network/expressRouteCircuits/read",
            {("azure.circuit", None), ("azure.provider", None), ("azure.private-peering", None)},
            READER,
        ),
        (
            "Microsoft.Network/expressRouteCircuits/peerings/routeTables/action",
            {("azure.routes", None)},
            "Microsoft.Network/expressRouteCircuits/peerings/routeTables/action",
        ),
        ("Microsoft.Network/expressRouteCircuits/stats/read", {("azure.traffic", None)}, READER),
        ("Microsoft.Network/connections/read", {("azure.connection", None)}, READER),
        (
            "Microsoft.Network/networkInterfaces/effectiveRouteTable/action",
            {("azure.effective-routes", "vm1"), ("azure.effective-routes", "vm2")},
            "Microsoft.Network/networkInterfaces/effectiveRouteTable/action",
        ),
        (
            "Microsoft.Network/networkInterfaces/effectiveNetworkSecurityGroups/action",
            {("azure.security-groups", "vm1"), ("azure.security-groups", "vm2")},
            "Microsoft.Network/networkInterfaces/effectiveNetworkSecurityGroups/action",
        ),
    ],
)
def test_missing_right(
    azure: AzureWorld, action: str, checks: set[tuple[str, str | None]], right: str
) -> None:
    """403 makes exactly the checks that need it unknown, and names the least right."""
    findings = azure.findings(with_faults(denied=frozenset({action})))

    assert not_passed(findings) == dict.fromkeys(checks, UNKNOWN)
    for key in checks:
        assert "AuthorizationFailed" in findings[key].seen
        assert right in findings[key].cure


def test_refusal_is_access_denied(azure: AzureWorld) -> None:
    """403 is told apart from a refused credential."""
    azure.imitation.set_scene(
        with_faults(denied=frozenset({"Microsoft.Network/virtualNetworks/read"}))
    )

    with azure.reader() as reader, pytest.raises(AccessDeniedError) as caught:
        reader.virtual_network(azure.settings.resource(WELL.virtual_network))

    assert caught.value.cure == f"Whoever asks needs {READER} on it."


def error_of(azure: AzureWorld, world: AzureWorld) -> BackendError:
    """Ask for the circuit and give the error that comes instead."""
    settings = world.settings
    with open_azure(settings, azure.clock) as reader, pytest.raises(BackendError) as caught:
        reader.circuit(settings.resource(WELL.circuit))
    return caught.value


def test_wrong_authority_is_not_trusted(azure: AzureWorld, tmp_path: Path) -> None:
    """A server whose certificate another CA signed is not asked anything."""
    other = issue_azure_files(tmp_path / "other", ADDRESS)
    endpoints = replace(azure.settings.endpoints, ca_file=str(other.ca_file))
    world = replace(azure, inventory=azure.changed(endpoints=endpoints))

    error = error_of(azure, world)

    assert isinstance(error, HostUnreachableError)
    assert azure.imitation.tokens.issued == ()
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert azure.imitation.requests == ()


def test_nobody_answers(azure: AzureWorld) -> None:
    """No connection is said as such, with what to look at."""
    azure.imitation.stop()

    error = error_of(azure, azure)

    assert isinstance(error, HostUnreachableError)
    assert "HTTPS_PROXY" in str(error)


def test_unknown_tenant(azure: AzureWorld) -> None:
    """A tenant that the authority does not know is a refused credential."""
    world = replace(azure, inventory=azure.changed(tenant="nobody.example"))

    error = error_of(azure, world)

    assert isinstance(error, AuthenticationError)
    assert "tenant" in str(error)


def test_refused_credential_makes_all_unknown(azure: AzureWorld) -> None:
    """Where no token is given out every check is unknown, with the cure."""
    source = replace(azure.settings.credential, client_id="00000000-0000-4000-8000-000000000000")

    findings = azure.findings(WELL, azure.changed(credential=source))

    assert len(not_passed(findings)) == len(findings)
    assert set(not_passed(findings).values()) == {UNKNOWN}
    assert "refused the credentials" in findings["azure.circuit", None].seen
    assert "AADSTS700016" in findings["azure.circuit", None].seen


def test_tokens_are_not_logged(azure: AzureWorld, caplog: pytest.LogCaptureFixture) -> None:
    """Also the most talkative log holds neither tokens nor proofs."""
    caplog.set_level(logging.DEBUG)

    with azure.reader() as reader:
        reader.circuit(azure.settings.resource(WELL.circuit))

    assert caplog.records
    assert not [token for token in azure.imitation.tokens.issued if token in caplog.text]
    assert "client_assertion=" not in caplog.text


def test_default_faults_are_none() -> None:
    """The how-to's scene stands behind a Resource Manager that denies and throttles nothing."""
    assert WELL.faults == ArmFaults()
    assert not WELL.faults.denied
    assert WELL.faults.throttled_answers == 0
