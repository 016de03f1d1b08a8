"""``doctor`` on a domain with two controllers that really replicate."""

import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.system.conftest import PLAYBOOK, POLICIES_DN, Laboratory, MakeLab, document
from tests.system.second_controller import FQDN, SecondController

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

DEFAULT_POLICY = "{31B2F340-016D-11D2-945F-00C04FB984F9}"
PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="module")
def joined(make_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> SecondController:
    """A lab whose domain has a second controller; it does not run yet."""
    controller = SecondController(make_lab("replication"), tmp_path_factory.mktemp("dc2"))
    controller.join()
    return controller


def replication(lab: Laboratory) -> dict[str, Any]:
    """What doctor finds of it."""
    said = lab.orchestrate(
        "doctor", PLAYBOOK, "-i", lab.inventory, "--only", "ad.replication", "--json"
    )
    assert "Traceback" not in said.stderr
    (finding,) = document(said)["findings"]
    assert said.returncode == {"passed": 0, "failed": 2, "unknown": 3}[finding["outcome"]]
    return dict(finding)


def sooner_or_later(lab: Laboratory, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What doctor finds as soon as it is that, or at last."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not wanted(found := replication(lab)) and time.monotonic() < deadline:
        pass
    return found


def set_version(lab: Laboratory, version: int) -> None:
    """Give a GPO another version, on the first controller only."""
    (dn,) = lab.search(POLICIES_DN, f"(cn={DEFAULT_POLICY})", "dn", scope="one")
    lab.modify(f"dn: {dn}\nchangetype: modify\nreplace: versionNumber\nversionNumber: {version}\n")


def test_controllers_that_replicate_have_nothing_to_complain_of(joined: SecondController) -> None:
    """A change on the first one comes to the second, and both have the same GPOs."""
    lab = joined.lab
    with joined.running():
        set_version(lab, 65537)
        found = sooner_or_later(lab, lambda found: found["outcome"] == "passed")

    assert found["outcome"] == "passed", found
    assert "2 domain controllers have the same GPOs" in found["seen"]


def test_broken_replication_is_found_and_healed(joined: SecondController) -> None:
    """One that can't pull lacks a GPO's version and says so; apply waits; then all is well again."""
    lab = joined.lab
    with joined.running(reachable=False):
        set_version(lab, 65538)
        broken = sooner_or_later(lab, lambda found: "last failed to replicate" in found["seen"])
        refused = lab.play("apply", "--yes", "--limit", "vm1")
        joined.connect(reachable=True)
        healed = sooner_or_later(lab, lambda found: found["outcome"] == "passed")

    assert broken["outcome"] == "failed", broken
    assert f"{FQDN} last failed to replicate from" in broken["seen"]
    assert "do not have the same version of 1 GPOs" in broken["seen"]
    assert DEFAULT_POLICY.casefold() in broken["seen"].casefold()
    assert "repadmin" in broken["cure"]
    assert refused.returncode == 1
    assert "--skip-check ad.replication" in refused.stderr
    assert healed["outcome"] == "passed", healed


def copies(lab: Laboratory) -> set[tuple[str, str, str]]:
    """Word, DC and field of what drift says of other DCs; nothing is unknown."""
    said = lab.play("drift", "--json", "--limit", "vm1")
    found = document(said)
    assert found["unknown"] == [], said.stderr
    return {
        (each["kind"], each["name"], each["field"])
        for each in found["differences"]
        if each["thing"] == "replication"
    }


def test_drift_names_what_has_not_come_to_the_other_controller(joined: SecondController) -> None:
    """Samba copies no SYSVOL: its gpt.ini is pending until somebody has copied it."""
    lab = joined.lab
    with joined.running():
        lab.apply("--limit", "vm1", "--skip-check", "ad.replication")
        deadline = time.monotonic() + PATIENCE_SECONDS
        lacking = {("pending", FQDN, "version in gpt.ini")}
        while (before := copies(lab)) != lacking and time.monotonic() < deadline:
            pass
        folder = f"ipsectest.com/Policies/{lab.gpo_id()}"
        shutil.copytree(lab.sysvol / folder, joined.folder / "state" / "sysvol" / folder)
        after = copies(lab)
        # The next test finds the domain without a policy, as this one did.
        removed = lab.play("remove", "--yes", "--limit", "vm1")

    assert removed.returncode == 0, removed.stderr
    assert before == lacking
    assert after == set()


def test_a_controller_that_does_not_answer_is_unknown(joined: SecondController) -> None:
    """Nothing can be said of what it has; its name is told."""
    found = replication(joined.lab)

    assert found["outcome"] == "unknown"
    assert FQDN in found["seen"]
