"""Hosts that are broken from the start: by the inventory, and by the command line."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.system.conftest import Laboratory, MakeLab, document, outcomes

INVENTORY = Path(__file__).parents[2] / "inventory"


@pytest.fixture(scope="module")
def broken(make_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """A lab in which vm1 is broken by an inventory and vm2 by an option."""
    yaml = YAML()
    folder = tmp_path_factory.mktemp("inventory")
    for file in INVENTORY.glob("*.yml"):
        content = yaml.load(file)
        if "hosts" in content:
            content["hosts"]["vm1"]["variables"] = {"lab_faults": ["access-denied"]}
        yaml.dump(content, folder / file.name)
    return make_lab("broken", "-i", str(folder), "--fault", "vm2:refused")


@pytest.mark.timeout(300)
def test_faults_come_from_the_inventory_and_from_the_command_line(broken: Laboratory) -> None:
    """Either way the host is broken from the start, and others are well."""
    said = broken.play("apply", "--yes", "--json")

    assert said.returncode == 3, said.stderr
    found = {host: member["outcome"] for host, member in outcomes(document(said)).items()}
    assert found["host1"] == "done"
    assert {found["vm1"], found["vm2"]} <= {"failed", "unknown"}

    for name in ("vm1", "vm2"):
        assert broken.orchestrate("lab", "fault", name).returncode == 0
    assert broken.play("apply", "--yes").returncode == 0
