"""Verdicts as a JSON document, as rows and as one line a probe."""

import json
from typing import cast

from ipsec_orchestrator.proof.judge import judge
from ipsec_orchestrator.report.lines import Tone
from ipsec_orchestrator.report.proof_rows import probe_line, proof_rows, proof_to_json
from tests.proof_scene import CONTROL, clear, requests, scene

PROMISED = {
    "source",
    "destination",
    "protocol",
    "port",
    "verdict",
    "diagnosis",
    "reason",
    "sent",
    "answered",
    "esp_packets",
    "clear_packets",
    "associations",
    "notes",
}
IN_CLEAR = scene(
    sent=requests(large=False),
    both={"frames": (clear(), clear(back=True)), "associations": ()},
)


def test_the_document_has_what_was_promised() -> None:
    """Each pair has every promised field, and associations tell SPIs and algorithms."""
    found = proof_to_json([judge(scene(destination={"notes": ("in the lab",)})), judge(IN_CLEAR)])
    document = cast("dict[str, list[dict[str, object]]]", json.loads(json.dumps(found)))

    first, second = document["pairs"]
    assert first.keys() >= PROMISED
    assert (first["source"], first["destination"], first["port"]) == ("vm1", "host1", 8080)
    assert (first["verdict"], first["sent"], first["answered"]) == ("encrypted", 2, 2)
    assert (first["esp_packets"], first["clear_packets"]) == (2, 0)
    assert first["notes"] == ["in the lab"]
    associations = cast("list[dict[str, object]]", first["associations"])
    assert {(item["encryption"], item["integrity"]) for item in associations} == {("3DES", "SHA1")}
    assert (second["verdict"], second["esp_packets"], second["clear_packets"]) == ("clear", 0, 2)
    assert second["associations"] == []


def test_clear_is_bad_news_for_a_flow_and_good_news_for_a_control() -> None:
    """The meaning of a row depends on what the flow ought to be."""
    frames = (clear(port=8081), clear(port=8081, back=True))
    control = scene(flow=CONTROL, both={"frames": frames})

    rows = proof_rows([judge(scene()), judge(IN_CLEAR), judge(control)])

    assert [tone for _, tone in rows] == [Tone.GOOD, Tone.BAD, Tone.GOOD]
    assert rows[1][0][:6] == ("vm1", "host1", "TCP 8080", "clear", "1/2", "0")


def test_a_probe_line_tells_time_status_milliseconds_and_verdict() -> None:
    """One line a probe, like the article's script; what failed is named."""
    fine = probe_line(scene(), judge(scene())).text
    failed = probe_line(IN_CLEAR, judge(IN_CLEAR)).text

    assert fine.startswith("2026-11-23 09:30:00")
    for part in ("vm1 -> host1 TCP 8080", "200", "12 ms", "encrypted"):
        assert part in fine
    assert "ConnectTimeout" in failed
    assert failed.endswith("clear")
