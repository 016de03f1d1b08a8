"""How the way from one host to others is: the question is ``scripts/probe_targets.ps1``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.model.inventory import Address
from ipsec_orchestrator.model.json import Json

SCRIPT: Final = "probe_targets"
CONNECTED: Final = 0
# Winsock's WSAECONNREFUSED and WSAETIMEDOUT, which .NET uses on every system.
REFUSED: Final = 10061
TIMED_OUT: Final = 10060
PING_ANSWERED: Final = 0
# IPStatus.PacketTooBig: a router on the way, or the host itself, said so.
PING_TOO_BIG: Final = 11009


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedTarget:
    """The way to one address.

    Attributes:
        address: The address.
        ping: IPStatus of a small ping, 0 for answered.
        full_ping: IPStatus of one that fills a frame and must not be cut; ``None`` if not tried.
        path_mtu_bytes: The largest packet that went through whole, at most 1500; ``None`` if not
            tried.
        ports: Result by TCP port: 0 connected, else the number of the socket error.
    """

    address: Address
    ping: int
    full_ping: int | None
    path_mtu_bytes: int | None
    ports: Mapping[int, int] = field(hash=False)


def parse_probed_targets(answer: Json) -> Mapping[Address, ProbedTarget]:
    """Read the script's answer.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(SCRIPT, answer)
    found = (_target(item) for item in fields.objects("targets"))
    return {target.address: target for target in found}


def _target(fields: AnswerFields) -> ProbedTarget:
    return ProbedTarget(
        # The script gives back the text that it was given.
        address=ip_address(fields.text("address")),
        ping=fields.number("ping"),
        full_ping=fields.optional_number("full_ping"),
        path_mtu_bytes=fields.optional_number("path_mtu_bytes"),
        ports={item.number("port"): item.number("result") for item in fields.objects("ports")},
    )
