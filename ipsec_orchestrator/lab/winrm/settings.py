"""How one simulated host is set up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ipsec_orchestrator.lab.winrm.answers import Answer
from ipsec_orchestrator.lab.winrm.drive import WindowsDrive
from ipsec_orchestrator.lab.winrm.faults import NO_FAULTS, Faults


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineBackend:
    """Scripts run in a PowerShell that speaks PSRP over standard input and output.

    Attributes:
        executable: A ``pwsh`` that knows ``-s``, ``-Command`` and ``-EncodedCommand``.
        environment: Added to the few variables that every child gets.
        locale_variable: Name of the variable that tells the child the host's locale, ``""`` for
            none.
        clock_skew_variable: Name of the variable that tells the child the host's clock skew in
            seconds, ``""`` for none.
        drive: The host's C: drive, ``None`` for a host without one.
    """

    executable: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False, hash=False)
    locale_variable: str = "IPSEC_LAB_LOCALE"
    clock_skew_variable: str = "IPSEC_LAB_CLOCK_SKEW_SECONDS"
    drive: WindowsDrive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedBackend:
    """Scripts are answered by a Python callable; there is no PowerShell.

    Attributes:
        answer: Called once for every pipeline or bootstrap, from several threads.
    """

    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """Limits of the WinRM service; the defaults are those of a Windows Server.

    Attributes:
        max_shells_per_user: Further Create requests are refused with fault 2150859173.
        max_commands_per_shell: Commands that were neither terminated nor deleted.
        max_envelope_kilobytes: Larger requests are refused with HTTP 413.
        idle_timeout_seconds: A shell that nobody has asked anything for so long is deleted, unless
            its client wanted another time.
    """

    max_shells_per_user: int = 30
    max_commands_per_shell: int = 1000
    max_envelope_kilobytes: int = 500
    idle_timeout_seconds: float = 7200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """One host.

    Attributes:
        name: How the lab names it, for example ``vm1``; unique in a service.
        fqdn: What fault messages call the machine.
        address: The loopback address to listen on.
        http_port: ``None`` for no HTTP listener, 0 for any free port.
        https_port: ``None`` for no HTTPS listener, 0 for any free port.
        certificate_file: PEM chain of the HTTPS listener.
        key_file: PEM key of that chain.
        wrong_certificate_file: PEM chain presented under ``Faults.wrong_certificate``.
        wrong_key_file: PEM key of that chain.
        backend: What answers scripts.
        quotas: Limits of the service.
        faults: What goes wrong from the start.
    """

    name: str
    fqdn: str
    address: str
    http_port: int | None = 5985
    https_port: int | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    wrong_certificate_file: Path | None = None
    wrong_key_file: Path | None = None
    backend: EngineBackend | CannedBackend
    quotas: Quotas = Quotas()
    faults: Faults = NO_FAULTS
