"""Windows Firewall and others beside the policy: what IPsec permits they may still block."""

from typing import Final

from ipsec_orchestrator.checks.check import (
    Verdict,
    failed,
    health_check,
    not_applicable,
    passed,
    unknown,
)
from ipsec_orchestrator.facts.host_health import HostHealth

_UDP: Final = 17
_ESP: Final = 50
_KEY_EXCHANGE_PORTS: Final = frozenset({500, 4500})
_PORT_FIELDS: Final = ("LPort", "LPort2_10", "RPort", "RPort2_10")


def _profiles(health: HostHealth) -> Verdict:
    if health.firewall_profiles_reason is not None or not health.firewall_profiles:
        return unknown(
            f"The firewall's profiles can't be read ({health.firewall_profiles_reason}).",
            "Start the service Windows Defender Firewall (MpsSvc) there; stopping it is not "
            "supported by Windows.",
        )
    # On or off, IPsec policies work; people want to know what else decides about their traffic.
    shown = ", ".join(
        f"{name} {'on' if enabled else 'off'}" for name, enabled in health.firewall_profiles.items()
    )
    return passed(f"{shown}.")


def _key_exchange(health: HostHealth) -> Verdict:
    found = [
        rule.get("Name", "without a name")
        for rule in map(_fields, health.block_rules)
        if _blocks_ipsec(rule)
    ]
    if found:
        return failed(
            f"Firewall rules block key exchange (UDP 500, 4500) or ESP: {', '.join(found)}.",
            "Disable these rules for the addresses of the other side; a block rule wins over "
            "every permission.",
        )
    return passed("No firewall rule blocks UDP 500, UDP 4500 or ESP.")


def _fields(rule: str) -> dict[str, str]:
    """Split a rule of the registry, ``v2.31|Action=Block|...|`` ([MS-GPFAS] 2.2.2)."""
    pairs = (part.partition("=") for part in rule.split("|"))
    found: dict[str, str] = {}
    for name, equals, value in pairs:
        if equals:
            # A field may be there several times, once for each of its values.
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _blocks_ipsec(rule: dict[str, str]) -> bool:
    if any(name in rule for name in ("App", "Svc", "LUAuth", "AppPkgId")):
        return False  # some program's traffic, not that of the operating system
    if "RA4" in rule or "RA42" in rule or "LA4" in rule:
        return False  # for some addresses only: the policy's traffic may well be others
    protocol = rule.get("Protocol")
    if protocol is None or protocol == str(_ESP):
        return True
    if protocol != str(_UDP):
        return False
    ports = [rule[name] for name in _PORT_FIELDS if name in rule]
    return not ports or any(_KEY_EXCHANGE_PORTS & _numbers(text) for text in ports)


def _numbers(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit():
            end = int(last) if last.isdigit() else int(first)
            found |= _within(range(int(first), end + 1))
    return frozenset(found)


def _within(ports: range) -> frozenset[int]:
    return frozenset(port for port in _KEY_EXCHANGE_PORTS if port in ports)


def _third_party(health: HostHealth) -> Verdict:
    if health.firewall_products is None:
        return not_applicable(
            "Windows keeps no list of security products here, as on every Windows Server."
        )
    if health.firewall_products:
        return failed(
            f"Another firewall is installed: {', '.join(health.firewall_products)}.",
            "Let it pass ESP (protocol 50), UDP 500 and UDP 4500 between the two sides.",
        )
    return passed("No firewall but that of Windows.")


CHECKS: Final = (
    health_check("firewall.profiles", "Profiles of Windows Firewall", _profiles),
    health_check("firewall.key-exchange", "Key exchange and ESP are not blocked", _key_exchange),
    health_check("firewall.third-party", "Firewalls of others", _third_party),
)
