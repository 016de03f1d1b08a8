"""Looks for drift that also prove on the wire: real traffic, in the lab with a wire."""

import json
from typing import Any

import pytest

from tests.system.conftest import Laboratory

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

PAIR = ("--limit", "vm1,host1")


def look(lab: Laboratory) -> tuple[int, dict[str, Any]]:
    """Exit code and document of a look that proves two flows."""
    said = lab.play("drift", "--json", *PAIR, "--prove", "sample:2")
    assert said.returncode in {0, 2, 3}, said.stderr
    return said.returncode, json.loads(said.stdout)


def test_blocked_traffic_is_drift_of_the_wire(lab: Laboratory) -> None:
    """Encrypted traffic is no difference; if ESP is dropped on the way, the wire is one."""
    lab.apply(*PAIR)
    well = look(lab)
    lab.fault("vm1", "esp-dropped=host1")
    code, found = look(lab)
    lab.fault("vm1")

    assert well == (0, {"record": well[1]["record"], "differences": [], "unknown": []})
    assert code == 2
    assert {(each["kind"], each["thing"]) for each in found["differences"]} == {("drift", "wire")}
    assert {each["name"] for each in found["differences"]} == {
        "vm1 to host1, TCP 8080",
        "host1 to vm1, TCP 8080",
    }
    assert all(each["expected"] == "encrypted" for each in found["differences"])


def test_unfit_words_are_usage_errors(lab: Laboratory) -> None:
    """Shares and samples that mean nothing are refused before anything is read."""
    for words in (("--prove", "sample:0"), ("--members", "sample:101%"), ("--members", "some")):
        said = lab.play("drift", *PAIR, *words)
        assert said.returncode == 64
        assert "Traceback" not in said.stderr
