"""Selectors: which hosts a text of --limit means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.codec.selectors import members_of, select
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.inventory import Domain, Host, HostRole, Inventory
from ipsec_orchestrator.model.policy import GpoWish, Playbook

ROOT = "DC=ipsectest,DC=com"


def make_host(name: str, role: HostRole, ou: str | None, *groups: str) -> Host:
    return Host(
        name=name,
        role=role,
        fqdn=f"{name}.ipsectest.com",
        ou=f"{ou},{ROOT}" if ou else None,
        groups=frozenset(groups),
    )


INVENTORY = Inventory(
    domain=Domain(name="ipsectest.com"),
    hosts=(
        make_host("dc1", HostRole.DOMAIN_CONTROLLER, "OU=Domain Controllers"),
        make_host("host1", HostRole.ON_PREMISES, "OU=IPSecOU", "web"),
        make_host("vm1", HostRole.AZURE_VM, "OU=Web,OU=IPSecOU", "web", "first"),
        make_host("vm2", HostRole.AZURE_VM, None),
    ),
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("vm1", ["vm1"]),
        ("VM2,host1", ["host1", "vm2"]),
        ("vm1.ipsectest.com", ["vm1"]),
        ("vm*", ["vm1", "vm2"]),
        ("?????", ["host1"]),
        ("*.ipsectest.com", ["dc1", "host1", "vm1", "vm2"]),
        ("role=azure-vm", ["vm1", "vm2"]),
        ("role=on-*,dc1", ["dc1", "host1"]),
        ("group=web", ["host1", "vm1"]),
        ("group=WEB,!vm1", ["host1"]),
        ("!role=azure-vm", ["dc1", "host1"]),
        ("! vm1 , vm*", ["vm2"]),
        ("vm1,role=azure-vm,group=web,!host1", ["vm1", "vm2"]),
        ("*,!xyz*", ["dc1", "host1", "vm1", "vm2"]),
        ("ou=IPSecOU", ["host1", "vm1"]),
        ("ou=web", ["vm1"]),
        ("ou=OU=Web,OU=IPSecOU", ["vm1"]),
        (f"ou=OU=IPSecOU,{ROOT},vm2", ["host1", "vm1", "vm2"]),
        (f"vm2,!ou=OU=Web,OU=IPSecOU,{ROOT},host1", ["host1", "vm2"]),
        ("ou=IPSec*,ou=Domain*", ["dc1", "host1", "vm1"]),
    ],
)
def test_selection_is_a_union_in_inventory_order(text: str, names: list[str]) -> None:
    """Terms are united, exclusions taken away, and the inventory's order kept."""
    assert [host.name for host in select(INVENTORY, text)] == names


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("vm3", "no host 'vm3'. Did you mean 'vm"),
        ("!hots1", "Did you mean 'host1'?"),
        ("vm9*", "no host 'vm9*'"),
        ("role=azure", "Did you mean 'azure-vm'?"),
        ("group=wbe", "Did you mean 'web'?"),
        ("ou=IPSecO", "Did you mean 'IPSecOU'?"),
        ("rol=azure-vm", "'rol=' in the selector 'rol=azure-vm' is unknown"),
        ("rol=azure-vm", "Did you mean 'role'?"),
        ("role=", "nothing behind 'role='"),
        ("", "empty term"),
        ("vm1,,vm2", "empty term"),
        ("!", "empty term"),
        ("vm1,!vm*", "leaves no host"),
    ],
)
def test_a_selector_that_means_nothing_is_refused(text: str, fragment: str) -> None:
    """Unknown names, malformed terms and empty results are told, with a near match."""
    with pytest.raises(UsageError) as caught:
        select(INVENTORY, text)

    assert fragment in str(caught.value)


@given(st.text(alphabet="vm12host!,=*?[]role groupu\\DC", max_size=30))
def test_any_text_selects_or_is_refused(text: str) -> None:
    """Whatever is typed, the answer is hosts of the inventory or a UsageError."""
    try:
        chosen = select(INVENTORY, text)
    except UsageError:
        return

    assert chosen
    assert list(chosen) == [host for host in INVENTORY.hosts if host in chosen]


def make_playbook(ou: str, members: str) -> Playbook:
    return Playbook(
        name="p",
        gpo=GpoWish(name="g", ou=f"{ou},{ROOT}".lstrip(",")),
        filter_actions=(),
        filter_lists=(),
        policies=(),
        assignment=None,
        members=members,
    )


@pytest.mark.parametrize(
    ("ou", "members", "names"),
    [
        ("OU=IPSecOU", "", ["host1", "vm1"]),
        ("ou=ipsecou", "", ["host1", "vm1"]),
        ("OU=Web,OU=IPSecOU", "", ["vm1"]),
        ("", "", ["host1", "vm1"]),
        ("OU=Elsewhere", "", []),
        ("OU=Elsewhere", "dc1,vm2", ["dc1", "vm2"]),
    ],
)
def test_members_of_a_playbook(ou: str, members: str, names: list[str]) -> None:
    """A playbook's members are its selector's, or the hosts below its OU without controllers."""
    chosen = members_of(INVENTORY, make_playbook(ou, members))

    assert [host.name for host in chosen] == names
