"""Proofs on the lab's real wire: what goes over it is real IKE and ESP, and tcpdump is the judge."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.wire.on_the_wire import Sniffer
from tests.system.conftest import Laboratory
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
    assert (tmp_path / "evidence" / "manifest.json").exists()
