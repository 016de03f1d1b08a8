"""Every kind of Azure credential, by azure-identity itself, against the imitated authority."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.azure import open_azure
from ipsec_orchestrator.adapters.azure.credentials import open_credential
from ipsec_orchestrator.errors import AuthenticationError, UsageError
from ipsec_orchestrator.lab.azure import AzureScene
from ipsec_orchestrator.lab.azure.token_endpoint import MANAGED_IDENTITY_PATH
from ipsec_orchestrator.model.azure import Circuit
from ipsec_orchestrator.model.azure_settings import (
    AzureCredentialKind,
    AzureCredentialSource,
    AzureSettings,
)
from ipsec_orchestrator.model.finding import CheckOutcome
from tests.azure_world import AzureWorld

WELL = AzureScene()
PRINCIPAL = AzureCredentialKind.SERVICE_PRINCIPAL


def with_credential(azure: AzureWorld, source: AzureCredentialSource) -> AzureSettings:
    """Give the settings with another credential."""
    return replace(azure.settings, credential=source)


def reads_circuit(azure: AzureWorld, settings: AzureSettings) -> bool:
    """Whether the credential is good enough to read the circuit."""
    with open_azure(settings, azure.clock) as reader:
        return isinstance(reader.circuit(settings.resource(WELL.circuit)), Circuit)


def test_certificate(azure: AzureWorld) -> None:
    """A service principal proves itself by an assertion that its certificate's key signed."""
    assert azure.settings.credential.certificate == str(azure.files.client_file)
    assert reads_circuit(azure, azure.settings)


def test_client_secret_of_the_environment(
    azure: AzureWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service principal without a certificate takes its secret from the environment."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", azure.imitation.tokens.client_secret.reveal())
    source = AzureCredentialSource(kind=PRINCIPAL, client_id=WELL.client_id)

    assert reads_circuit(azure, with_credential(azure, source))


