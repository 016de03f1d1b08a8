"""The logs of the system, each read back by somebody who knows its format."""

import json
import os
import re
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
import syslog_rfc5424_parser  # type: ignore[import-untyped]  # it has no types

from ipsec_orchestrator.adapters.channels.journald import Journald
from ipsec_orchestrator.adapters.channels.log_target import log_channel
from ipsec_orchestrator.adapters.channels.windows_event_log import event_strings
from ipsec_orchestrator.errors import ChannelError, MissingDependencyError, UsageError
from ipsec_orchestrator.lab.azure.certificates import issue_azure_files
from ipsec_orchestrator.model.news import EVENT_NUMBERS, Announcement, EventKind, message_id
from ipsec_orchestrator.report.news.changes import news_of
from ipsec_orchestrator.report.news.words import WhereToLook, announcement_of
from tests.watch_passes import difference, watch_pass

HOSTILE = 'a"]\\ [x y="z"]\nMESSAGE=forged \N{GREEK SMALL LETTER ALPHA}'
HARMLESS = 'a"]\\ [x y="z"] MESSAGE=forged \N{GREEK SMALL LETTER ALPHA}'


@pytest.fixture
def announcement() -> Announcement:
    """An alarm, and a difference with a hostile name."""
    passes = [
        watch_pass(0),
        watch_pass(1, differences=[difference(name=HOSTILE)], alarms=("vm1 fights back.",)),
    ]
    return announcement_of(news_of(passes)[0], WhereToLook(playbook_file="p.yml"))


def parsed(message: bytes) -> Any:  # noqa: ANN401 - the parser has no types
    """Read a message as RFC 5424."""
    return syslog_rfc5424_parser.SyslogMessage.parse(message.decode())


def check(messages: list[bytes]) -> None:
    """Look whether these are the two events."""
    alarm, found = (parsed(message) for message in messages)

    assert (alarm.severity.name, found.severity.name) == ("err", "warning")
    assert {alarm.facility.name, found.facility.name} == {"daemon"}
    assert (alarm.appname, alarm.msgid) == ("ipsec_orchestrator", "alarm-raised")
    assert alarm.msg.lstrip("\ufeff") == "Alarm: vm1 fights back."
    assert found.timestamp.startswith("2026-11-26T09:30:12")
    assert found.msgid == "difference-found"
    name = found.sd["ipsec@32473"]["name"]
    assert re.sub(r'\\(["\\\]])', r"\1", name) == HARMLESS  # RFC 5424, 6.3.3
    assert found.sd["ipsec@32473"]["found"] == "tcp any to 80"


def test_syslog_by_udp_is_rfc_5424(announcement: Announcement) -> None:
    """A parser of that format finds the fields, and a hostile name is one of them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        log_channel(f"syslog://127.0.0.1:{server.getsockname()[1]}").tell(announcement)
        check([server.recv(65536), server.recv(65536)])


def test_syslog_by_the_socket_of_the_machine(announcement: Announcement, tmp_path: Path) -> None:
    """The path of another socket may be named."""
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(path))
        server.settimeout(10)
        log_channel(f"syslog:{path}").tell(announcement)
        check([server.recv(65536), server.recv(65536)])


def framed(content: bytes) -> list[bytes]:
    """Take messages apart that have their length in front."""
    found: list[bytes] = []
    while content:
        length, _, rest = content.partition(b" ")
        found.append(rest[: int(length)])
        content = rest[int(length) :]
    return found


@contextmanager
def stream_server(context: ssl.SSLContext | None) -> Iterator[tuple[int, list[bytes]]]:
    """Take one connection; give the port, and what came once the block is left."""
    taken: list[bytes] = []

    def serve() -> None:
        client, _ = listener.accept()
        client.settimeout(10)
        with client:
            try:
                secured = context.wrap_socket(client, server_side=True) if context else client
                with secured:
                    while part := secured.recv(65536):
                        taken.append(part)
            except OSError:
                return  # the client refused us, which is what one test wants

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1], taken
        finally:
            thread.join()


def test_syslog_by_tcp(announcement: Announcement) -> None:
    """Each message has its length in front."""
    with stream_server(None) as (port, taken):
        log_channel(f"syslog+tcp://127.0.0.1:{port}").tell(announcement)

    check(framed(b"".join(taken)))


def test_syslog_by_tls_checks_the_certificate(
    announcement: Announcement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of an unknown CA gets nothing; one of a CA that the system trusts gets all."""
    files = issue_azure_files(tmp_path / "ca", IPv4Address("127.0.0.1"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.server_file)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with (
        stream_server(context) as (port, refused),
        pytest.raises(ChannelError, match="certificate"),
    ):
        log_channel(f"syslog+tls://127.0.0.1:{port}").tell(announcement)
    monkeypatch.setenv("SSL_CERT_FILE", str(files.ca_file))
    with stream_server(context) as (port, taken):
        log_channel(f"syslog+tls://127.0.0.1:{port}").tell(announcement)

    assert refused == []
    check(framed(b"".join(taken)))


def entry(datagram: bytes) -> dict[str, str]:
    """Take a datagram of the journal's native protocol apart.

    https://systemd.io/JOURNAL_NATIVE_PROTOCOL/: ``NAME=text`` in a line, or the name in a line,
    64 bits of length in little endian, and so many bytes.
    """
    fields: dict[str, str] = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        name, equals, text = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack_from("<Q", rest)
            text, rest = rest[8 : 8 + length], rest[9 + length :]
        assert name.decode() not in fields
        fields[name.decode()] = text.decode()
        datagram = rest
    return fields


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the journal")
def test_the_journal_gets_every_field(announcement: Announcement, tmp_path: Path) -> None:
    """By its own protocol, with an id that finds all events of a kind."""
    path = tmp_path / "journal"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(path))
        server.settimeout(10)
        Journald(path).tell(announcement)
        alarm, found = entry(server.recv(65536)), entry(server.recv(65536))

    assert alarm["MESSAGE"] == "Alarm: vm1 fights back."
    assert alarm["PRIORITY"] == "3"
    assert found["MESSAGE_ID"] == message_id(EventKind.DIFFERENCE_FOUND)
    assert found["IPSEC_NAME"] == HARMLESS
    assert found["SYSLOG_IDENTIFIER"] == "ipsec_orchestrator"
    assert found["MESSAGE"].startswith("New: filter list a")


