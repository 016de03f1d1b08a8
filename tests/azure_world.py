"""The imitated Azure with an inventory that leads to it, for all tests of the Azure side."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import TypeAlias

import pytest
from ruamel.yaml import YAML
from typing_extensions import override

from ipsec_orchestrator.adapters.azure import open_azure
from ipsec_orchestrator.adapters.specification import read_inventory
from ipsec_orchestrator.app.azure_checks import azure_findings
from ipsec_orchestrator.lab.azure import (
    AzureFiles,
    AzureImitation,
    AzureScene,
    azure_section,
    issue_azure_files,
)
from ipsec_orchestrator.model.azure_settings import AzureSettings
from ipsec_orchestrator.model.finding import CheckOutcome, Finding
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.ports import AzureReader, Clock

ADDRESS = IPv4Address("127.0.0.1")
EXAMPLE = Path(__file__).parents[1] / "inventory"

Findings: TypeAlias = Mapping[tuple[str, str | None], Finding]


@dataclass
class HastyClock(Clock):
    """Time that passes only by waiting, and then at once."""

    waited_seconds: list[float] = field(default_factory=list[float])

    @override
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    @override
    def monotonic_seconds(self) -> float:
        return sum(self.waited_seconds)

    @override
    def wait(self, seconds: float) -> None:
        self.waited_seconds.append(seconds)


@dataclass(frozen=True, kw_only=True)
class AzureWorld:
    """One imitation, and the example inventory with a section that leads there."""

    imitation: AzureImitation
    inventory: Inventory
    files: AzureFiles
    clock: HastyClock = field(default_factory=HastyClock)
    told: list[str] = field(default_factory=list[str])

    @property
    def settings(self) -> AzureSettings:
        """The inventory's section."""
        assert self.inventory.azure is not None
        return self.inventory.azure

    @contextmanager
    def reader(self) -> Generator[AzureReader]:
        """Give the real clients, pointed at the imitation."""
        with open_azure(self.settings, self.clock) as reader:
            yield reader

    def findings(self, scene: AzureScene, inventory: Inventory | None = None) -> Findings:
        """Check a scene with the real clients; by check and host."""
        self.imitation.set_scene(scene)
        found = azure_findings(
            open_azure, inventory or self.inventory, self.clock, self.told.append
        )
        return {(finding.check_id, finding.host): finding for finding in found}

    def changed(self, **changes: object) -> Inventory:
        """Give the inventory with other settings in its section."""
        return replace(self.inventory, azure=replace(self.settings, **changes))  # type: ignore[arg-type] # any of its fields


def not_passed(findings: Findings) -> dict[tuple[str, str | None], CheckOutcome]:
    """Give the outcomes of everything that is not well."""
    return {
        key: finding.outcome
        for key, finding in findings.items()
        if finding.outcome is not CheckOutcome.PASSED
    }


@contextmanager
def azure_world(files: AzureFiles, folder: Path) -> Generator[AzureWorld]:
    """Start an imitation of the how-to's scene, and stop it at the end."""
    scene = AzureScene()
    with AzureImitation(files, ADDRESS, scene) as imitation:
        section = azure_section(files, imitation.base_url, scene)
        path = folder / "azure.yml"
        with path.open("w", encoding="utf-8") as file:
            YAML().dump({"azure": section}, file)
        yield AzureWorld(
            imitation=imitation,
            inventory=read_inventory([EXAMPLE, path]),
            files=files,
        )


@pytest.fixture(scope="session")
def azure_files(tmp_path_factory: pytest.TempPathFactory) -> AzureFiles:
    """Certificates of the imitation, made once."""
    return issue_azure_files(tmp_path_factory.mktemp("azure"), ADDRESS)


@pytest.fixture
def azure(azure_files: AzureFiles, tmp_path: Path) -> Generator[AzureWorld]:
    """The imitation, running, and an inventory that leads to it."""
    with azure_world(azure_files, tmp_path) as world:
        yield world
