"""Proofs on the lab's real wire: what goes over it is real IKE and ESP, and tcpdump is the judge."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.evidence_folder import verify_evidence
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.record_view import read_record
from ipsec_orchestrator.model.evidence import Verdict
from ipsec_orchestrator.report.record_page import record_page
from tests.lab.wire.on_the_wire import Sniffer
from tests.system.conftest import PLAYBOOK, POLICY, Laboratory, document
from tests.system.wire.proofs import PAIR, esp_numbers, is_clean, packets, verdicts, words

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]


def test_clear_before_encrypted_after(
    any_lab: Laboratory, sniff: Callable[[Laboratory], Sniffer], tmp_path: Path
) -> None:
    """The same port is clear before and ESP after; a sniffer that is not ours counts the same."""
    lab = any_lab
    before = verdicts(lab, "--control", "--port", "8080", *PAIR, code=0)
    lab.apply()
    with sniff(lab) as sniffer:
        kept = ("--evidence", str(tmp_path / "evidence"), "--keep-payload")
        after = verdicts(lab, *kept, *PAIR, code=0)
        sniffer.stop()
        clear = sniffer.lines("tcp port 8080")
    control = verdicts(lab, "--control", *PAIR, code=0)

    assert words(before) == {"host1>vm1": ("clear", None), "vm1>host1": ("clear", None)}
    assert words(after) == {"host1>vm1": ("encrypted", None), "vm1>host1": ("encrypted", None)}
    assert words(control) == {"host1>vm1": ("clear", None), "vm1>host1": ("clear", None)}
    assert clear == []
    for flow in after:
        way = f"esp and src {flow['source_address']} and dst {flow['destination_address']}"
        on_the_wire = set(sniffer.lines(way))
        sent, received = (
            packets(tmp_path / "evidence", flow[end], way) for end in ("source", "destination")
        )
        # A packet that a busy machine loses between a guest and the bridge was sent all the same.
        assert received
        assert esp_numbers(received) <= esp_numbers(on_the_wire) <= esp_numbers(sent)
    assert {found["encryption"] for flow in after for found in flow["associations"]} == {"3DES"}
    assert any("pre-shared key" in note for flow in after for note in flow["notes"])
    assert is_clean(lab)


def test_all_pairs_both_ways(lab: Laboratory, tmp_path: Path) -> None:
    """After apply all four flows of the how-to are encrypted; the evidence folder is written."""
    lab.apply()
    pairs = verdicts(lab, "--evidence", str(tmp_path / "evidence"), code=0)

    assert set(words(pairs)) == {"host1>vm1", "vm1>host1", "host1>vm2", "vm2>host1"}
    assert {pair["verdict"] for pair in pairs} == {"encrypted"}
    evidence = tmp_path / "evidence"
    assert verify_evidence(evidence) == ()
    (policy,) = json.loads((evidence / "policy.json").read_text(encoding="utf-8"))
    assert POLICY in json.dumps(policy)
    assert json.loads((evidence / "verdicts.json").read_text("utf-8"))["pairs"] == pairs
    page = (evidence / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"(src|href)=.?(https?:|//)", page)
    for number in range(1, 5):
        (told,) = evidence.glob(f"flows/{number:03d}-*/told.json")
        assert len(list(told.parent.glob("*.pcapng"))) == 2
        ends = json.loads(told.read_text(encoding="utf-8"))
        assert {event["id"] for event in ends["source"]["events"]} >= {5451}
        assert ends["source"]["associations"]
    record = read_record(StatePlace(folder=lab.state_dir), datetime.now(UTC))
    newest = record.proofs[0]
    assert newest.evidence == str(evidence)
    assert [flow.verdict for flow in newest.flows if flow.tells] == [Verdict.ENCRYPTED] * 4
    assert "4 of 4 flows encrypted" in record_page(record)


def test_udp_is_proved_like_tcp(any_lab: Laboratory, tmp_path: Path) -> None:
    """A filter on a UDP port gives flows that are encrypted too; what it costs the hosts is said."""
    text = PLAYBOOK.read_text(encoding="utf-8")
    assert "protocol: tcp" in text
    playbook = tmp_path / PLAYBOOK.name
    playbook.write_text(text.replace("protocol: tcp", "protocol: udp"), encoding="utf-8")
    any_lab.apply(playbook=playbook)
    options = ("--json", "--pairs", "vm1:host1", "--timeout", "30")
    said = any_lab.play("prove", *options, playbook=playbook)
    pairs = document(said)["pairs"]

    assert said.returncode == 0, said.stdout + said.stderr
    assert words(pairs) == {"host1>vm1": ("encrypted", None), "vm1>host1": ("encrypted", None)}
    assert {(pair["protocol"], pair["port"]) for pair in pairs} == {("udp", 8080)}
    assert "a capture of at most 8 MB cut off at 128 bytes a packet" in said.stderr
    assert "everything is gone after" in said.stderr
