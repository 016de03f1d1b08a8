"""Files and readers that the tests of inventory and playbook share."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias

import pytest

from ipsec_orchestrator.adapters.specification import read_inventory, read_playbook
from ipsec_orchestrator.errors import Problem, SpecificationError
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import Playbook

ROOT = Path(__file__).parents[3]

ReadInventory: TypeAlias = Callable[[str], Inventory]
ReadPlaybook: TypeAlias = Callable[[str], Playbook]
Problems: TypeAlias = Callable[[str], list[Problem]]


@pytest.fixture
def root() -> Path:
    """The checkout, with its example files."""
    return ROOT


@pytest.fixture(scope="session")
def example_inventory() -> Inventory:
    """The example inventory of the checkout."""
    return read_inventory([ROOT / "inventory"])


@pytest.fixture
def inventory_of(tmp_path: Path) -> ReadInventory:
    """Read an inventory from its text."""

    def read(text: str) -> Inventory:
        path = tmp_path / "inventory.yml"
        path.write_text(dedent(text), encoding="utf-8")
        return read_inventory([path])

    return read


@pytest.fixture
def playbook_of(tmp_path: Path, example_inventory: Inventory) -> ReadPlaybook:
    """Read a playbook from its text, with the example inventory."""

    def read(text: str) -> Playbook:
        path = tmp_path / "playbook.yml"
        path.write_text(dedent(text), encoding="utf-8")
        return read_playbook(path, example_inventory)

    return read


@pytest.fixture
def inventory_problems(inventory_of: ReadInventory) -> Problems:
    """Give the problems of an inventory that has some."""

    def problems(text: str) -> list[Problem]:
        with pytest.raises(SpecificationError) as caught:
            inventory_of(text)
        return list(caught.value.problems)

    return problems


@pytest.fixture
def playbook_problems(playbook_of: ReadPlaybook) -> Problems:
    """Give the problems of a playbook that has some."""

    def problems(text: str) -> list[Problem]:
        with pytest.raises(SpecificationError) as caught:
            playbook_of(text)
        return list(caught.value.problems)

    return problems
