"""The scripts of a proof in the PowerShell engine: real sockets on loopback, Windows' own commands imitated."""

import base64
import json
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ipsec_orchestrator.adapters.scripts import script_text
from tests.lacking import lacking
from tests.proof_scene import clear, esp

RUN_ID = "0123456789abcdef0123456789abcdef"
OWN = f"ipsec_orchestrator-{RUN_ID}"
NONCES = ["a" * 32, "b" * 32]
VM1, HOST1 = "10.0.1.20", "10.2.27.10"
RunScript = Callable[..., Any]

CALL = """
$parameters = @{}
$given = ConvertFrom-Json -InputObject $env:TEST_PARAMETERS
foreach ($item in $given.PSObject.Properties) { $parameters[$item.Name] = $item.Value }
& ([scriptblock]::Create([System.IO.File]::ReadAllText($env:TEST_SCRIPT))) @parameters
"""
FIREWALL = """
function global:New-NetFirewallRule {
    param($Name, $DisplayName, $Group, $Direction, $Action, $Enabled, $Profiles, $Protocol, $LocalPort, $RemoteAddress)
    Set-Content -LiteralPath (Join-Path $env:ProgramData 'rule.txt') -Value "$Name $Protocol $LocalPort $RemoteAddress"
}
function global:Remove-NetFirewallRule {
    [CmdletBinding()] param($Name)
    Remove-Item -LiteralPath (Join-Path $env:ProgramData 'rule.txt')
}
""".replace("$Profiles", "[Alias('Profile')] $Profiles")


