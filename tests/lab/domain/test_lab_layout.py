"""Paths, addresses and names of a lab."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.lab.domain.layout import MAX_MEMBERS, DomainHost, LabLayout

LAYOUT = LabLayout(state_dir=Path("/state"), name="demo", network=50)


def test_addresses_of_the_running_example() -> None:
    """The DC is 127.N.0.1 and members count from 127.N.1.1."""
    assert LAYOUT.dc_address == IPv4Address("127.50.0.1")
    assert LAYOUT.member_address(0) == IPv4Address("127.50.1.1")
    assert LAYOUT.member_address(253) == IPv4Address("127.50.1.254")
    assert LAYOUT.member_address(254) == IPv4Address("127.50.2.1")


@given(st.sets(st.integers(0, MAX_MEMBERS - 1), min_size=2, max_size=20))
def test_members_have_addresses_of_their_own(indexes: set[int]) -> None:
    """No two members share an address, none has the DC's, and all lie in the lab's block."""
    addresses = {LAYOUT.member_address(index) for index in indexes}

    assert len(addresses) == len(indexes)
    assert LAYOUT.dc_address not in addresses
    assert all(address in IPv4Network("127.50.0.0/16") for address in addresses)
    assert all(address.packed[3] not in (0, 255) for address in addresses)


@pytest.mark.parametrize("index", [-1, MAX_MEMBERS])
def test_more_members_than_addresses_are_refused(index: int) -> None:
    """Beyond the block there is an error that names the limit."""
    with pytest.raises(UsageError, match=str(MAX_MEMBERS)):
        LAYOUT.member_address(index)


def test_everything_lies_in_the_folder_of_the_lab() -> None:
    """Every path of a lab is below state/lab/name, so that removing that removes all."""
    paths = [
        value
        for name in dir(LabLayout)
        if isinstance(value := getattr(LAYOUT, name), Path) and name != "state_dir"
    ]

    assert len(paths) > 15
    assert all(path.is_relative_to("/state/lab/demo") for path in paths)


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", "Demo", "läb", "a b", "x" * 31])
def test_names_that_are_no_folder_names_are_refused(name: str) -> None:
    """A lab's name can't climb out of the state folder or clash by case."""
    with pytest.raises(UsageError, match="lower-case"):
        LabLayout(state_dir=Path("/state"), name=name, network=50)


def test_host_is_named_as_in_the_directory() -> None:
    """Full name and account follow from the short name; dc1 is the domain controller."""
    host = DomainHost(name="vm1", address=IPv4Address("127.50.1.2"))

    assert (host.fqdn, host.account) == ("vm1.ipsectest.com", "VM1$")
    assert not host.is_domain_controller
    assert DomainHost(name="dc1", address=LAYOUT.dc_address).is_domain_controller
