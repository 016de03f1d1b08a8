"""``doctor`` where the hosts have a real wire: what it tries of the way goes over that."""

import pytest

from tests.system.conftest import PLAYBOOK, Laboratory, document

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]


def findings(lab: Laboratory, *options: str) -> tuple[int, dict[tuple[str, str | None], str]]:
    """Run it; give the exit code, and the outcome by check and host."""
    said = lab.orchestrate("doctor", PLAYBOOK, "-i", lab.inventory, "--json", *options)
    assert "Traceback" not in said.stderr
    found = document(said)["findings"]
    return said.returncode, {(item["id"], item["host"]): item["outcome"] for item in found}


def failed(found: dict[tuple[str, str | None], str]) -> set[tuple[str, str | None]]:
    """What failed where."""
    return {key for key, outcome in found.items() if outcome == "failed"}


def test_a_fresh_lab_has_nothing_to_complain_of(any_lab: Laboratory) -> None:
    """All is well before and after apply: hosts on the wire and the DC beside it are reached."""
    before = findings(any_lab)
    any_lab.apply()
    after = findings(any_lab)

    for code, found in (before, after):
        assert failed(found) == set()
        assert "unknown" not in found.values()
        assert found["connectivity.tcp", "vm1"] == "passed"
        assert found["connectivity.path-mtu", "vm1"] == "passed"
        assert code == 0


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("all-dropped=host1", "connectivity.tcp"),
        ("large-dropped=host1", "connectivity.path-mtu"),
        ("port-blocked=8080", "connectivity.tcp"),
    ],
)
def test_what_is_broken_on_the_wire_is_found(any_lab: Laboratory, fault: str, check: str) -> None:
    """Packets that the wire swallows are found by the check of that way."""
    any_lab.fault("vm1", fault)
    code, found = findings(any_lab, "--only", "connectivity")
    any_lab.fault("vm1")

    assert {name for name, _ in failed(found)} == {check}
    assert (check, "vm1") in failed(found)
    assert code == 2
