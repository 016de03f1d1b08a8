"""What tests of the wire work with: policies, requests between members, tcpdump."""

import contextlib
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Self
from uuid import UUID

from ipsec_orchestrator.codec import (
    AlgorithmOffer,
    AuthMethod,
    FilterSpec,
    IpsecFilter,
    IsakmpMethod,
    IsakmpPolicy,
    NegotiationPolicy,
    Nfa,
    SecurityOffer,
    constants,
)
from ipsec_orchestrator.lab.wire.member import WireMember
from ipsec_orchestrator.lab.wire.member_policy import MemberPolicy, MemberRule

AZURE = "10.0.1.0/24"
ON_PREMISES = "10.2.27.0/25"
TCP = 6
ME = "me"
FALLBACK = SecurityOffer(algorithms=())


class Policies:
    """Makes policies as the codec gives them."""

    fallback = FALLBACK

    @staticmethod
    def esp(
        cipher: int = constants.Cipher.TRIPLE_DES,
        integrity: int = constants.Integrity.SHA1,
        *,
        pfs: bool = False,
        lifetime_seconds: int = 0,
        lifetime_kilobytes: int = 0,
    ) -> SecurityOffer:
        """One method with ESP."""
        algorithm = AlgorithmOffer(
            protocol=constants.SecurityProtocol.ESP, algorithm=cipher, integrity=integrity
        )
        return SecurityOffer(
            algorithms=(algorithm,),
            pfs=int(pfs),
            lifetime_seconds=lifetime_seconds,
            lifetime_kilobytes=lifetime_kilobytes,
        )

    @staticmethod
    def ah(integrity: int = constants.Integrity.SHA1) -> SecurityOffer:
        """One method with AH."""
        algorithm = AlgorithmOffer(protocol=constants.SecurityProtocol.AH, algorithm=integrity)
        return SecurityOffer(algorithms=(algorithm,))

    @staticmethod
    def filter(
        source: str,
        destination: str,
        *,
        protocol: int = TCP,
        source_port: int = 0,
        destination_port: int = 8080,
        mirrored: bool = True,
        is_tunnel: bool = False,
        special: int = 0,
    ) -> FilterSpec:
        """One filter; an address is a subnet or "me"."""
        ends = []
        for text in (source, destination):
            if text == ME:
                ends.append(IPv4Network("0.0.0.0/32"))
            else:
                ends.append(IPv4Network(text))
        return FilterSpec(
            id=UUID(int=1),
            source=ends[0].network_address,
            source_mask=ends[0].netmask,
            destination=ends[1].network_address,
            destination_mask=ends[1].netmask,
            protocol=protocol,
            source_port=source_port,
            destination_port=destination_port,
            mirrored=int(mirrored),
            is_tunnel=int(is_tunnel),
            special=special,
        )

    def rule(
        self,
        *filters: FilterSpec,
        name: str = "rule",
        action: UUID = constants.ACTION_NEGOTIATE,
        offers: Sequence[SecurityOffer] | None = None,
        auth: AuthMethod | None = None,
        is_active: bool = True,
        interface_type: int = constants.InterfaceType.ALL,
        is_tunnel: bool = False,
    ) -> MemberRule:
        """One rule; without filters it has those of the how-to."""
        wanted = filters or (self.filter(AZURE, ON_PREMISES), self.filter(ON_PREMISES, AZURE))
        return MemberRule(
            name=name,
            nfa=replace(
                Nfa.modern(
                    auth_methods=(auth or AuthMethod.kerberos(),),
                    is_active=is_active,
                    interface_type=interface_type,
                ),
                is_tunnel=int(is_tunnel),
            ),
            action=action,
            negotiation=NegotiationPolicy(
                offers=tuple((self.esp(),) if offers is None else offers)
            ),
            filters=IpsecFilter(filters=wanted),
        )

    def policy(
        self,
        *rules: MemberRule,
        methods: Sequence[IsakmpMethod] | None = None,
        lifetime_seconds: int = 28_800,
        quick_mode_limit: int = 0,
        new_dh: bytes = bytes(4),
    ) -> MemberPolicy:
        """One policy; without rules it is that of the how-to."""
        return MemberPolicy(
            name="policy",
            key_exchange=IsakmpPolicy(
                instance_id=UUID(int=0),
                methods=tuple((IsakmpMethod(),) if methods is None else methods),
                lifetime_seconds=lifetime_seconds,
                quick_mode_limit=quick_mode_limit,
                new_dh=new_dh,
            ),
            rules=rules or (self.rule(),),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What came of one request: the answer, or the error of the asking side."""

    answer: bytes = b""
    error: OSError | None = None


def exchange(
    client: WireMember,
    server: WireMember,
    port: int,
    *,
    size: int = 20,
    seconds: float = 8.0,
    address: IPv4Address | None = None,
) -> Exchange:
    """Ask for so many bytes over TCP and give what came back."""
    with server.listen(port) as listener:
        # A server that nobody reaches is what some tests are about.
        def serve() -> None:
            with (
                contextlib.suppress(OSError),
                listener.accept(timeout_seconds=seconds) as found,
            ):
                found.receive(timeout_seconds=seconds)
                found.send(b"z" * size, timeout_seconds=seconds)
                found.shut_down()
                found.receive(timeout_seconds=seconds)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with client.connect(
                address or server.address, port, timeout_seconds=seconds
            ) as connection:
                connection.send(b"GET / HTTP/1.0\r\n\r\n")
                answer = b""
                while received := connection.receive(timeout_seconds=seconds):
                    answer += received
            return Exchange(answer=answer)
        except OSError as error:
            return Exchange(error=error)
        finally:
            thread.join()


class Sniffer:
    """tcpdump on the bridge: nothing of ours judges what it shows."""

    def __init__(self, namespace: str, bridge: str, file: Path) -> None:
        self._file = file
        self._process = subprocess.Popen(
            [
                *("nsenter", f"--net=/run/netns/{namespace}", "--", "tcpdump"),
                *("--immediate-mode", "-i", bridge, "-U", "-w", str(file)),
                # Each slot of its buffer has room for the longest packet that it may meet: with
                # what it takes by default a busy machine has room for eight of them.
                *("-s", "2000", "-B", "32768"),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        assert "listening on" in self._process.stderr.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, with all frames written."""
        if self._process.poll() is None:
            self._process.terminate()
            _, said = self._process.communicate(timeout=10)
            # A judge that has not seen everything is none.
            assert "\n0 packets dropped by kernel" in said, said

    def lines(self, expression: str) -> list[str]:
        """What tcpdump shows of the frames that match."""
        done = subprocess.run(
            ["tcpdump", "-n", "-r", str(self._file), expression],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()
