"""What hosts capture with, and that captures of somebody else are let be."""

from pathlib import Path

import pytest

from tests.system.conftest import Laboratory
from tests.system.wire.proofs import PAIR, is_clean, packets, verdicts, words

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

HOSTS = ("vm1", "host1")
CONTROL = ("--control", *PAIR)


def everywhere(lab: Laboratory, *faults: str) -> None:
    """Do the same to both hosts; nothing makes them well."""
    for host in HOSTS:
        lab.fault(host, *faults)


def test_pktmon_captures_where_the_cmdlets_are_missing(any_lab: Laboratory, tmp_path: Path) -> None:
    """On hosts in another language pktmon shows the same: clear before, ESP and nothing else after."""
    everywhere(any_lab, "no-capture-cmdlets", "locale=de-DE")
    before = verdicts(any_lab, "--port", "8080", *CONTROL, code=0)
    any_lab.apply()
    after = verdicts(any_lab, "--evidence", str(tmp_path / "evidence"), *PAIR, code=0)
    clean = is_clean(any_lab)
    everywhere(any_lab)

    assert words(before) == {"host1>vm1": ("clear", None), "vm1>host1": ("clear", None)}
    assert words(after) == {"host1>vm1": ("encrypted", None), "vm1>host1": ("encrypted", None)}
    assert all(any("pktmon captured" in note for note in pair["notes"]) for pair in after)
    for host in HOSTS:
        assert packets(tmp_path / "evidence", host, "esp")
        assert not packets(tmp_path / "evidence", host, "tcp")
    assert clean


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (("no-capture-cmdlets", "capture-taken"), "another capture session runs there (pktmon)"),
        (("no-capture-cmdlets", "pktmon-filter"), "pktmon has filters of somebody else"),
        (("no-capture-cmdlets", "no-pktmon"), "neither NetEventPacketCapture nor pktmon"),
        (("capture-taken",), "DiagnosticsOfSomebodyElse"),
    ],
)
def test_where_nothing_can_be_captured_nothing_is_disturbed(
    lab: Laboratory, faults: tuple[str, ...], reason: str
) -> None:
    """The verdict is unknown and says why; what was in the way is still there for a second proof."""
    everywhere(lab, *faults)
    both = [verdicts(lab, *CONTROL, code=3) for _ in range(2)]
    clean = is_clean(lab)
    everywhere(lab)

    for pairs in both:
        assert {pair["verdict"] for pair in pairs} == {"unknown"}
        assert all(reason in pair["reason"] for pair in pairs)
    assert clean
