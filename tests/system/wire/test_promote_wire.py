"""Request first on the lab's real wire: clear while it may be, measured, and then only ESP."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import PLAYBOOK, Laboratory, Said, document
from tests.system.wire.proofs import PAIR, verdicts

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

BOTH = {("vm1", "host1"), ("host1", "vm1")}


@pytest.fixture
def requested(tmp_path: Path) -> Path:
    """The how-to in mode request."""
    path = tmp_path / PLAYBOOK.name
    path.write_text(f"mode: request\n{PLAYBOOK.read_text(encoding='utf-8')}", encoding="utf-8")
    return path


def measured(said: Said) -> dict[tuple[str, str], dict[str, Any]]:
    """What was measured, by flow."""
    assert "Traceback" not in said.stderr
    pairs: list[dict[str, Any]] = document(said)["pairs"]
    return {(pair["source"], pair["destination"]): pair for pair in pairs}


def measured_with(lab: Laboratory, text: str, seconds: float = 60) -> Said:
    """Measure until an evidence says that; a key exchange takes its time to be given up."""
    deadline = time.monotonic() + seconds
    while True:
        said = lab.play("promote", "--json")
        if text in said.stdout or time.monotonic() > deadline:
            return said


def send(lab: Laboratory, playbook: Path) -> None:
    """Send traffic of every flow; the first packets may go in clear, which is no failure here."""
    lab.play("prove", "--json", "--timeout", "30", playbook=playbook)


def measured_after_traffic(
    lab: Laboratory,
    playbook: Path,
    seconds: float = 200,
) -> Said:
    """Send and measure until all is well; a key exchange that is given up just then is no news."""
    deadline = time.monotonic() + seconds
    while True:
        send(lab, playbook)
        said = lab.play("promote", "--json", playbook=playbook)
        if said.returncode == 0 or time.monotonic() > deadline:
            return said


def test_from_request_to_require(any_lab: Laboratory, requested: Path) -> None:
    """A member without the policy speaks in clear and is refused; with all well it goes through."""
    lab = any_lab
    lab.fault("vm1", "refused")
    lab.play("apply", "--yes", "--json", playbook=requested)
    lab.fault("vm1")
    clear = verdicts(lab, *PAIR, code=2, playbook=requested)
    refused = lab.play("promote", "--json", "--yes")
    unmeasured = lab.play("apply", "--yes", "--json")

    assert {pair["verdict"] for pair in clear} == {"clear"}
    assert {pair["answered"] for pair in clear} == {clear[0]["sent"]}
    assert refused.returncode == 2, refused.stderr
    found = measured(refused)
    assert {found[pair]["measured"] for pair in BOTH} == {"falls back"}
    assert found["vm1", "host1"]["evidence"] == [
        "vm1: No IPsec policy is assigned by Group Policy."
    ]
    assert "--limit vm1" in found["vm1", "host1"]["cure"]
    assert document(refused)["plan"] is None
    assert unmeasured.returncode == 1
    assert "orchestrate promote" in document(unmeasured)["error"]

    lab.apply("--limit", "vm1", playbook=requested)
    only_measured = measured_after_traffic(lab, requested)
    assert only_measured.returncode == 0, only_measured.stdout
    found = measured(only_measured)
    # A direction whose first exchange was given up may not have asked again yet.
    assert {pair["measured"] for pair in found.values()} <= {"encrypted", "no traffic seen"}
    assert "encrypted" in {found[pair]["measured"] for pair in BOTH}
    assert document(only_measured)["plan"] is None
    assert "mode: require" in only_measured.stderr

    promoted = lab.play("promote", "--json", "--yes")
    assert promoted.returncode == 0, promoted.stderr
    assert document(promoted)["promotable"] is True
    warnings = {warning["code"] for warning in document(promoted)["plan"]["warnings"]}
    assert "measured" in warnings
    assert "unmeasured" not in warnings

    again = lab.play("promote", "--json", "--yes")
    proved = verdicts(lab, code=0)
    assert again.returncode == 0
    assert "Nothing to promote" in again.stderr
    assert {pair["verdict"] for pair in proved} == {"encrypted"}


def test_a_failing_key_exchange_is_evidence(lab: Laboratory, requested: Path) -> None:
    """Both have the policy, IKE does not pass: the pair falls back, the others are encrypted."""
    lab.apply(playbook=requested)
    lab.fault("vm1", "ike-dropped=host1")
    send(lab, requested)
    said = measured_with(lab, "key exchange (main mode) failed")
    lab.fault("vm1")

    assert said.returncode == 2, said.stdout
    found = measured(said)
    assert "falls back" in {found[pair]["measured"] for pair in BOTH}
    assert "prove" in json.dumps([found[pair]["cure"] for pair in BOTH])
    assert {found[pair]["measured"] for pair in found.keys() - BOTH} == {"encrypted"}


def test_what_is_not_audited_is_unknown(
    any_lab: Laboratory,
    requested: Path,
    tmp_path: Path,
) -> None:
    """Without traffic and without auditing nobody knows; a saved plan needs the risk in words."""
    lab = any_lab
    lab.apply(playbook=requested)
    quiet = lab.play("promote", "--json")
    lab.fault("vm1", "no-audit")
    unknown = lab.play("promote", "--json")
    plan = tmp_path / "plan.json"
    accepted = lab.play("promote", "--json", "--accept-unknown", "vm1:host1", "--out", str(plan))
    lab.fault("vm1")
    applied = lab.orchestrate("apply", str(plan), "-i", lab.inventory, "--yes", "--json")

    assert quiet.returncode == 0, quiet.stdout
    assert {pair["measured"] for pair in measured(quiet).values()} == {"no traffic seen"}
    assert unknown.returncode == 3, unknown.stdout
    found = measured(unknown)
    assert {found[pair]["measured"] for pair in BOTH} == {"unknown"}
    assert "audited" in found["vm1", "host1"]["unseen"][0]
    assert {found[pair]["measured"] for pair in found.keys() - BOTH} == {"no traffic seen"}
    assert accepted.returncode == 0, accepted.stderr
    assert applied.returncode == 0, applied.stderr
