"""What a lab was asked to be, kept in its folder for the process that runs it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.lab.proving.network_faults import (
    NETWORK_WORDS,
    SOUND,
    NetworkFaults,
    network_faults_from_json,
    with_network_fault,
)
from ipsec_orchestrator.lab.windows.ailments import (
    AILMENT_WORDS,
    WELL,
    Ailments,
    ailments_from_json,
    with_ailment,
)
from ipsec_orchestrator.lab.winrm import NO_FAULTS, Faults, Locale

AGENT_STAYS_STOPPED = "policyagent-stopped"

FAULT_WORDS = (
    "latency=SECONDS",
    "clock-skew=SECONDS",
    "reset-after=REQUESTS",
    "reset-in-response",
    "refused",
    "hang",
    "access-denied",
    "wrong-certificate",
    "locale=de-DE",
    "locale=ja-JP",
    AGENT_STAYS_STOPPED,
    *AILMENT_WORDS,
    *NETWORK_WORDS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFaults:
    """What is wrong with one host.

    Attributes:
        wire: What its WinRM listener does wrong.
        agent_stopped: Its PolicyAgent does not start when a policy is assigned.
        ailments: What is wrong with its Windows.
        network: What is wrong with its network, in a lab with a wire.
    """

    wire: Faults = NO_FAULTS
    agent_stopped: bool = False
    ailments: Ailments = WELL
    network: NetworkFaults = SOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class LabSettings:
    """How a lab is made.

    Attributes:
        members: How many members besides dc1.
        powershell: The PowerShell that plays the hosts; ``None`` for canned members.
        faults: What is wrong with which host, by name.
        wire: Whether the members have a real network.
    """

    members: int = 3
    powershell: str | None = None
    faults: Mapping[str, HostFaults] = field(default_factory=dict[str, HostFaults])
    wire: bool = False

    def to_json(self) -> str:
        """Write the settings."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "LabSettings":
        """Read what :meth:`to_json` wrote."""
        found: dict[str, Any] = json.loads(text)
        return cls(
            members=found["members"],
            powershell=found["powershell"],
            faults={name: faults_from_json(value) for name, value in found["faults"].items()},
            wire=found["wire"],
        )


def faults_from_json(found: Mapping[str, Any]) -> HostFaults:
    """Read one host's faults."""
    wire = {item.name: found["wire"][item.name] for item in fields(Faults)}
    wire["locale"] = Locale(wire["locale"])
    return HostFaults(
        wire=Faults(**wire),
        agent_stopped=found["agent_stopped"],
        ailments=ailments_from_json(found["ailments"]),
        network=network_faults_from_json(found["network"]),
    )


def faults_to_json(faults: HostFaults) -> dict[str, Any]:
    """Write one host's faults."""
    return asdict(faults)


def parse_faults(words: Iterable[str]) -> HostFaults:
    """Read faults as the command line gives them, for example ``latency=2`` and ``hang``.

    Raises:
        UsageError: A word is none of those that there are.
    """
    faults = HostFaults()
    for word in words:
        name, _, value = word.partition("=")
        wire: Faults | None
        if word == AGENT_STAYS_STOPPED:
            faults = replace(faults, agent_stopped=True)
            continue
        ailments = with_ailment(faults.ailments, word)
        if ailments is not None:
            faults = replace(faults, ailments=ailments)
            continue
        network = with_network_fault(faults.network, word)
        if network is not None:
            faults = replace(faults, network=network)
            continue
        wire = _with_value(faults.wire, name, value) if value else _switched_on(faults.wire, name)
        if wire is None:
            raise UsageError(f"{word!r} is no fault.", cure=f"There are {', '.join(FAULT_WORDS)}.")
        faults = replace(faults, wire=wire)
    if faults.wire.reset_in_response and faults.wire.reset_after_requests is None:
        raise UsageError(
            "reset-in-response says how a connection is reset, not when.",
            cure="Add reset-after=REQUESTS.",
        )
    return faults


def _with_value(wire: Faults, name: str, value: str) -> Faults | None:
    try:
        match name:
            case "latency":
                return replace(wire, latency_seconds=float(value))
            case "clock-skew":
                return replace(wire, clock_skew_seconds=float(value))
            case "reset-after":
                return replace(wire, reset_after_requests=int(value))
            case "locale":
                return replace(wire, locale=Locale(value))
            case _:
                return None
    except ValueError:
        return None


def _switched_on(wire: Faults, name: str) -> Faults | None:
    match name:
        case "refused":
            return replace(wire, refused=True)
        case "hang":
            return replace(wire, hang=True)
        case "access-denied":
            return replace(wire, access_denied=True)
        case "wrong-certificate":
            return replace(wire, wrong_certificate=True)
        case "reset-in-response":
            return replace(wire, reset_in_response=True)
        case _:
            return None


def settings_file(root: Path) -> Path:
    """Give the place of the settings in a lab's folder."""
    return root / "lab.json"
