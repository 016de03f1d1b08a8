"""An imitated Azure for each test; its certificates are made once."""

from collections.abc import Generator
from pathlib import Path

import pytest

from ipsec_orchestrator.lab.azure import AzureFiles
from tests.azure_world import AzureWorld, azure_world, fresh_files


@pytest.fixture(scope="session")
def azure_files(tmp_path_factory: pytest.TempPathFactory) -> AzureFiles:
    """Certificates of the imitation."""
    return fresh_files(tmp_path_factory.mktemp("azure"))


@pytest.fixture
def azure(azure_files: AzureFiles, tmp_path: Path) -> Generator[AzureWorld]:
    """The imitation, running, and an inventory that leads to it."""
    with azure_world(azure_files, tmp_path) as world:
        yield world
