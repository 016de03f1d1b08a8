"""Every sabotage is done to the lab and has to be found out from outside, by the program alone."""

from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import PLAYBOOK, Laboratory
from tests.system.wire.proofs import PAIR, healed_verdicts, is_clean, verdicts, words

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    ("fault", "diagnosis"),
    [
        ("esp-dropped=host1", "ESP blocked on the way"),
        ("other-methods", "no common method"),
        ("large-dropped=host1", "large packets are lost on the way"),
        ("ike-dropped=host1", "IKE unanswered"),
    ],
)
def test_sabotage_is_found_out_and_named(lab: Laboratory, fault: str, diagnosis: str) -> None:
    """Whatever is done to the wire or to one member, both directions name it."""
    lab.fault("vm1", fault)
    lab.apply()
    pairs = verdicts(lab, *PAIR, code=2)
    lab.fault("vm1")
    healed = healed_verdicts(lab, *PAIR)

    assert words(pairs) == {
        "host1>vm1": ("no answer", diagnosis),
        "vm1>host1": ("no answer", diagnosis),
    }
    assert {pair["verdict"] for pair in healed} == {"encrypted"}
    assert is_clean(lab)


def test_a_member_without_the_policy_is_named(lab: Laboratory) -> None:
    """One whose agent does not run has the policy in its registry and not in force."""
    lab.fault("vm1", "policyagent-stopped")
    lab.play("apply", "--yes", "--json")
    pairs = verdicts(lab, *PAIR, code=2)
    lab.fault("vm1")

    assert words(pairs) == {
        "host1>vm1": ("no answer", "policy absent on one side"),
        "vm1>host1": ("no answer", "policy absent on one side"),
    }


def test_fallback_to_clear_is_named(lab: Laboratory, tmp_path: Path) -> None:
    """Where the playbook allows clear and IKE does not pass, traffic flows, and it is said how."""
    text = PLAYBOOK.read_text(encoding="utf-8")
    soft = tmp_path / PLAYBOOK.name
    soft.write_text(
        text.replace("allow_fallback: false", "allow_fallback: true").replace(
            "accept_inbound: false", "accept_inbound: true"
        ),
        encoding="utf-8",
    )
    lab.apply(playbook=soft)
    lab.fault("vm1", "ike-dropped=host1")
    pairs = verdicts(lab, *PAIR, code=2, playbook=soft)
    lab.fault("vm1")

    assert {pair["verdict"] for pair in pairs} == {"clear"}
    # The second flow finds a key exchange going on, and need not begin one that could be seen.
    assert "fallback to clear" in {pair["diagnosis"] for pair in pairs}


def test_lying_members_are_found_out(lab: Laboratory) -> None:
    """Both report associations and send in clear: the wire says otherwise."""
    lab.apply()
    verdicts(lab, *PAIR, code=0)
    for host in ("vm1", "host1"):
        lab.fault(host, "lies")
    pairs = verdicts(lab, *PAIR, code=2)
    for host in ("vm1", "host1"):
        lab.fault(host)

    false = "associations are reported, but clear packets were seen"
    assert words(pairs) == {"host1>vm1": ("clear", false), "vm1>host1": ("clear", false)}


def test_one_lying_member_is_found_out(lab: Laboratory) -> None:
    """What it sends in clear is dropped by the other, whatever associations it reports."""
    lab.apply()
    verdicts(lab, *PAIR, code=0)
    lab.fault("vm1", "lies")
    pairs = verdicts(lab, *PAIR, code=2)
    lab.fault("vm1")

    false = "associations are reported, but clear packets were seen"
    assert words(pairs)["vm1>host1"] == ("no answer", false)
    assert words(pairs)["host1>vm1"][0] == "no answer"


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write a copy of the how-to's playbook in which something is wrong."""
    text = PLAYBOOK.read_text(encoding="utf-8")
    for right, wrong in changes:
        assert right in text
        text = text.replace(right, wrong)
    path = folder / PLAYBOOK.name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_missing_return_direction_is_named(lab: Laboratory, tmp_path: Path) -> None:
    """Filters that are not mirrored let the answers go in clear, whoever begins."""
    playbook = changed(tmp_path, ("mirrored: true", "mirrored: false"))
    lab.apply(playbook=playbook)
    pairs = verdicts(lab, *PAIR, "--timeout", "20", code=2, playbook=playbook)

    one_way = "no filter matches one direction of the flow"
    assert words(pairs) == {"host1>vm1": ("mixed", one_way), "vm1>host1": ("mixed", one_way)}
    assert all(pair["answered"] for pair in pairs)


def test_a_wrong_subnet_is_named(lab: Laboratory, tmp_path: Path) -> None:
    """What the domain has is for another network than what the playbook says."""
    wrong = changed(
        tmp_path,
        ("destination: on-premises", "destination: 10.2.28.0/25"),
        ("source: on-premises", "source: 10.2.28.0/25"),
    )
    lab.apply(playbook=wrong)
    pairs = verdicts(lab, *PAIR, code=2)

    unmatched = "no filter of one side matches the flow"
    assert words(pairs) == {"host1>vm1": ("clear", unmatched), "vm1>host1": ("clear", unmatched)}


def test_a_second_unprotected_path_is_named(lab: Laboratory) -> None:
    """Where the hosts reach each other by other addresses too, that is clear and is said."""
    second = {"vm1": "10.9.0.20", "host1": "10.9.0.10"}

    def with_second(content: dict[str, Any]) -> None:
        for name, address in second.items():
            content["hosts"][name]["addresses"].append(address)

    for host, address in second.items():
        lab.fault(host, f"address={address}")
    lab.apply()
    inventory = lab.variant("second-path", with_second)
    pairs = verdicts(lab, *PAIR, "--timeout", "20", code=2, inventory=inventory)
    for host in second:
        lab.fault(host)
    closed = verdicts(lab, "--pairs", "vm1:host1", code=0)

    found = {
        (pair["source_address"], pair["destination_address"]): (pair["verdict"], pair["diagnosis"])
        for pair in pairs
    }
    around = ("clear", "a second path that no filter matches")
    assert found["10.0.1.20", "10.2.27.10"] == ("encrypted", None)
    assert found["10.2.27.10", "10.0.1.20"] == ("encrypted", None)
    assert found["10.9.0.20", "10.9.0.10"] == around
    assert found["10.9.0.10", "10.9.0.20"] == around
    assert {pair["verdict"] for pair in closed} == {"encrypted"}
    assert is_clean(lab)