class Engine:
    """Runs scripts in the engine, with a prelude of imitated commands."""

    def __init__(self, powershell: str, folder: Path) -> None:
        self.folder = folder
        self._powershell = powershell

    def start(
        self, name: str, parameters: Mapping[str, Any], prelude: str = ""
    ) -> subprocess.Popen[bytes]:
        """Start a script."""
        script, init = self.folder / f"{name}.ps1", self.folder / "init.ps1"
        script.write_text(script_text(name), encoding="utf-8")
        init.write_text(prelude, encoding="utf-8")
        return subprocess.Popen(
            [self._powershell, "-NoProfile", "-NonInteractive", "-Command", CALL],
            env={
                **os.environ,
                "PSLAB_INIT": str(init),
                "PSLAB_PRETEND_51": "1",
                "ProgramData": str(self.folder),
                "TEST_SCRIPT": str(script),
                "TEST_PARAMETERS": json.dumps(parameters),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, name: str, parameters: Mapping[str, Any], prelude: str = "") -> Any:  # noqa: ANN401 - JSON
        """Run a script and give its answer."""
        with self.start(name, parameters, prelude) as child:
            said, errors = child.communicate(timeout=60)
        assert child.returncode == 0, errors.decode()
        return json.loads(said)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """The engine, with a folder that is %ProgramData%."""
    powershell = os.environ.get("IPSEC_LAB_POWERSHELL", "")
    if not powershell:
        lacking("IPSEC_LAB_POWERSHELL does not name a PowerShell")
    return Engine(powershell, tmp_path)


def records(*found: tuple[bytes, int, int]) -> str:
    """A Get-WinEvent that gives these fragments: content, layer, keywords."""
    texts = [
        f"@{{ C = '{base64.b64encode(content).decode()}'; L = {layer}; K = {keywords} }}"
        for content, layer, keywords in found
    ]
    return f"""
function global:Get-WinEvent {{
    [CmdletBinding()] param([string[]] $Path, [switch] $Oldest)
    foreach ($item in @({", ".join(texts)})) {{
        [PSCustomObject] @{{
            Id = 1001
            ProviderName = 'Microsoft-Windows-NDIS-PacketCapture'
            TimeCreated = Get-Date
            Keywords = [long] $item.K
            Properties = @(
                [PSCustomObject] @{{ Value = 4 }}
                [PSCustomObject] @{{ Value = $item.L }}
                [PSCustomObject] @{{ Value = 1 }}
                [PSCustomObject] @{{ Value = [Convert]::FromBase64String($item.C) }}
            )
        }}
    }}
}}
"""


FIRST, LAST = 0x40000000, 0x80000000
WHOLE = FIRST | LAST
READ = {"RunId": RUN_ID, "LocalAddress": VM1, "PeerAddress": HOST1, "MaximumFrames": 10}


def contents(answer: Any) -> list[bytes]:  # noqa: ANN401 - JSON
    """The frames of an answer."""
    return [base64.b64decode(frame["content"]) for frame in answer["frames"]]


def test_a_frame_of_several_layers_is_one(engine: Engine) -> None:
    """What each layer of the adapter logs is given once; a real repetition stays."""
    one, other = esp().content, esp(back=True).content
    answer = engine.run(
        "capture_read",
        READ,
        records(
            (one, 4, WHOLE),
            (one, 7, WHOLE),
            (other, 4, WHOLE),
            (other, 4, WHOLE),
            (other, 7, WHOLE),
            (other, 7, WHOLE),
        ),
    )

    assert contents(answer) == [one, other, other]
    assert answer["problem"] is None


def test_fragments_of_a_frame_are_joined(engine: Engine) -> None:
    """First, middle and last part make one frame, whatever other layers log in between."""
    frame = clear(text="c" * 32).content
    answer = engine.run(
        "capture_read",
        READ,
        records(
            (frame[:40], 4, FIRST),
            (frame[:40], 7, FIRST),
            (frame[40:60], 4, 0),
            (frame[60:], 4, LAST),
            (frame[40:], 7, LAST),
        ),
    )

    assert contents(answer) == [frame]


def test_records_without_marks_are_whole_frames(engine: Engine) -> None:
    """Where no keyword tells first and last, every record stands for itself."""
    one, other = esp().content, esp(back=True).content
    answer = engine.run("capture_read", READ, records((one, 4, 0), (other, 4, 0)))

    assert contents(answer) == [one, other]


def test_frames_of_others_are_left_out_and_too_many_are_counted(engine: Engine) -> None:
    """Only frames of the pair are given, at most as many as wanted, and the rest is a number."""
    foreign = (
        bytes(14) + bytes.fromhex("4500001c0000000040110000") + bytes((9, 9, 9, 9, 8, 8, 8, 8))
    )
    own = [clear(text=f"{number:032x}").content for number in range(4)]
    answer = engine.run(
        "capture_read",
        {**READ, "MaximumFrames": 3},
        records((foreign, 4, WHOLE), *((frame, 4, WHOLE) for frame in own)),
    )

    assert contents(answer) == own[:3]
    assert answer["left_out"] == 1


def block(kind: int, body: bytes) -> bytes:
    """A block of a pcapng file."""
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


@pytest.mark.parametrize("resolution", [6, 9, 0x80 | 20])
def test_a_capture_of_pktmon_is_read_from_pcapng(engine: Engine, resolution: int) -> None:
    """Equal packets are one, foreign ones none, and times have the resolution that the file names."""
    own = [esp().content, clear(text="d" * 32).content]
    foreign = bytes(14) + bytes.fromhex("4500001c0000000040110000") + bytes(range(8))
    rate = (2 if resolution & 0x80 else 10) ** (resolution & 0x7F)
    ticks = 1_795_000_000 * rate + rate // 4
    file = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    # Option 9 is the resolution; option 2, the name, is filled up to four bytes.
    options = struct.pack("<HH5s3xHHB3xHH", 2, 5, b"nic-1", 9, 1, resolution, 0, 0)
    file += block(1, struct.pack("<HHI", 1, 0, 0) + options)
    for content in (own[0], own[0], foreign, own[1]):
        sizes = (len(content), len(content) + 9)
        head = struct.pack("<IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, *sizes)
        file += block(6, head + content + bytes(-len(content) % 4))
    folder = engine.folder / OWN
    folder.mkdir()
    (folder / "pktmon.txt").touch()
    (folder / "capture.pcapng").write_bytes(file)
    answer = engine.run("capture_read", READ)

    assert contents(answer) == own
    assert answer["problem"] is None
    moments = {datetime.fromisoformat(frame["time"]) for frame in answer["frames"]}
    assert {round(moment.timestamp(), 3) for moment in moments} == {1_795_000_000.25}


def test_a_capture_of_pktmon_that_was_not_turned_into_pcapng_is_a_problem(engine: Engine) -> None:
    """It is never taken for an empty capture."""
    folder = engine.folder / OWN
    folder.mkdir()
    (folder / "pktmon.txt").touch()
    answer = engine.run("capture_read", READ)

    assert answer["frames"] == []
    assert answer["problem"]


BUSY_PKTMON = """
function global:pktmon {
    Add-Content -LiteralPath (Join-Path $env:ProgramData 'words.txt') -Value ($args -join ' ')
    $global:LASTEXITCODE = 0
    switch ("$args") {
        'status' { STATUS }
        'filter list' { FILTERS }
        'start help' { '--capture --comp --pkt-size --file-name --file-size' }
    }
}
Set-Alias -Name 'pktmon.exe' -Value 'pktmon' -Scope Global
"""
RUNS = "'Der Paketmonitor wird ausgefuehrt.'; ''; '  Dateiname:  C:\\theirs.etl'"
RUNS_NOT = "'Der Paketmonitor wird nicht ausgefuehrt.'"
NO_FILTER = "'Paketfilter:'; '    Keine'"
FILTER = "'  # Name    Protokoll Port'; '  - ----    --------- ----'; '  1 theirs  TCP         25'"
START = {"RunId": RUN_ID, "PeerAddress": VM1, "TruncationBytes": 128, "MaximumMegabytes": 8}


def words(engine: Engine) -> list[str]:
    """The command lines of pktmon."""
    return (engine.folder / "words.txt").read_text(encoding="utf-8").split("\n")


@pytest.mark.parametrize(
    ("status", "filters", "others"),
    [
        (RUNS, NO_FILTER, ["pktmon"]),
        (RUNS_NOT, FILTER, ["pktmon filter"]),
        (RUNS_NOT, NO_FILTER, []),
    ],
)
def test_pktmon_of_somebody_else_is_let_be(
    engine: Engine, status: str, filters: str, others: list[str]
) -> None:
    """A capture that runs and a filter are known by the shape of the output, in any language."""
    (engine.folder / OWN).mkdir()
    prelude = BUSY_PKTMON.replace("STATUS", status).replace("FILTERS", filters)
    answer = engine.run("capture_start", START, prelude)

    assert answer["others"] == others
    assert answer["capturing"] is (not others)
    assert answer["by"] == (None if others else "pktmon")
    assert any(line.startswith("start --capture --comp nics") for line in words(engine)) is (
        not others
    )


@pytest.mark.parametrize("script", ["capture_stop", "proof_end"])
@pytest.mark.parametrize(("file", "stops"), [("C:\\theirs.etl", False), (OWN, True)])
def test_only_our_capture_of_pktmon_is_stopped(
    engine: Engine, script: str, file: str, *, stops: bool
) -> None:
    """What goes into a file of somebody else began after ours had ended, and goes on."""
    (engine.folder / OWN).mkdir()
    (engine.folder / OWN / "pktmon.txt").touch()
    status = RUNS.replace("C:\\theirs.etl", f"C:\\ProgramData\\{file}\\capture.etl")
    prelude = BUSY_PKTMON.replace("STATUS", status).replace("FILTERS", NO_FILTER)
    engine.run(script, {"RunId": RUN_ID}, prelude + LEFT_OVER)

    assert ("stop" in [line.strip() for line in words(engine)]) is stops


LEFT_OVER = """
function global:Get-CimInstance { [CmdletBinding()] param($ClassName, $Filter) }
function global:Get-NetFirewallRule { [CmdletBinding()] param($Name) }
function global:Get-NetEventSession { [CmdletBinding()] param() }
function global:Get-ScheduledTask { [CmdletBinding()] param($TaskName) }
"""
OLD_PKTMON = """
function global:pktmon {
    Add-Content -LiteralPath (Join-Path $env:ProgramData 'words.txt') -Value ($args -join ' ')
    $global:LASTEXITCODE = 0
    switch ("$args") {
        'status' { 'Packet Monitor laeuft nicht.' }
        'filter list' { 'Paketfilter:'; '    Keine' }
        'start help' { 'pktmon start [--etw] [-p size]' }
    }
}
Set-Alias -Name 'pktmon.exe' -Value 'pktmon' -Scope Global
"""


def test_a_pktmon_of_another_version_is_let_be(engine: Engine) -> None:
    """Where it lacks an option that is needed, it is not started, and the option is named."""
    answer = engine.run(
        "capture_start",
        START,
        OLD_PKTMON,
    )

    assert not answer["capturing"]
    assert answer["problem"] == "pktmon has no option --capture"
    assert not any(line.startswith("start --") for line in words(engine))


def test_an_empty_capture_is_no_failure(engine: Engine) -> None:
    """Windows says "no events" as an error."""
    answer = engine.run(
        "capture_read",
        READ,
        """
function global:Get-WinEvent {
    [CmdletBinding()] param([string[]] $Path, [switch] $Oldest)
    $reason = [System.Exception]::new('nichts')
    $PSCmdlet.ThrowTerminatingError([System.Management.Automation.ErrorRecord]::new($reason, 'NoMatchingEventsFound', 'ObjectNotFound', $null))
}
""",
    )

    assert answer == {"frames": [], "left_out": 0, "problem": None}


EVENTS = """
function global:auditpol.exe {
    $file = ([string] $args[1]).Substring(6)
    Set-Content -LiteralPath $file -Value @(
        'Computername,Richtlinienziel,Unterkategorie,GUID,Einstellung,Ausnahme,Wert',
        'VM1,System,"IPsec-Hauptmodus, alt",{0CCE9218-69AE-11D9-BED3-505054503030},Keine,,0',
        'VM1,System,IPsec-Schnellmodus,{0cce9219-69ae-11d9-bed3-505054503030},Erfolg,,1'
    )
}
function global:Get-WinEvent {
    [CmdletBinding()] param([hashtable] $FilterHashtable, [long] $MaxEvents)
    if ($FilterHashtable['Id'] -notcontains 5451) {
        $reason = [System.Exception]::new('nichts')
        $PSCmdlet.ThrowTerminatingError([System.Management.Automation.ErrorRecord]::new($reason, 'NoMatchingEventsFound', 'ObjectNotFound', $null))
    }
    foreach ($peer in '10.2.27.10', '10.2.27.11') {
        $record = [PSCustomObject] @{ Id = 5451; TimeCreated = Get-Date; Peer = $peer }
        Add-Member -InputObject $record -MemberType ScriptMethod -Name ToXml -PassThru -Value {
            "<Event><EventData><Data Name='RemoteAddress'>$($this.Peer)</Data><Data Name='InboundSpi'>4096</Data></EventData></Event>"
        }
    }
}
"""


def test_events_of_the_pair_and_what_is_audited(engine: Engine) -> None:
    """Settings are told by number whatever the language; events of other peers are left out."""
    before = set(Path("/tmp").glob("tmp*.tmp"))  # noqa: S108 - where .NET makes its files
    answer = engine.run(
        "ipsec_events",
        {
            "PeerAddress": HOST1,
            "AssociationSeconds": 3600,
            "FailureSeconds": 60,
            "MaximumEvents": 9,
        },
        EVENTS,
    )

    assert answer["problem"] is None
    assert answer["audited"] == {"main_mode": 0, "quick_mode": 1, "driver": None}
    assert [event["fields"] for event in answer["events"]] == [
        {"RemoteAddress": HOST1, "InboundSpi": "4096"},
    ]
    assert set(Path("/tmp").glob("tmp*.tmp")) <= before  # noqa: S108 - as above


@contextmanager
def server(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    """A TCP service on loopback that reads a whole request and answers; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with closing(connection):
                    connection.settimeout(10)
                    content = b""
                    while b"\r\n\r\n" not in content or len(content) < wanted(content):
                        content += connection.recv(65536)
                    connection.sendall(answer(content))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def wanted(content: bytes) -> int:
    """The length of a whole request."""
    head, _, _ = content.partition(b"\r\n\r\n")
    (length,) = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
    return len(head) + 4 + int(length.split()[1])


def whole(content: bytes) -> bytes:
    """What the listener answers."""
    body = content.partition(b"\r\n\r\n")[2]
    digest = sha256(body).hexdigest().upper().encode()
    return (
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Digest: %s\r\n\r\n" % (len(body), digest)
    ) + bytes(len(body))


def ask(port: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters
    """Parameters of proof_request.ps1 to a port of loopback."""
    return {
        "SourceAddress": "127.0.0.1",
        "Address": "127.0.0.1",
        "Port": port,
        "Protocol": "TCP",
        "Nonces": NONCES,
        "Sizes": [1000, 120_000],
        "TimeoutMilliseconds": 5000,
        **changes,
    }


def test_requests_arrive_whole_and_are_answered(engine: Engine) -> None:
    """Small and large ones carry their random text in the first line and a body of their size."""
    seen: list[bytes] = []

    def answer(content: bytes) -> bytes:
        seen.append(content)
        return whole(content)

    with server(answer) as port:
        found = engine.run("proof_request", ask(port))["requests"]

    assert [content.split()[1].decode() for content in seen] == [f"/{nonce}" for nonce in NONCES]
    assert [len(content.partition(b"\r\n\r\n")[2]) for content in seen] == [1000, 120_000]
    assert [(r["answered"], r["status"], r["error"]) for r in found] == [(True, 200, None)] * 2
    assert all(r["milliseconds"] > 0 for r in found)


@pytest.mark.parametrize(
    ("change", "error", "status"),
    [
        (lambda text: text[:-1], "AnswerCutOff", 200),
        (lambda _: b"HTTP/1.1 200 OK\r\nContent-Le", "AnswerCutOff", 200),
        (lambda _: b"SSH-2.0-x\r\n", "NoHttpAnswer", None),
        (
            lambda _: b"HTTP/1.1 200 OK\r\nX-Digest: " + b"0" * 64 + b"\r\n\r\n",
            "DigestDiffers",
            200,
        ),
    ],
    ids=["last byte missing", "head cut off", "another protocol", "another content"],
)
def test_a_faulty_answer_is_none(
    engine: Engine, change: Callable[[bytes], bytes], error: str, status: int | None
) -> None:
    """An answer that is cut off, or of another content, does not count, and says what it lacks."""
    with server(lambda content: change(whole(content))) as port:
        (found,) = engine.run("proof_request", ask(port, Nonces=NONCES[:1], Sizes=[500]))[
            "requests"
        ]

    assert (found["answered"], found["error"], found["status"]) == (False, error, status)


def test_a_service_of_somebody_else_answers_as_well(engine: Engine) -> None:
    """Without a digest any whole HTTP answer counts, whatever its status."""
    with server(lambda _: b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n") as port:
        (found,) = engine.run("proof_request", ask(port, Nonces=NONCES[:1], Sizes=[500]))[
            "requests"
        ]

    assert (found["answered"], found["status"]) == (True, 405)


def test_errors_are_words_of_no_language(engine: Engine) -> None:
    """A refused connection and a silent service are told by name."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            refused = closed.getsockname()[1]
        one = engine.run("proof_request", ask(refused, Nonces=NONCES[:1], Sizes=[500]))
        parameters = ask(
            silent.getsockname()[1], Nonces=NONCES[:1], Sizes=[500], TimeoutMilliseconds=500
        )
        other = engine.run("proof_request", parameters)

    assert one["requests"][0]["error"] == "ConnectionRefused"
    assert other["requests"][0]["answered"] is False
    assert other["requests"][0]["error"] == "TimedOut"


def test_datagrams_are_repeated_until_answered(engine: Engine) -> None:
    """The first may be lost while the two sides still negotiate."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind(("127.0.0.1", 0))
        service.settimeout(30)
        seen: list[bytes] = []

        def serve() -> None:
            while len(seen) < 3:
                content, sender = service.recvfrom(65535)
                seen.append(content)
                if len(seen) > 1:
                    service.sendto(content, sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        parameters = ask(service.getsockname()[1], Protocol="UDP", Sizes=[500, 30_000])
        found = engine.run("proof_request", parameters)["requests"]
        thread.join(10)

    assert [r["answered"] for r in found] == [True, True]
    assert [content[:32].decode() for content in seen] == [NONCES[0], NONCES[0], NONCES[1]]
    assert [len(content) for content in seen] == [500, 500, 30_000]


@contextmanager
def listener(engine: Engine, protocol: str, seconds: int) -> Iterator[tuple[int, Path]]:
    """A running proof_listener.ps1 on loopback; gives its port and folder."""
    kind = socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = engine.folder / OWN
    folder.mkdir()
    order = {
        "name": OWN,
        "folder": str(folder),
        "protocol": protocol,
        "port": port,
        "local_address": "127.0.0.1",
        "peer_address": HOST1,
        "lifetime_seconds": seconds,
    }
    encoded = base64.b64encode(json.dumps(order).encode()).decode()
    with engine.start("proof_listener", {"Order": encoded}, FIREWALL) as child:
        said = folder / "listener.txt"
        while not said.exists() or not said.read_text(encoding="ascii"):
            assert child.poll() is None, child.communicate()[1].decode()
        assert said.read_text(encoding="ascii").strip() == "listening"
        yield port, folder
        child.communicate(timeout=60)


def test_the_listener_notes_down_what_it_answers(engine: Engine) -> None:
    """It lets in one peer, answers as many bytes as came with their digest, and ends when told."""
    request = b"POST /%s HTTP/1.1\r\nContent-Length: 120000\r\n\r\n" % NONCES[0].encode()
    with listener(engine, "TCP", 60) as (port, folder):
        rule = (engine.folder / "rule.txt").read_text(encoding="ascii").split()
        with socket.create_connection(("127.0.0.1", port), 10) as half:
            half.sendall(b"POST /x")
        with socket.create_connection(("127.0.0.1", port), 20) as connection:
            connection.sendall(request + bytes(120_000))
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        received = (folder / "received.txt").read_text(encoding="ascii").split()
        (folder / "stop.txt").touch()

    assert rule == [OWN, "TCP", str(port), HOST1]
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert sha256(bytes(120_000)).hexdigest().upper().encode() in answer
    assert len(answer.partition(b"\r\n\r\n")[2]) == 120_000
    assert received == NONCES[:1]
    assert not (engine.folder / "rule.txt").exists()


def test_the_listener_ends_by_itself(engine: Engine) -> None:
    """When its time is over it ends and takes its rule away, although nobody told it to."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        listener(engine, "UDP", 3) as (port, folder),
    ):
        client.settimeout(10)
        client.sendto(b"noise", ("127.0.0.1", port))
        client.sendto(NONCES[1].encode() + bytes(9), ("127.0.0.1", port))
        answer = client.recv(100)

    assert answer == NONCES[1].encode() + bytes(9)
    assert (folder / "received.txt").read_text(encoding="ascii").split() == NONCES[1:]
    assert not (engine.folder / "rule.txt").exists()
