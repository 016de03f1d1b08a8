"""The commands that ``doctor`` uses on a host: WinRM's settings, firewall, audit, DNS, network."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final, Protocol
from urllib.parse import urlsplit

from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.lab.windows.network import CONNECTED, TIMED_OUT
from ipsec_orchestrator.lab.windows.simulated_host import SimulatedHost
from ipsec_orchestrator.model.json import Json

# Winsock's WSAHOST_NOT_FOUND and WSAECONNRESET.
HOST_NOT_FOUND: Final = 11001
CONNECTION_RESET: Final = 10054
_Arguments = Mapping[str, Json]
# IPStatus: success, PacketTooBig, TimedOut.
PING_SUCCESS: Final = 0
PING_TIMED_OUT: Final = 11010
# IPv4 and ICMP headers in front of a ping's content.
_PING_HEADERS_BYTES: Final = 28
_ETHERNET_BYTES: Final = 1500
_PING_TOO_BIG: Final = 11009
# Subcategories of IPsec, and one that is on by default, with a comma in its localized name.
IPSEC_SUBCATEGORIES: Final = (
    "0CCE9218-69AE-11D9-BED3-505054503030",
    "0CCE9219-69AE-11D9-BED3-505054503030",
    "0CCE9213-69AE-11D9-BED3-505054503030",
    "0CCE9233-69AE-11D9-BED3-505054503030",
)
DIRECTORY_CHANGES: Final = "0CCE923C-69AE-11D9-BED3-505054503030"
"""Subcategory of who changes objects of the directory; a domain controller's business."""
_LOGON: Final = "0CCE9215-69AE-11D9-BED3-505054503030"
_BOTH: Final = 3
_SHELLS: Final = 30
_FEW_SHELLS: Final = 2
_SERVICE_QUOTAS: Final = ("MaxConcurrentOperationsPerUser", "MaxConnections")
# What a Windows Server has.
_QUOTAS: Final[Mapping[str, int]] = {
    "MaxEnvelopeSizekb": 500,
    "MaxConcurrentOperationsPerUser": 1500,
    "MaxConnections": 300,
    "IdleTimeout": 7_200_000,
    "MaxMemoryPerShellMB": 1024,
    "MaxProcessesPerShell": 25,
}
_AUDIT_COLUMNS: Final = (
    "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,"
    "Exclusion Setting,Setting Value"
)


class WireWays(Protocol):
    """The ways to other hosts that lead over the lab's wire."""

    def is_on_wire(self, address: str) -> bool:
        """Tell whether the host with this address is on the wire."""
        ...

    def try_port(self, address: str, port: int) -> int:
        """Open and close a TCP connection; give 0 or the number of Winsock's error."""
        ...

    def try_ping(self, address: str, size: int) -> bool:
        """Tell whether a ping of this size that must not be cut is answered."""
        ...