def test_a_log_that_is_not_there_is_an_error(announcement: Announcement, tmp_path: Path) -> None:
    """The sentence names it."""
    for target in (f"syslog:{tmp_path}/none", f"ecs:{tmp_path}/none/log.json"):
        with pytest.raises(ChannelError, match="none"):
            log_channel(target).tell(announcement)
    with pytest.raises(ChannelError, match="journal"):
        Journald(tmp_path / "none").tell(announcement)


def test_a_socket_that_nobody_reads_is_given_up(
    announcement: Announcement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that hangs does not hold the watch up."""
    monkeypatch.setattr("ipsec_orchestrator.adapters.channels.syslog._TIMEOUT_SECONDS", 0.1)
    path = tmp_path / "log"
    channel = log_channel(f"syslog:{path}")

    def fill() -> None:
        for _ in range(10_000):
            channel.tell(announcement)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(path))
        with pytest.raises(ChannelError, match="did not answer in time"):
            fill()


def test_a_file_gets_a_json_line_an_event(announcement: Announcement, tmp_path: Path) -> None:
    """With the field names of ECS, appended, and not for everybody to read."""
    path = tmp_path / "log.json"
    umask = os.umask(0)
    try:
        log_channel(f"ecs:{path}").tell(announcement)
        log_channel(f"ecs:{path}").tell(announcement)
    finally:
        os.umask(umask)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    assert [line["event.code"] for line in lines] == ["712", "701"] * 2
    assert lines[1]["@timestamp"] == "2026-11-26T09:30:12.000+00:00"
    assert lines[1]["host.name"] == "dc1.ipsectest.com"
    assert lines[1]["labels"]["name"] == HARMLESS
    assert path.stat().st_mode & 0o007 == 0


def test_an_event_of_windows_has_one_text_and_all_fields(announcement: Announcement) -> None:
    """Event Viewer shows the first string, programs take the others."""
    first, *fields = event_strings(announcement.records[1])

    assert first.startswith("New: filter list a")
    assert "thing: filter list" in fields
    assert all(field in first for field in fields)


def test_every_kind_has_a_number_of_its_own() -> None:
    """Windows' EventCreate.exe has texts for 1 to 1000."""
    numbers = [EVENT_NUMBERS[kind] for kind in EventKind]

    assert len(set(numbers)) == len(EventKind)
    assert all(1 <= number <= 1000 for number in numbers)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "nonsense",
        "syslog:",
        "ecs:",
        "syslog://",
        "syslog://u:T0PSECRET@host",
        "syslog+tls://host/T0PSECRET",
        "syslog://host:99999",
        "http://host",
    ],
)
def test_another_log_is_refused(target: str) -> None:
    """The sentence says which there are."""
    with pytest.raises(UsageError, match=r"syslog\+tls://HOST:PORT") as caught:
        log_channel(target)
    assert "T0PSECRET" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="it is there")
def test_the_log_of_windows_is_only_on_windows() -> None:
    """Elsewhere the sentence says what there is."""
    with pytest.raises(UsageError, match="Use journald on Linux"):
        log_channel("windows")


@pytest.mark.parametrize(
    ("target", "module"), [("journald", "logging_journald"), ("syslog", "rfc5424logging")]
)
def test_without_the_extra_the_sentence_says_how_to_install_it(
    target: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is optional."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=r"ipsec_orchestrator\[logs\]"):
        log_channel(target)
