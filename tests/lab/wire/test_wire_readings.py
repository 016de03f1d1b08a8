"""What guests tell, read: associations, log, frames, a member's registry, and the line itself."""

import base64
import json
import socket
import struct
import threading
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from ipsec_orchestrator.codec import IpsecPolicy, constants, encode
from ipsec_orchestrator.errors import LabProgramError, UsageError
from ipsec_orchestrator.lab.windows.policy_download import StoredObject
from ipsec_orchestrator.lab.windows.policy_registry import write_cache
from ipsec_orchestrator.lab.windows.registry_file import RegistryKeys
from ipsec_orchestrator.lab.wire.associations import parse_associations
from ipsec_orchestrator.lab.wire.frames import read_packet
from ipsec_orchestrator.lab.wire.ike_log import IkeEventKind, parse_log
from ipsec_orchestrator.lab.wire.line import WINDOW_BYTES, Line
from ipsec_orchestrator.lab.wire.member_policy import cached_policy
from ipsec_orchestrator.lab.wire.prerequisites import (
    KERNEL_PACKAGE,
    PACKAGES,
    best_stack,
    missing_prerequisites,
)
from ipsec_orchestrator.lab.wire.stack import Stack
from ipsec_orchestrator.lab.wire.topology import station
from ipsec_orchestrator.lab.wire.wire import NETWORKS
from ipsec_orchestrator.model.directory import Attributes, Entry
from tests.lab.wire.on_the_wire import Policies

STATES = """src 10.2.27.10 dst 10.0.1.20
\tproto esp spi 0xcb5e473a(3411953466) reqid 12(0x0000000c) mode transport
\treplay-window 0 seq 0x00000000 flag  (0x00000000)
\tauth-trunc hmac(sha1) <<Keys hidden>> 96
\tenc cbc(des3_ede) <<Keys hidden>>
\tlifetime config:
\t  limit: soft (INF)(bytes), hard (INF)(bytes)
\tlifetime current:
\t  204896(bytes), 151(packets)
\t  add 2026-11-23 18:20:11 use 2026-11-23 18:20:11
src 10.2.27.10 dst 10.0.1.21
\tproto esp spi 0x00000000(0) reqid 11(0x0000000b) mode transport
\treplay-window 0 seq 0x00000004 flag  (0x00000000)
\tlifetime current:
\t  0(bytes), 0(packets)
"""

DAEMON = (
    "list-sa event {to-vm1 {uniqueid=1 version=1 state=ESTABLISHED local-host=10.2.27.10"
    " local-port=500 local-id=10.2.27.10 remote-host=10.0.1.20 remote-port=500"
    " remote-id=10.0.1.20 initiator=yes initiator-spi=aa9d5086612de8a0"
    " responder-spi=311fc1e00936890d encr-alg=3DES_CBC integ-alg=HMAC_SHA1_96"
    " prf-alg=PRF_HMAC_SHA1 dh-group=MODP_1024 established=2 rekey-time=14333"
    " tasks-passive=[QUICK_MODE QUICK_MODE] child-sas {out-3 {name=out uniqueid=3 reqid=11"
    " state=INSTALLED mode=TRANSPORT protocol=ESP spi-in=c7334edf spi-out=c03f3395"
    " encr-alg=3DES_CBC integ-alg=HMAC_SHA1_96 bytes-in=237 packets-in=6 use-in=1 bytes-out=246"
    " packets-out=7 use-out=1 rekey-time=3409 life-time=3958 install-time=2"
    " local-ts=[10.2.27.10/32[tcp]] remote-ts=[10.0.1.20/32[tcp/http-alt]]} in-4 {name=in"
    " reqid=12 protocol=ESP spi-in=cc70f7e9 spi-out=cb5e473a}}}}\nlist-sas reply {}\n"
)


def test_associations_of_kernel_and_daemon() -> None:
    """Finished states are read with their counters, half-made ones are left out."""
    found = parse_associations(STATES, DAEMON)
    (state,) = found.states
    assert (state.spi, state.request_id, state.packets) == (0xCB5E473A, 12, 151)
    assert (state.cipher, state.integrity) == ("cbc(des3_ede)", "hmac(sha1)")
    (main,) = found.main_modes
    assert main.is_established
    assert main.is_initiator
    assert main.group == "MODP_1024"
    first, second = found.quick_modes
    assert (first.spi_in, first.bytes_out, first.age_seconds) == (0xC7334EDF, 246, 2)
    assert first.local_selector == "10.2.27.10/32[tcp]"
    assert first.remote_selector == "10.0.1.20/32[tcp/http-alt]"
    assert second.spi_out == state.spi


