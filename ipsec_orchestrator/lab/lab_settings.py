"""What a lab was asked to be, kept in its folder for the process that runs it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.lab.winrm import NO_FAULTS, Faults, Locale

AGENT_STAYS_STOPPED = "policyagent-stopped"

# Word of the command line -> field of Faults that takes a number.
_NUMBERS: Mapping[str, str] = {
    "latency": "latency_seconds",
    "clock-skew": "clock_skew_seconds",
    "reset-after": "reset_after_requests",
}
# Word of the command line -> field of Faults that is a switch.
_SWITCHES: Mapping[str, str] = {
    "refused": "refused",
    "hang": "hang",
    "access-denied": "access_denied",
    "wrong-certificate": "wrong_certificate",
    "reset-in-response": "reset_in_response",
}
FAULT_WORDS = (
    *(f"{word}=NUMBER" for word in _NUMBERS),
    *_SWITCHES,
    "locale=de-DE",
    "locale=ja-JP",
    AGENT_STAYS_STOPPED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFaults:
    """What is wrong with one host.

    Attributes:
        wire: What its WinRM listener does wrong.
        agent_stopped: Its PolicyAgent does not start when a policy is assigned.
    """

    wire: Faults = NO_FAULTS
    agent_stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LabSettings:
    """How a lab is made.

    Attributes:
        members: How many members besides dc1.
        powershell: The PowerShell that plays the hosts; ``None`` for canned members.
        faults: What is wrong with which host, by name.
    """

    members: int = 3
    powershell: str | None = None
    faults: Mapping[str, HostFaults] = field(default_factory=dict[str, HostFaults])

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
        )


def faults_from_json(found: Mapping[str, Any]) -> HostFaults:
    """Read one host's faults."""
    wire = {item.name: found["wire"][item.name] for item in fields(Faults)}
    wire["locale"] = Locale(wire["locale"])
    return HostFaults(wire=Faults(**wire), agent_stopped=found["agent_stopped"])


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
        if name in _SWITCHES and not value:
            faults = replace(faults, wire=replace(faults.wire, **{_SWITCHES[name]: True}))
        elif word == AGENT_STAYS_STOPPED:
            faults = replace(faults, agent_stopped=True)
        elif name == "locale" and value in set(Locale):
            faults = replace(faults, wire=replace(faults.wire, locale=Locale(value)))
        elif name in _NUMBERS and (number := _number(name, value)) is not None:
            faults = replace(faults, wire=replace(faults.wire, **{_NUMBERS[name]: number}))
        else:
            raise UsageError(f"{word!r} is no fault.", cure=f"There are {', '.join(FAULT_WORDS)}.")
    return faults


def _number(name: str, value: str) -> float | None:
    try:
        return int(value) if name == "reset-after" else float(value)
    except ValueError:
        return None


def settings_file(root: Path) -> Path:
    """Give the place of the settings in a lab's folder."""
    return root / "lab.json"
