"""Ways back on the real domain: without a member, by hand, and what happens in the wrong order."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.adapters.specification import read_inventory
from ipsec_orchestrator.app.options import ConnectOptions
from ipsec_orchestrator.app.session import connected
from ipsec_orchestrator.codec import gpt_ini
from tests.system.conftest import (
    DOMAIN_DN,
    IP_SECURITY_DN,
    NEW_DOMAIN_GPOS,
    OU_DN,
    POLICY,
    Laboratory,
    document,
    outcomes,
    playbook_for,
)
from tests.system.test_system_members import impatient

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

OURS = "(adminDescription=ipsec_orchestrator playbook=*)"
GPUPDATE_SECONDS = 30


@pytest.fixture
def pair_lab(lab: Laboratory) -> Laboratory:
    """The fast lab after a reset, with no fault left by another test."""
    for host in lab.members:
        lab.fault(host)
    return lab


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """The how-to for two members."""
    return playbook_for(tmp_path, "vm1,vm2")


def gpupdate(lab: Laboratory, host: str, until: Callable[[], bool], *, force: bool = False) -> bool:
    """Refresh a host as its own timer or an administrator on it does; give what came of it."""
    inventory = read_inventory([lab.inventory])
    found = inventory.host(host)
    assert found is not None
    with connected(inventory, ConnectOptions()) as world:
        world.members.run(found, script_call("start_refresh", {"Force": force}))
        deadline = world.clock.monotonic_seconds() + GPUPDATE_SECONDS
        while not until() and world.clock.monotonic_seconds() < deadline:
            world.clock.wait(0.2)
    return until()


def gpo_dn(lab: Laboratory) -> str:
    """The DN of our GPO."""
    return f"CN={lab.gpo_id()},CN=Policies,CN=System,{DOMAIN_DN}"


def unassign_by_hand(lab: Laboratory) -> None:
    """Do what docs/in-practice/undo.md says under ADSI Edit: attributes, gpt.ini, version."""
    dn = gpo_dn(lab)
    place = f"CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine,{dn}"
    there = lab.search(place, scope="base")[place]
    cleared = "".join(
        f"delete: {name}\n-\n"
        for name in ("ipsecOwnersReference", "ipsecName", "description")
        if name in there
    )
    lab.modify(f"dn: {place}\nchangetype: modify\n{cleared}")
    folder = lab.sysvol / "ipsectest.com" / "Policies" / lab.gpo_id()
    (file,) = [found for found in folder.iterdir() if found.name.casefold() == "gpt.ini"]
    number = gpt_ini.version(file.read_bytes()).number
    text = file.read_bytes()
    assert text.count(b"Version=%d" % number) == 1
    file.write_bytes(text.replace(b"Version=%d" % number, b"Version=%d" % (number + 1)))
    lab.modify(
        f"dn: {dn}\nchangetype: modify\nreplace: versionNumber\nversionNumber: {number + 1}\n"
    )


def test_a_removal_ends_without_a_member_that_is_named(pair_lab: Laboratory, pair: Path) -> None:
    """Refused: all stays, 3. Left behind: the policy goes, the GPO stays until it is back."""
    lab = pair_lab
    lab.apply(playbook=pair)
    inventory = lab.variant("impatient", impatient)
    lab.fault("vm1", "refused")
    waiting = lab.play("remove", "--yes", "--json", playbook=pair, inventory=inventory)
    kept = lab.search(IP_SECURITY_DN, OURS, "dn", scope="one")
    ended = lab.play(
        "remove", "--yes", "--json", "--leave-behind", "vm1", playbook=pair, inventory=inventory
    )

    assert waiting.returncode == 3, waiting.stderr
    assert kept
    assert "vm1" in waiting.stderr
    assert ended.returncode == 0, ended.stderr
    warnings = {warning["code"] for warning in document(ended)["plan"]["warnings"]}
    assert "left-behind" in warnings
    assert not lab.search(IP_SECURITY_DN, OURS, "dn", scope="one")
    assert lab.gpo_count() == NEW_DOMAIN_GPOS + 1
    assert lab.gpo_id() in lab.search(OU_DN, scope="base")[OU_DN]["gPLink"][0].decode()
    assert lab.assigned_policy("vm1") == POLICY
    assert lab.assigned_policy("vm2") is None

    lab.fault("vm1")
    # It was away during all of it, and does what every member does by itself.
    assert gpupdate(lab, "vm1", lambda: lab.assigned_policy("vm1") is None)
    last = lab.play("remove", "--yes", "--json", playbook=pair)
    assert last.returncode == 0, last.stderr
    assert lab.gpo_count() == NEW_DOMAIN_GPOS


def test_a_member_that_was_away_is_refreshed_by_the_next_removal(
    pair_lab: Laboratory, pair: Path
) -> None:
    """It comes back with the policy, and the removal that was waiting for it takes it off."""
    lab = pair_lab
    lab.apply(playbook=pair)
    inventory = lab.variant("impatient", impatient)
    lab.fault("vm1", "refused")
    lab.play("remove", "--yes", "--leave-behind", "vm1", playbook=pair, inventory=inventory)
    lab.fault("vm1")
    said = lab.play("remove", "--yes", "--json", playbook=pair)

    assert said.returncode == 0, said.stderr
    assert outcomes(document(said))["vm1"]["outcome"] == "done"
    assert lab.assigned_policy("vm1") is None
    assert lab.gpo_count() == NEW_DOMAIN_GPOS


def test_unassigning_by_hand_as_the_page_says(pair_lab: Laboratory, pair: Path) -> None:
    """Three attributes, gpt.ini, versionNumber: members let go at a plain refresh."""
    lab = pair_lab
    lab.apply(playbook=pair)
    unassign_by_hand(lab)
    let_go = gpupdate(lab, "vm1", lambda: lab.assigned_policy("vm1") is None)
    said = lab.play("remove", "--yes", "--json", playbook=pair)

    assert let_go
    assert said.returncode == 0, said.stderr
    assert lab.assigned_policy("vm2") is None
    assert lab.gpo_count() == NEW_DOMAIN_GPOS


def test_objects_that_go_first_leave_a_member_with_its_cached_policy(
    pair_lab: Laboratory, pair: Path
) -> None:
    """The order that the page forbids: the member keeps what it has, until it is told properly."""
    lab = pair_lab
    lab.apply(playbook=pair)
    cached = lab.registry("vm1").below("Policy", "Cache").names()
    for dn in lab.search(IP_SECURITY_DN, OURS, "dn", scope="one"):
        lab.modify(f"dn: {dn}\nchangetype: delete\n")
    gpupdate(lab, "vm1", lambda: lab.assigned_policy("vm1") is None, force=True)

    assert lab.assigned_policy("vm1") == POLICY
    assert lab.registry("vm1").below("Policy", "Cache").names() == cached

    unassign_by_hand(lab)
    assert gpupdate(lab, "vm1", lambda: lab.assigned_policy("vm1") is None)
