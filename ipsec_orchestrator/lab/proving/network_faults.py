"""What can be wrong with a member's network, as a value that is swapped at run time."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from ipaddress import IPv4Address
from typing import Any, Final

from ipsec_orchestrator.lab.wire.sabotage import WireFault


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFaults:
    """Everything that is wrong; a default member is well.

    Attributes:
        lies: It sends everything in clear, and goes on reporting the associations that it had.
        ignores_policy: It sends everything in clear, although its registry has the policy.
        other_methods: Its quick mode offers methods that the others do not have.
        capture_taken: A capture session of somebody else runs there.
        no_capture_cmdlets: It lacks the commands of NetEventPacketCapture.
        no_pktmon: It lacks pktmon.
        pktmon_filter: Somebody has set a filter of pktmon there.
        iis_port: Somebody has IIS there with a site on this port.
        address: One more address that it has, in a network that the playbook knows nothing of.
        broken: What the wire does to packets between it and another member: (fault, member).
    """

    lies: bool = False
    ignores_policy: bool = False
    other_methods: bool = False
    capture_taken: bool = False
    no_capture_cmdlets: bool = False
    no_pktmon: bool = False
    pktmon_filter: bool = False
    iis_port: int | None = None
    address: str | None = None
    broken: tuple[tuple[WireFault, str], ...] = ()


SOUND: Final = NetworkFaults()
_SWITCHES: Final = {
    found.name.replace("_", "-"): found.name
    for found in fields(NetworkFaults)
    if found.default is False
}
_ADDRESS: Final = "address"
_IIS: Final = "iis"
NETWORK_WORDS: Final = (
    *_SWITCHES,
    f"{_ADDRESS}=ADDRESS",
    f"{_IIS}=PORT",
    *(f"{fault.value}=HOST" for fault in WireFault),
)
"""The words of ``orchestrate lab fault``; they need a lab with a wire."""


def with_network_fault(faults: NetworkFaults, word: str) -> NetworkFaults | None:
    """Add what a word of the command line means; ``None`` if it means nothing."""
    if word in _SWITCHES:
        changes: dict[str, Any] = {_SWITCHES[word]: True}
        return replace(faults, **changes)
    name, _, other = word.partition("=")
    if name == _IIS:
        return replace(faults, iis_port=int(other)) if other.isdigit() else None
    if name == _ADDRESS:
        try:
            return replace(faults, address=str(IPv4Address(other)))
        except ValueError:
            return None
    if other and name in {fault.value for fault in WireFault}:
        return replace(faults, broken=(*faults.broken, (WireFault(name), other)))
    return None


def network_faults_from_json(found: Mapping[str, Any]) -> NetworkFaults:
    """Read what ``asdict`` wrote."""
    values = {item.name: found[item.name] for item in fields(NetworkFaults)}
    values["broken"] = tuple((WireFault(fault), other) for fault, other in values["broken"])
    return NetworkFaults(**values)
