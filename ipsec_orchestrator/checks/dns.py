"""Names resolve on both sides: asked on the hosts themselves for all other hosts."""

from typing import Final

from ipsec_orchestrator.checks.check import (
    Need,
    Verdict,
    failed,
    host_check,
    not_applicable,
    passed,
    unknown,
    unread,
    was_asked,
)
from ipsec_orchestrator.facts.health import HealthFacts, HostFacts, NotRead
from ipsec_orchestrator.model.inventory import Address, Host

_SHOWN: Final = 4


def _forward(facts: HealthFacts, host: HostFacts) -> Verdict:
    if isinstance(host.names, NotRead):
        return _nothing(host.names)
    wrong: list[str] = []
    asked = 0
    for other in _others(facts, host):
        found = host.names.addresses.get(other.fqdn)
        if found is None:
            continue
        asked += 1
        if isinstance(found, str):
            wrong.append(f"{other.fqdn}: {_error(found)}")
        elif not found:
            wrong.append(f"{other.fqdn}: no address")
        elif other.addresses and not found & set(other.addresses):
            wrong.append(
                f"{other.fqdn}: {_join(found)} instead of {_join(frozenset(other.addresses))}"
            )
    if wrong:
        return failed(
            f"Wrong on this host: {_list(wrong)}.",
            "Correct the A record in DNS or the addresses in the inventory, and see that the host "
            "asks a DNS server that knows the domain (Get-DnsClientServerAddress); on an Azure "
            "VM that is set on the virtual network.",
        )
    return passed(f"{asked} names give the addresses of the inventory.") if asked else _NOBODY


def _reverse(facts: HealthFacts, host: HostFacts) -> Verdict:
    if isinstance(host.names, NotRead):
        return _nothing(host.names)
    wrong: list[str] = []
    asked = 0
    for other in _others(facts, host):
        for address in other.addresses:
            found = host.names.names.get(address)
            if found is None:
                continue
            asked += 1
            if isinstance(found, str):
                wrong.append(f"{address}: {_error(found)}")
            elif other.fqdn.casefold() not in {name.casefold() for name in found}:
                wrong.append(f"{address}: {', '.join(found) or 'no name'} instead of {other.fqdn}")
    if wrong:
        return failed(
            f"Wrong on this host: {_list(wrong)}.",
            "Add or correct the PTR record in the reverse zone of that network.",
        )
    if asked:
        return passed(f"{asked} addresses give the names of the inventory.")
    return not_applicable("The inventory has no addresses of other hosts.")


_NOBODY: Final = not_applicable("The inventory has no other host.")


def _others(facts: HealthFacts, host: HostFacts) -> tuple[Host, ...]:
    return tuple(found for found in facts.inventory.hosts if found.name != host.host.name)


def _nothing(missing: NotRead) -> Verdict:
    return unread(missing) if was_asked(missing) else unknown(missing.reason)


def _error(error_id: str) -> str:
    code = error_id.partition(",")[0]
    return "there is no such name" if code == "DNS_ERROR_RCODE_NAME_ERROR" else code


def _join(addresses: frozenset[Address]) -> str:
    return ", ".join(sorted(str(address) for address in addresses))


def _list(texts: list[str]) -> str:
    more = f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more


CHECKS: Final = (
    host_check("dns.forward", "Names of the other hosts", [Need.NAMES], _forward),
    host_check("dns.reverse", "Addresses of the other hosts", [Need.NAMES], _reverse),
)