def test_no_daemon_has_no_associations() -> None:
    """Empty texts are empty results."""
    found = parse_associations("", "")
    assert not found.states
    assert not found.main_modes


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("initiating Main Mode IKE_SA to-x[1] to 10.0.1.20", IkeEventKind.INITIATED),
        ("received NO_PROPOSAL_CHOSEN error notify", IkeEventKind.NO_COMMON_METHOD),
        ("giving up after 4 retransmits", IkeEventKind.GIVEN_UP),
        ("received AUTHENTICATION_FAILED error notify", IkeEventKind.AUTHENTICATION_FAILED),
        ("sending packet: from 10.0.1.20[500]", IkeEventKind.OTHER),
    ],
)
def test_log_lines_have_a_meaning(text: str, kind: IkeEventKind) -> None:
    """Each line is an event with its time; what is no line of charon's is none."""
    (event,) = parse_log(f"noise\n1795458531.485 05[IKE] {text}\n")
    assert (event.milliseconds, event.group, event.kind) == (1795458531485, "IKE", kind)


def test_packets_are_read_as_far_as_they_go() -> None:
    """ESP shows its SPI, UDP its ports, later fragments neither, cut frames nothing."""

    def frame(protocol: int, payload: bytes, fragment: int = 0) -> bytes:
        ends = IPv4Address("10.0.1.20").packed + IPv4Address("10.2.27.10").packed
        header = struct.pack(">BBHHHBBH", 0x45, 0, 20, 0, fragment, 64, protocol, 0) + ends
        return bytes(12) + b"\x08\x00" + header + payload

    esp = read_packet(frame(50, b"\1\2\3\4rest"))
    assert esp is not None
    assert esp.spi == 0x01020304
    ike = read_packet(frame(17, struct.pack(">HH", 500, 500)))
    assert ike is not None
    assert ike.is_ike
    late = read_packet(frame(6, b"\1\2\3\4", fragment=100))
    assert late is not None
    assert late.destination_port == 0
    assert read_packet(frame(6, b"")[:20]) is None
    assert read_packet(bytes(60)) is None


def test_policy_is_read_from_the_registry(policies: Policies) -> None:
    """What the member's cache holds comes back as the values that were stored."""
    policy = policies.policy()
    (rule,) = policy.rules
    exchange, filters = policy.key_exchange, rule.filters
    assert exchange is not None
    assert filters is not None
    below = "CN=IP Security,CN=System,DC=ipsectest,DC=com"

    def stored(kind: str, name: str, blob: bytes, **texts: str) -> StoredObject:
        attributes = {key: (text.encode(),) for key, text in texts.items()}
        entry = Entry(
            dn=f"CN={name},{below}", attributes=Attributes({**attributes, "ipsecData": (blob,)})
        )
        return StoredObject(object_class=kind, name=name, entry=entry)

    objects = [
        stored(
            "ipsecPolicy",
            "ipsecPolicy{1}",
            encode(IpsecPolicy()),
            ipsecName="policy",
            ipsecISAKMPReference=f"CN=ipsecISAKMPPolicy{{2}},{below}",
            ipsecNFAReference=f"CN=ipsecNFA{{3}},{below}",
        ),
        stored("ipsecISAKMPPolicy", "ipsecISAKMPPolicy{2}", encode(exchange)),
        stored(
            "ipsecNFA",
            "ipsecNFA{3}",
            encode(rule.nfa),
            ipsecName="rule",
            ipsecNegotiationPolicyReference=f"CN=ipsecNegotiationPolicy{{4}},{below}",
            ipsecFilterReference=f"CN=ipsecFilter{{5}},{below}",
        ),
        stored(
            "ipsecNegotiationPolicy",
            "ipsecNegotiationPolicy{4}",
            encode(rule.negotiation),
            iPSECNegotiationPolicyAction=f"{{{constants.ACTION_NEGOTIATE}}}",
            iPSECNegotiationPolicyType=f"{{{constants.TYPE_STANDARD}}}",
        ),
        stored("ipsecFilter", "ipsecFilter{5}", encode(filters)),
    ]
    registry = RegistryKeys({})
    assert cached_policy(registry) is None
    write_cache(registry, objects)
    assert cached_policy(registry) == policy
    write_cache(registry, [found for found in objects if found.object_class != "ipsecNFA"])
    bare = cached_policy(registry)
    assert bare is not None
    assert bare.rules == ()


