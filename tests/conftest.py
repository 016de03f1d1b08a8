"""What all tests share: how hypothesis runs, golden files, and the how-to as values."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ipsec_orchestrator.adapters.specification import read_inventory, read_playbook
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import Playbook
from tests.leftovers import Leftovers, leave_caches_alone
from tests.worlds import MemoryDomain, memory_domain

ROOT = Path(__file__).parents[1]

# What is started in the background by a shell ignores Ctrl-C, and so would the programs under test.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Before anything is imported that looks for its cache.
leave_caches_alone(ROOT / ".pytest_cache" / "programs")

# A busy machine is no reason to fail, so examples have no deadline.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Golden files change only when somebody says so; the difference is then reviewed."""
    parser.addoption(
        "--update-cases",
        action="store_true",
        default=False,
        help="write what was found into the golden files",
    )
    parser.addoption(
        "--every-point",
        action="store_true",
        default=False,
        help="kill the real process at every point, not at those that fit into a few minutes",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes come first, so that no worker is alone with one at the end."""
    long = ROOT / "tests" / "system"
    items.sort(key=lambda item: long not in item.path.parents)


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No process, file, port, lab or network namespace outlives the run."""
    leftovers = Leftovers(tmp_path_factory.getbasetemp())
    leftovers.redirect()
    yield
    left = leftovers.found()
    if left:
        pytest.fail("The tests left this behind:\n" + "\n".join(left), pytrace=False)


@pytest.fixture
def update_cases(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--update-cases"))


@pytest.fixture(scope="session")
def howto_inventory() -> Inventory:
    """The inventory of the how-to."""
    return read_inventory([ROOT / "inventory"])


@pytest.fixture(scope="session")
def howto(howto_inventory: Inventory) -> Playbook:
    """The playbook of the how-to."""
    return read_playbook(ROOT / "playbooks" / "azure-onpremises.yml", howto_inventory)


@pytest.fixture
def domain(howto_inventory: Inventory) -> MemoryDomain:
    """The how-to's domain in memory, before anything was applied."""
    return memory_domain(howto_inventory)