def test_wrong_client_secret(azure: AzureWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong secret is refused by the authority, and not repeated in the message."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "kangaroo-1")
    source = AzureCredentialSource(kind=PRINCIPAL, client_id=WELL.client_id)

    with pytest.raises(AuthenticationError) as caught:
        reads_circuit(azure, with_credential(azure, source))

    assert "AADSTS7000215" in str(caught.value)
    assert caught.value.target == azure.imitation.base_url
    assert "kangaroo" not in str(caught.value)


def test_workload_identity(azure: AzureWorld, tmp_path: Path) -> None:
    """A workload identity exchanges the federated token of its file."""
    token_file = tmp_path / "federated"
    token_file.write_text(azure.imitation.tokens.federated_token.reveal(), encoding="utf-8")
    source = AzureCredentialSource(
        kind=AzureCredentialKind.WORKLOAD_IDENTITY,
        client_id=WELL.client_id,
        token_file=str(token_file),
    )

    assert reads_circuit(azure, with_credential(azure, source))


def test_managed_identity(azure: AzureWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A managed identity gets its token from the host's own endpoint."""
    tokens = azure.imitation.tokens
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure.imitation.base_url}{MANAGED_IDENTITY_PATH}")
    monkeypatch.setenv("IDENTITY_HEADER", tokens.identity_header.reveal())
    source = AzureCredentialSource(kind=AzureCredentialKind.MANAGED_IDENTITY)

    assert reads_circuit(azure, with_credential(azure, source))


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for az is a POSIX script")
def test_cli_login(azure: AzureWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is logged on by az login is asked for through the az on PATH."""
    answer = {
        "accessToken": azure.imitation.tokens.issue(),
        "expiresOn": "2099-01-01 00:00:00.000000",
        "expires_on": int(time.time()) + 3600,
        "subscription": WELL.subscription,
        "tenant": WELL.tenant,
        "tokenType": "Bearer",
    }
    program = tmp_path / "az"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert reads_circuit(azure, with_credential(azure, AzureCredentialSource()))


@pytest.mark.skipif(os.name == "nt", reason="PATH decides elsewhere only")
def test_no_cli(azure: AzureWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without az the cure says to log on or to choose another kind."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(AuthenticationError) as caught:
        reads_circuit(azure, with_credential(azure, AzureCredentialSource()))

    assert "az login" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "tenant", "sentence"),
    [
        (AzureCredentialSource(kind=PRINCIPAL, client_id="x"), None, "the tenant is needed"),
        (AzureCredentialSource(kind=PRINCIPAL), "t.example", "the client ID is needed"),
        (
            AzureCredentialSource(kind=PRINCIPAL, client_id="x"),
            "t.example",
            "neither a certificate nor a client secret of x",
        ),
        (
            AzureCredentialSource(kind=PRINCIPAL, client_id="x", certificate="/nowhere/c.pem"),
            "t.example",
            "There is no file /nowhere/c.pem",
        ),
        (
            AzureCredentialSource(kind=AzureCredentialKind.WORKLOAD_IDENTITY, client_id="x"),
            "t.example",
            "the token file is needed",
        ),
    ],
)
def test_half_a_credential(
    azure: AzureWorld, source: AzureCredentialSource, tenant: str | None, sentence: str
) -> None:
    """What is missing of a credential is said before anything is asked."""
    settings = replace(with_credential(azure, source), tenant=tenant)

    with (
        pytest.raises(UsageError, match=sentence) as caught,
        open_credential(settings, environment={}),
    ):
        pass

    assert caught.value.cure


def test_file_that_is_no_certificate(azure: AzureWorld, tmp_path: Path) -> None:
    """A file that holds no certificate with its key is named, and nothing of it is repeated."""
    path = tmp_path / "wrong.pem"
    path.write_text("kangaroo-1", encoding="utf-8")
    source = replace(azure.settings.credential, certificate=str(path))

    with (
        pytest.raises(UsageError) as caught,
        open_credential(with_credential(azure, source)),
    ):
        pass

    assert str(path) in str(caught.value)
    assert "kangaroo" not in str(caught.value)


def test_half_a_credential_makes_all_unknown(azure: AzureWorld) -> None:
    """Without a usable credential doctor's checks are unknown, and say what is missing."""
    source = replace(azure.settings.credential, certificate="/nowhere/c.pem")

    findings = azure.findings(WELL, azure.changed(credential=source))

    assert {finding.outcome for finding in findings.values()} == {CheckOutcome.UNKNOWN}
    assert {finding.seen for finding in findings.values()} == {"There is no file /nowhere/c.pem."}
    assert azure.imitation.requests == ()


WITHOUT_SDK = """
import sys

class NoAzure:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"azure", "msal"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

sys.meta_path.insert(0, NoAzure())

from pathlib import Path

from ipsec_orchestrator.adapters.azure import open_azure
from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.specification import read_inventory
from ipsec_orchestrator.app.azure_checks import azure_findings
from ipsec_orchestrator.errors import MissingDependencyError

inventory = read_inventory([Path(argument) for argument in sys.argv[1:]])
try:
    with open_azure(inventory.azure, SystemClock()):
        pass
except MissingDependencyError as error:
    print(error)
for finding in azure_findings(open_azure, inventory, SystemClock(), print):
    print(finding.check_id, finding.outcome.value, finding.cure)
"""


def test_extra_is_not_installed(tmp_path: Path) -> None:
    """Without the SDKs a sentence says what to install, and the checks are unknown."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(
        "domain: {name: ipsectest.com}\n"
        "azure:\n"
        "  subscription: 1f4d8a3c-0000-4000-8000-2b6e5c7d9f10\n"
        "  resource_group: rg-ipsectest\n",
        encoding="utf-8",
    )

    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SDK, str(inventory)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    install = 'Install it: pip install "ipsec_orchestrator[azure]".'
    assert lines[0] == f"The clients of Azure are not installed. {install}"
    assert lines[1:] == [
        f"azure.{name} unknown {install}"
        for name in (
            "circuit",
            "provider",
            "private-peering",
            "routes",
            "traffic",
            "gateway",
            "connection",
            "vms",
            "effective-routes",
            "security-groups",
            "dns",
        )
    ]