class Echo:
    """The other end of a line: takes a little at a time, and never more than the window."""

    def __init__(self, channel: socket.socket) -> None:
        self.most_waiting = 0
        self._channel = channel
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        self._channel.sendall(b'{"ready": true}\n')
        waiting = b""
        taken = 0
        while True:
            pending = len(self._channel.recv(1_000_000, socket.MSG_PEEK))
            self.most_waiting = max(self.most_waiting, pending)
            received = self._channel.recv(700)
            if not received:
                return
            taken += len(received)
            self._send({"taken": len(received)})
            *lines, waiting = (waiting + received).split(b"\n")
            for line in lines:
                request = json.loads(line)
                if request["verb"] == "die":
                    self._channel.shutdown(socket.SHUT_RDWR)
                    return
                self._send({"id": request["id"], **request["arguments"]})

    def _send(self, message: object) -> None:
        self._channel.sendall(json.dumps(message).encode() + b"\n")


@pytest.fixture
def echo() -> Iterator[tuple[Line, Echo]]:
    """A line whose other end answers with what it was sent."""
    ours, theirs = socket.socketpair()
    with theirs:
        other = Echo(theirs)
        line = Line(ours, "echo", lambda: ("last words",))
        line.wait_until_ready(5)
        yield line, other
        line.close()
        other.thread.join()


def test_line_never_overfills_the_other_end(echo: tuple[Line, Echo]) -> None:
    """Long requests of many threads go in pieces, and none is lost."""
    line, other = echo
    sent = [base64.b64encode(bytes([index]) * 20_000).decode() for index in range(4)]
    got: dict[int, object] = {}
    threads = [
        threading.Thread(target=lambda i=index: got.update({i: line.ask("x", result=sent[i])}))
        for index in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == dict(enumerate(sent))
    assert other.most_waiting <= WINDOW_BYTES


def test_line_carries_errors_of_the_kernel_and_of_programs(echo: tuple[Line, Echo]) -> None:
    """Error numbers become Python's classes, failures the lab's error with what was said."""
    line, _ = echo
    with pytest.raises(ConnectionRefusedError):
        line.ask("x", error={"number": 111, "text": "refused"})
    with pytest.raises(TimeoutError):
        line.ask("x", error={"number": None, "text": "timed out"})
    with pytest.raises(LabProgramError, match="what it said"):
        line.ask("x", failure="what it said")


def test_end_of_the_member_is_told_with_its_last_words(echo: tuple[Line, Echo]) -> None:
    """A question that is under way when the member dies fails, and so do later ones."""
    line, _ = echo
    with pytest.raises(LabProgramError, match="last words"):
        line.ask("die")
    with pytest.raises(LabProgramError, match="runs no more"):
        line.ask("x")
    assert not line.is_open


def test_missing_packages_are_named_with_their_cure(tmp_path: Path) -> None:
    """On a file system without anything all packages are missing, and apt-get is the cure."""
    (missing,) = missing_prerequisites(3, file_system=tmp_path)
    assert missing.packages == PACKAGES
    assert "user-mode-linux" in missing.sentence
    assert missing.cure.startswith("apt-get install --no-install-recommends ")


def test_stack_follows_what_is_installed(tmp_path: Path) -> None:
    """User-mode-linux is taken where it is, the machine's own kernel elsewhere."""
    assert best_stack(file_system=tmp_path) is Stack.OWN_KERNEL
    kernel = tmp_path / KERNEL_PACKAGE.evidence
    kernel.parent.mkdir(parents=True)
    kernel.touch()
    assert best_stack(file_system=tmp_path) is Stack.USER_MODE_LINUX


def test_station_needs_an_address_on_the_wire() -> None:
    """Stations get port and hardware address from name and address; strangers are refused."""
    found = station("vm1", [IPv4Address("10.0.1.20")], NETWORKS)
    assert (found.tap, found.hardware_address) == ("tap-vm1", "02:00:0a:00:01:14")
    assert str(found.interfaces[0]) == "10.0.1.20/24"
    for name, address in (("vm1", "192.0.2.1"), ("a-very-long-name", "10.0.1.20")):
        with pytest.raises(UsageError, match=name):
            station(name, [IPv4Address(address)], NETWORKS)
