"""A real domain for every test of the lab that wants one."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipsec_orchestrator.lab.domain.claim import claim_layout
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.layout import DomainHost, LabLayout
from ipsec_orchestrator.lab.domain.prerequisites import missing_prerequisites
from tests.lacking import lacking

CLIENT_TOOLS = ("ldapsearch", "ldbsearch", "smbclient", "openssl", "unshare")


def lab_hosts(layout: LabLayout) -> list[DomainHost]:
    """The four hosts of the running example."""
    members = ("host1", "vm1", "vm2")
    return [
        DomainHost(name="dc1", address=layout.dc_address),
        *(
            DomainHost(name=name, address=layout.member_address(index))
            for index, name in enumerate(members)
        ),
    ]


@pytest.fixture(scope="session")
def _lab_can_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    missing = missing_prerequisites(tmp_path_factory.getbasetemp())
    if missing:
        lacking("; ".join(item.sentence for item in missing))
    tools = [tool for tool in CLIENT_TOOLS if shutil.which(tool) is None]
    if tools:
        lacking(f"independent clients are missing: {' '.join(tools)}")


@pytest.fixture(scope="session")
def domain_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the domains of this session find an empty one to start from."""
    return tmp_path_factory.mktemp("cache") / "domains"


@pytest.fixture(scope="session")
def samba_domain(
    _lab_can_run: None, domain_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Domain]:
    """A running domain with dc1, host1, vm1 and vm2; whoever changes it resets it.

    Its folder has a path that is too long for a Unix socket, below one that only root may enter.
    """
    state_dir = tmp_path_factory.mktemp("state") / ("long" * 30)
    layout = claim_layout(state_dir, "shared")
    domain = Domain.create(layout, lab_hosts(layout), cache_dir=domain_cache)
    try:
        domain.start()
        yield domain
    finally:
        domain.destroy()


@pytest.fixture
def fresh_domain(_lab_can_run: None, domain_cache: Path, tmp_path: Path) -> Iterator[Domain]:
    """A domain of its own, provisioned and not started, destroyed after the test."""
    layout = claim_layout(tmp_path, f"own-{os.getpid()}")
    domain = Domain.create(layout, lab_hosts(layout), cache_dir=domain_cache)
    try:
        yield domain
    finally:
        domain.destroy()
