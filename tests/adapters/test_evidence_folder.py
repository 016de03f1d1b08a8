"""The evidence folder: whole or not at all, without payload, and every change is found."""

import json
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.ipsec import ESP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw
from scapy.utils import PcapNgReader

from ipsec_orchestrator.adapters.evidence_captures import pcapng_of
from ipsec_orchestrator.adapters.evidence_folder import (
    MANIFEST,
    PAGE,
    verify_evidence,
    write_evidence,
)
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.evidence import Frame
from ipsec_orchestrator.model.evidence_files import EvidenceFile, EvidenceRun
from ipsec_orchestrator.proof.frames import parse_frame
from ipsec_orchestrator.proof.headers import without_payload
from tests.proof_scene import (
    BEGIN,
    FLOW,
    MAIN_MODE,
    NONCES,
    clear,
    framed,
    ike,
    ip,
    scene,
)

RUN = EvidenceRun(
    run_id="4f1c",
    tool_version="0.1.0",
    domain="ipsectest.com",
    playbook="azure-onpremises",
    policy="policy-azure-onpremises",
    began_at=BEGIN,
    ended_at=BEGIN + timedelta(seconds=94),
)
LEAKING = scene(source={"frames": (clear(text=NONCES[0]), clear(back=True, second=2.5))})


def _page(files: tuple[EvidenceFile, ...]) -> str:
    return "<!DOCTYPE html>" + " ".join(found.name for found in files)


def _write(folder: Path, run: EvidenceRun = RUN) -> tuple[EvidenceFile, ...]:
    return write_evidence(folder, run, [LEAKING], {"verdicts": {"pairs": []}, "policy": {}}, _page)


def _captured(folder: Path, pattern: str = "source-*.pcapng") -> list[Packet]:
    (file,) = folder.rglob(pattern)
    with PcapNgReader(str(file)) as reader:
        return list(reader)


def test_the_folder_holds_everything_and_only_for_this_user(tmp_path: Path) -> None:
    """Captures of both ends, what they told, documents, page, manifest; modes 700 and 600."""
    folder = tmp_path / "evidence"

    files = _write(folder)

    below = "flows/001-vm1-host1-8080"
    names = {found.relative_to(folder).as_posix() for found in folder.rglob("*") if found.is_file()}
    assert names == {
        MANIFEST,
        PAGE,
        "policy.json",
        "verdicts.json",
        f"{below}/told.json",
        f"{below}/source-vm1.pcapng",
        f"{below}/destination-host1.pcapng",
    }
    assert {found.name for found in files} == names - {MANIFEST}
    for found in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(found.stat().st_mode) == (0o700 if found.is_dir() else 0o600)
    assert [found.name for found in tmp_path.iterdir()] == ["evidence"]
    assert verify_evidence(folder) == ()
    told = json.loads((folder / below / "told.json").read_text(encoding="utf-8"))
    assert told["source"]["associations"][0]["outbound_spi"] == "0xc1a2b3c4"


def test_payload_is_not_kept_unless_asked(tmp_path: Path) -> None:
    """The text of a request is in no file of the folder; with keep_payload the frame is whole."""
    _write(tmp_path / "headers")
    _write(tmp_path / "whole", replace(RUN, keeps_payload=True))

    text = NONCES[0].encode()
    captures = [found.read_bytes() for found in (tmp_path / "headers").rglob("*.pcapng")]
    assert not [content for content in captures if text in content]
    assert bytes(_captured(tmp_path / "whole")[0]) == (LEAKING.source.frames or ())[0].content


def test_captures_are_read_back_by_other_tools(tmp_path: Path) -> None:
    """Scapy finds headers, times and real lengths; the interface bears the host's name."""
    folder = tmp_path / "evidence"
    _write(folder)

    first, second = _captured(folder)

    assert (first[IP].src, first[TCP].dport) == ("10.0.1.20", 8080)
    assert float(second.time) == (BEGIN + timedelta(seconds=2.5)).timestamp()
    assert first.wirelen == (LEAKING.source.frames or ())[0].original_length


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_reads_the_captures(tmp_path: Path) -> None:
    """Wireshark's own reader finds the SPIs of the associations in the capture."""
    folder = tmp_path / "evidence"
    _write(folder)
    (file,) = folder.rglob("destination-*.pcapng")

    fields = ["-T", "fields", "-e", "frame.interface_name", "-e", "esp.spi"]
    found = subprocess.run(
        ["tshark", "-r", str(file), *fields], capture_output=True, text=True, check=True
    )

    lines = [line.split("\t") for line in found.stdout.splitlines()]
    assert {line[0] for line in lines} == {"host1"}
    assert {line[1] for line in lines if len(line) > 1} - {""} == {"0xc1a2b3c4", "0x0badcafe"}