class HealthCommands:
    """By verb; JSON in, JSON out.

    What goes to a host on the wire goes over the wire, where there is one: whoever makes that
    sets ``wire``. The domain controller is not on it and is reached by the lab's own network.
    """

    def __init__(self, host: SimulatedHost) -> None:
        self._host = host
        self.wire: WireWays | None = None
        self.verbs: Mapping[str, Callable[[_Arguments], Json]] = {
            "winrm-config": lambda _: self.winrm_config(),
            "ipsec-rules": lambda _: self.ipsec_rules(),
            "firewall-profiles": lambda _: self.firewall_profiles(),
            "audit-backup": lambda _: self.audit_backup(),
            "resolve": lambda found: self.resolve(str(found["name"]), str(found["type"])),
            "connect": lambda found: self.connect(str(found["address"]), _number(found, "port")),
            "http": lambda found: self.http(str(found["url"])),
            "ping": lambda found: self.ping(str(found["address"]), _number(found, "size")),
        }

    def quotas(self) -> Mapping[str, int]:
        """Give the limits of WinRM by their own names."""
        shells = _FEW_SHELLS if self._host.settings.ailments.low_quotas else _SHELLS
        return {**_QUOTAS, "MaxShellsPerUser": shells}

    def winrm_config(self) -> Json:
        """Give ``winrm/config`` as WinRM does: sections of texts."""
        texts = {name: str(value) for name, value in self.quotas().items()}
        return {
            "MaxEnvelopeSizekb": texts.pop("MaxEnvelopeSizekb"),
            "Service": {name: texts.pop(name) for name in _SERVICE_QUOTAS},
            "Winrs": dict[str, Json](texts),
        }

    def ipsec_rules(self) -> list[dict[str, Json]]:
        """Give the connection security rules in force."""
        if not self._host.settings.ailments.connection_security_rule:
            return []
        return [
            {"DisplayName": "Servers", "Enabled": 1, "InboundSecurity": 2, "OutboundSecurity": 1}
        ]

    def firewall_profiles(self) -> list[dict[str, Json]]:
        """Give the firewall's profiles; Enabled is 1 for on."""
        return [{"Name": name, "Enabled": 1} for name in ("Domain", "Private", "Public")]

    def audit_setting(self, subcategory: str) -> int:
        """Tell what of a subcategory is audited: 0 nothing, 3 success and failure."""
        is_off = self._host.settings.ailments.no_audit and subcategory != _LOGON
        return 0 if is_off else _BOTH

    def audit_backup(self) -> str:
        """Give the file that ``auditpol /backup`` writes; words are in the host's language."""
        name = self._host.settings.name.upper()
        german = self._host.settings.locale.startswith("de")
        word = {0: "Keine Überwachung", _BOTH: "Erfolg und Fehler"}
        if not german:
            word = {0: "No Auditing", _BOTH: "Success and Failure"}
        lines = [_AUDIT_COLUMNS]
        lines += [
            f"{name},System,{called},{{{guid}}},{word[setting]},,{setting}"
            for called, guid in (
                *(("IPsec", guid) for guid in IPSEC_SUBCATEGORIES),
                ("Directory Service Changes", DIRECTORY_CHANGES),
                ('"Anmelden, Logon"', _LOGON),
            )
            for setting in [self.audit_setting(guid)]
        ]
        lines += [f"{name},,Option:CrashOnAuditFail,,Disabled,,0"]
        return "\r\n".join(lines) + "\r\n"

    def resolve(self, name: str, kind: str) -> list[str]:
        """Do what ``Resolve-DnsName`` does.

        Raises:
            ImitatedError: There is no such record, or no DNS server.
        """
        wrong = self._host.settings.ailments.dns_wrong
        if kind.upper() == "PTR":
            return list(self._host.network.names_of(name, wrong=wrong))
        return [str(found) for found in self._host.network.addresses_of(name, wrong=wrong)]

    def connect(self, address: str, port: int) -> int:
        """Give 0, or the number of the socket error; a name is looked up first."""
        if port in self._host.settings.ailments.ports_blocked:
            return TIMED_OUT
        found = self._address(address)
        if found is None:
            return HOST_NOT_FOUND
        if self.wire is not None and self.wire.is_on_wire(found):
            return self.wire.try_port(found, port)
        return self._host.network.connect(found, port)

    def http(self, url: str) -> dict[str, Json]:
        """Ask a web server: 0 or the number of the socket error, and the status."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        result = self.connect(parts.hostname or "", port)
        if result != CONNECTED:
            return {"result": result, "status": None}
        status = self._host.network.http_status(
            self._address(parts.hostname or "") or "", port, parts.path or "/"
        )
        return {"result": CONNECTED if status else CONNECTION_RESET, "status": status}

    def _address(self, text: str) -> str | None:
        try:
            return str(ip_address(text))
        except ValueError:
            pass
        try:
            return self.resolve(text, "A_AAAA")[0]
        except ImitatedError:
            return None

    def ping(self, address: str, size: int) -> int:
        """Give the IPStatus of a ping of this size that must not be cut."""
        ailments = self._host.settings.ailments
        if ailments.no_ping or not self._host.network.is_there(address):
            return PING_TIMED_OUT
        if size + _PING_HEADERS_BYTES > _ETHERNET_BYTES:
            return _PING_TOO_BIG
        swallowed = ailments.path_mtu_bytes
        if swallowed is not None and size + _PING_HEADERS_BYTES > swallowed:
            return PING_TIMED_OUT
        if self.wire is not None and self.wire.is_on_wire(address):
            return PING_SUCCESS if self.wire.try_ping(address, size) else PING_TIMED_OUT
        return PING_SUCCESS


def _number(arguments: _Arguments, name: str) -> int:
    value = arguments.get(name)
    return value if isinstance(value, int) else 0
