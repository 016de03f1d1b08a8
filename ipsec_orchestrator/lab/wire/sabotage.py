"""Breaking the wire on purpose, in the bridge, where neither of the two ends can see it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from typing import assert_never

from ipsec_orchestrator.lab.wire.namespace import in_namespace, run_program

_TABLE = "sabotage"
LARGEST_PASSED_BYTES = 1300
"""Of packets, while :attr:`WireFault.LARGE_DROPPED` is on."""


class WireFault(StrEnum):
    """What happens to packets between two members, both ways."""

    ESP_DROPPED = "esp-dropped"
    IKE_DROPPED = "ike-dropped"
    ALL_DROPPED = "all-dropped"
    LARGE_DROPPED = "large-dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFault:
    """A fault between two addresses."""

    first: IPv4Address
    second: IPv4Address
    fault: WireFault


def set_pair_faults(namespace: str, faults: Iterable[PairFault]) -> None:
    """Replace all faults in one step; none makes the wire whole.

    Raises:
        LabProgramError: nft refused; then nothing was changed.
    """
    rules = "".join(f"    {rule}\n" for fault in faults for rule in _rules(fault))
    # Adding it first makes the deletion succeed whether it was there or not.
    text = f"""add table bridge {_TABLE}
delete table bridge {_TABLE}
table bridge {_TABLE} {{
  chain forward {{
    type filter hook forward priority 0; policy accept;
{rules}  }}
}}
"""
    run_program(in_namespace(namespace, ["nft", "-f", "-"]), text=text)


def _rules(fault: PairFault) -> list[str]:
    what = _match(fault.fault)
    pairs = ((fault.first, fault.second), (fault.second, fault.first))
    return [
        f"ether type ip ip saddr {source} ip daddr {destination} {what} counter drop"
        for source, destination in pairs
    ]


def _match(fault: WireFault) -> str:
    match fault:
        case WireFault.ESP_DROPPED:
            return "ip protocol { esp, ah }"
        case WireFault.IKE_DROPPED:
            return "udp dport { 500, 4500 }"
        case WireFault.ALL_DROPPED:
            return ""
        case WireFault.LARGE_DROPPED:
            return f"ip length > {LARGEST_PASSED_BYTES}"
        case _:
            assert_never(fault)