def _append(folder: Path) -> None:
    with (folder / "verdicts.json").open("a", encoding="utf-8") as stream:
        stream.write(" ")


def _forge(folder: Path) -> None:
    """Change a file and its hash in the manifest."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"] = [found for found in manifest["files"] if found["name"] != "policy.json"]
    (folder / "policy.json").unlink()
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize(
    ("tamper", "complaint"),
    [
        (_append, "verdicts.json was changed."),
        (lambda folder: (folder / PAGE).unlink(), "page.html is missing."),
        (lambda folder: (folder / "more.txt").write_text("x"), "more.txt is not in the manifest."),
        (_forge, "manifest.json was changed."),
        (lambda folder: (folder / MANIFEST).write_text("{}"), "manifest.json is no manifest"),
        (lambda folder: (folder / MANIFEST).unlink(), "manifest.json can't be read"),
    ],
    ids=["changed", "missing", "added", "forged", "emptied", "no manifest"],
)
def test_every_change_is_found(
    tamper: Callable[[Path], Any],
    complaint: str,
    tmp_path: Path,
) -> None:
    """A changed, missing, added or forged file is named."""
    folder = tmp_path / "evidence"
    _write(folder)

    tamper(folder)

    (found,) = verify_evidence(folder)
    assert found.startswith(complaint)


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    """Evidence is never mixed with something else."""
    (tmp_path / "mine.txt").write_text("x")

    with pytest.raises(UsageError, match="is there already"):
        _write(tmp_path)

    assert [found.name for found in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    """Whatever stops the writing, nothing that looks like evidence remains."""

    def stops(_: tuple[EvidenceFile, ...]) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_evidence(tmp_path / "evidence", RUN, [LEAKING], {}, stops)

    assert not list(tmp_path.iterdir())


def test_names_of_hosts_lead_nowhere_else(tmp_path: Path) -> None:
    """A host called like a path is a file below the folder all the same."""
    strange = replace(LEAKING, flow=replace(FLOW, source="../../x", destination="CON:/"))

    files = write_evidence(tmp_path / "evidence", RUN, [strange], {}, _page)

    assert not [found.name for found in files if ".." in found.name or ":" in found.name]
    assert verify_evidence(tmp_path / "evidence") == ()


@pytest.mark.parametrize(
    ("frame", "kept"),
    [
        (framed(ip() / TCP(options=[("Timestamp", (1, 2))]) / Raw(b"secret")), 14 + 20 + 32),
        (framed(ip() / UDP(dport=53) / Raw(b"secret")), 14 + 20 + 8),
        (framed(ip() / ESP(spi=9, data=b"secret" * 9)), 14 + 20 + 8),
        (framed(ip() / UDP(sport=4500, dport=4500) / ESP(spi=9, data=b"secret")), 14 + 20 + 16),
        (framed(Ether() / IP(proto=1) / Raw(b"secret")), 14 + 20),
        (framed(Ether() / ARP()), 14),
    ],
    ids=["tcp", "udp", "esp", "nat-t", "icmp", "arp"],
)
def test_frames_are_cut_off_behind_their_headers(frame: Frame, kept: int) -> None:
    """Each kind of packet keeps its headers and nothing of what was said."""
    found = without_payload(frame)

    assert len(found.content) == kept
    assert b"secret" not in found.content
    assert found.original_length == frame.original_length


def test_key_exchange_is_kept_whole() -> None:
    """The negotiation is evidence itself and carries nobody's data."""
    assert without_payload(ike(MAIN_MODE)) == ike(MAIN_MODE)


@given(st.binary(max_size=160))
def test_any_bytes_can_be_cut_off_and_written(noise: bytes) -> None:
    """Cutting off never adds, never changes what a packet is, and any result can be written."""
    for start in (b"", bytes(12) + b"\x08\x00\x45", bytes(12) + b"\x86\xdd\x60"):
        frame = Frame(captured_at=BEGIN, content=start + noise, original_length=999)
        found = without_payload(frame)
        assert frame.content.startswith(found.content)
        before, after = parse_frame(frame.content), parse_frame(found.content)
        if before is not None and after is not None:
            assert (before.source, before.spi) == (after.source, after.spi)
        assert pcapng_of("host", [found], "test")
