"""The imitated Azure by itself: who gets in, and what it leaves behind."""

import json
import socket
import ssl
import stat
import threading
from dataclasses import replace
from http.client import HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from ipsec_orchestrator.errors import LabInUseError
from ipsec_orchestrator.lab.azure import (
    AzureFiles,
    AzureImitation,
    AzureScene,
    azure_section,
    scene_of,
)
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.lab_hosts import lab_hosts
from ipsec_orchestrator.model.finding import CheckOutcome
from tests.azure_world import ADDRESS, AzureWorld

SCENE = AzureScene()
CIRCUIT = SCENE.network_id("expressRouteCircuits", SCENE.circuit)


def ask(
    azure: AzureWorld,
    method: str,
    path: str,
    *,
    token: str = "",
    form: dict[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Send one request by the standard library, checking the certificate."""
    port = int(azure.imitation.base_url.rpartition(":")[2])
    context = ssl.create_default_context(cafile=str(azure.files.ca_file))
    connection = HTTPSConnection(str(ADDRESS), port, context=context, timeout=10)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        body = urlencode(form) if form is not None else None
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        content: dict[str, Any] = json.loads(answer.read() or b"{}")
        return answer.status, content
    finally:
        connection.close()


def test_nobody_gets_in_without_a_token(azure: AzureWorld) -> None:
    """Requests without a token, or with an invented one, are refused with 401."""
    for token in ("", "invented"):
        status, answer = ask(azure, "GET", CIRCUIT, token=token)

        assert status == 401
        assert answer["error"]["code"] == "AuthenticationFailed"
    assert azure.imitation.requests == ()


def test_token_opens(azure: AzureWorld) -> None:
    """A token that was given out here lets one read."""
    status, answer = ask(azure, "GET", CIRCUIT, token=azure.imitation.tokens.issue())

    assert status == 200
    assert answer["properties"]["circuitProvisioningState"] == "Enabled"


@pytest.mark.parametrize("proof", ["client_secret", "client_assertion"])
def test_wrong_proof_gets_no_token(azure: AzureWorld, proof: str) -> None:
    """Neither a wrong secret nor an assertion that nobody signed is taken."""
    unsigned = "eyJhbGciOiJSUzI1NiJ9.e30.AAAA"
    form = {"client_id": SCENE.client_id, proof: unsigned, "grant_type": "client_credentials"}

    status, answer = ask(azure, "POST", f"/{SCENE.tenant}/oauth2/v2.0/token", form=form)

    assert status == 400
    assert answer["error"] == "invalid_client"
    assert azure.imitation.tokens.issued == ()


def test_files_are_private(azure_files: AzureFiles) -> None:
    """Keys can be read by their owner only; the authority's own key is nowhere."""
    for path in (azure_files.server_file, azure_files.client_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "PRIVATE KEY" not in azure_files.ca_file.read_text(encoding="ascii")
    assert len(list(azure_files.folder.iterdir())) == 3


def test_nothing_is_left(azure_files: AzureFiles) -> None:
    """After the end neither a thread nor a listening port remains, also with open connections."""
    before = threading.active_count()
    imitation = AzureImitation(azure_files, ADDRESS, SCENE)
    port = int(imitation.base_url.rpartition(":")[2])
    imitation.start()
    context = ssl.create_default_context(cafile=str(azure_files.ca_file))
    with (
        socket.create_connection((str(ADDRESS), port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=str(ADDRESS)) as kept,
    ):
        kept.sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(100).startswith(b"HTTP/1.1 401")

        imitation.stop()

        while kept.recv(65536):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((str(ADDRESS), port), timeout=10)
    for thread in threading.enumerate():
        if "azure" in thread.name or "process_request" in thread.name:
            thread.join(timeout=10)
    assert threading.active_count() <= before


def test_port_that_is_taken(azure: AzureWorld) -> None:
    """A port that somebody else has is said in a sentence."""
    port = int(azure.imitation.base_url.rpartition(":")[2])

    with pytest.raises(LabInUseError, match=f"127.0.0.1:{port} is in use"):
        AzureImitation(azure.files, ADDRESS, SCENE, port=port)


def test_scene_of_a_lab(azure: AzureWorld, tmp_path: Path) -> None:
    """The scene of a lab has the lab's own VMs, and its DC as their DNS server: all is well."""
    layout = LabLayout(state_dir=tmp_path, name="test", network=77)
    hosts = lab_hosts(layout, members=6)
    scene = scene_of(hosts)
    addresses = {host.name: (host.internal_address,) for host in hosts}
    known = azure.inventory.host("vm1")
    assert known is not None
    inventory = replace(
        azure.inventory,
        hosts=tuple(
            replace(
                known,
                name=host.name,
                role=host.role,
                addresses=tuple(ip_address(str(found)) for found in addresses[host.name]),
            )
            for host in hosts
        ),
    )

    findings = azure.findings(scene, inventory)

    assert {finding.outcome for finding in findings.values()} == {CheckOutcome.PASSED}
    assert {host for check, host in findings if check == "azure.vms"} == {
        host.name for host in hosts if host.name.startswith("vm")
    }


def test_section_holds_no_secret(azure: AzureWorld) -> None:
    """The inventory's section names files; what is in them is not in it."""
    text = json.dumps(azure_section(azure.files, azure.imitation.base_url, SCENE))

    tokens = azure.imitation.tokens
    assert "PRIVATE KEY" not in text
    assert not [
        secret
        for secret in (tokens.client_secret, tokens.federated_token, tokens.identity_header)
        if secret.reveal() in text
    ]
