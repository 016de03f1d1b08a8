"""What can be wrong with a simulated Windows itself, as a value that is swapped at run time.

How its WinRM listener misbehaves is another matter: :mod:`ipsec_orchestrator.lab.winrm.faults`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from ipsec_orchestrator.lab.windows.services import INITIAL_SERVICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Ailments:
    """Everything that is wrong; the default host is well.

    Attributes:
        pending_reboot: Windows components wait for a restart.
        local_policy: A local IPsec policy is assigned.
        connection_security_rule: A rule of Windows Firewall requires security.
        firewall_third_party: Another firewall is installed, on a Windows that lists such.
        ike_blocked: A firewall rule blocks UDP 500.
        no_audit: Nothing of IPsec is audited.
        no_event_log: The log of Group Policy is off.
        no_rsop_logging: RSoP logging is off.
        no_background_policy: The IPsec extension is not called in the background.
        stale_group_policy: The last run of Group Policy is three days old.
        low_quotas: WinRM allows two shells a user.
        no_ping: Nobody answers its pings.
        dns_wrong: Its DNS server knows other addresses, and no reverse zone.
        tasks_blocked: A policy of the host forbids the programs of scheduled tasks.
        services_disabled: Names of services that may not start.
        ports_blocked: TCP ports that something on the way swallows.
        default_exempt: Value of ``NoDefaultExempt``.
        path_mtu_bytes: Larger packets vanish on the way.
    """

    pending_reboot: bool = False
    local_policy: bool = False
    connection_security_rule: bool = False
    firewall_third_party: bool = False
    ike_blocked: bool = False
    no_audit: bool = False
    no_event_log: bool = False
    no_rsop_logging: bool = False
    no_background_policy: bool = False
    stale_group_policy: bool = False
    low_quotas: bool = False
    no_ping: bool = False
    dns_wrong: bool = False
    tasks_blocked: bool = False
    services_disabled: tuple[str, ...] = ()
    ports_blocked: tuple[int, ...] = ()
    default_exempt: int | None = None
    path_mtu_bytes: int | None = None


WELL: Final = Ailments()
_SWITCHES: Final = {
    found.name.replace("_", "-"): found.name for found in fields(Ailments) if found.default is False
}
AILMENT_WORDS: Final = (
    *_SWITCHES,
    "service-disabled=NAME",
    "port-blocked=PORT",
    "default-exempt=NUMBER",
    "path-mtu=BYTES",
)
"""The words of ``orchestrate lab fault``."""


def with_ailment(ailments: Ailments, word: str) -> Ailments | None:
    """Add what a word of the command line means; ``None`` if it means nothing."""
    if word in _SWITCHES:
        switched: dict[str, Any] = {_SWITCHES[word]: True}
        return replace(ailments, **switched)
    name, _, value = word.partition("=")
    try:
        changes = _with_value(ailments, name, value)
    except ValueError:
        return None
    return replace(ailments, **changes) if changes else None


def _with_value(ailments: Ailments, name: str, value: str) -> dict[str, Any]:
    match name:
        case "service-disabled":
            return {"services_disabled": (*ailments.services_disabled, _service(value))}
        case "port-blocked":
            return {"ports_blocked": (*ailments.ports_blocked, int(value))}
        case "default-exempt":
            return {"default_exempt": int(value)}
        case "path-mtu":
            return {"path_mtu_bytes": int(value)}
        case _:
            return {}


def ailments_from_json(found: Mapping[str, Any]) -> Ailments:
    """Read what ``asdict`` wrote."""
    values = {item.name: found[item.name] for item in fields(Ailments)}
    for name in ("services_disabled", "ports_blocked"):
        values[name] = tuple(values[name])
    return Ailments(**values)


def _service(value: str) -> str:
    for service in INITIAL_SERVICES:
        if service.name.casefold() == value.casefold():
            return service.name
    raise ValueError(value)
