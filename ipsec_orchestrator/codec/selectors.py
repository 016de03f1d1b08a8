"""Selectors, the text of ``--limit`` and of a playbook's ``members`` -> hosts of the inventory.

Terms are separated by commas and united; ``!`` takes hosts away again. A term is a host's name or
FQDN, ``role=``, ``group=`` or ``ou=`` (the OU or below); ``*``, ``?`` and ``[...]`` are wildcards.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import assert_never

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.directory import is_below, split_dn
from ipsec_orchestrator.model.inventory import Host, HostRole, Inventory
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.suggestion import did_you_mean

_HOSTS = "orchestrate hosts lists what there is."


class TermKind(StrEnum):
    """What of a host a term looks at."""

    NAME = "name"
    ROLE = "role"
    GROUP = "group"
    OU = "ou"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a selector; ``pattern`` is case-folded."""

    kind: TermKind
    pattern: str
    excluded: bool = False

    @property
    def is_wild(self) -> bool:
        """Whether the pattern has wildcards, and so may match nothing when it excludes."""
        return any(character in self.pattern for character in "*?[")

    def matches(self, host: Host) -> bool:
        """Tell whether a host fits the term."""
        match self.kind:
            case TermKind.NAME:
                return self._fits(host.name) or self._fits(host.fqdn)
            case TermKind.ROLE:
                return self._fits(host.role)
            case TermKind.GROUP:
                return any(self._fits(group) for group in host.groups)
            case TermKind.OU:
                return host.ou is not None and self._is_in(host.ou)
            case _ as never:
                assert_never(never)

    def _fits(self, text: str) -> bool:
        return fnmatchcase(text.casefold(), self.pattern)

    def _is_in(self, dn: str) -> bool:
        parts = split_dn(self.pattern)
        if parts[-1].startswith("dc="):
            return is_below(dn, self.pattern)
        # A short form: its parts stand next to each other somewhere in the DN.
        wanted = parts if "=" in self.pattern else (f"ou={self.pattern}",)
        there = [part.casefold() for part in split_dn(dn)]
        return any(
            all(fnmatchcase(part, want) for part, want in zip(there[at:], wanted, strict=False))
            for at in range(len(there) - len(wanted) + 1)
        )


def parse_selector(text: str) -> tuple[Term, ...]:
    """Read a selector such as ``vm1,role=azure-vm,group=web,!host1``.

    Raises:
        UsageError: No term, an empty one, or a key that there is not.
    """
    terms: list[Term] = []
    for part in _split(text):
        word = part.removeprefix("!").strip()
        if not word:
            raise UsageError(
                f"The selector '{text}' has an empty term.",
                cure="Write names, role=, group= or ou=, separated by commas; '!' in front "
                "takes hosts away.",
            )
        key, equals, value = word.partition("=")
        kind = TermKind.NAME
        pattern = word
        if equals:
            kind = _kind(text, key.strip())
            pattern = value.strip()
            if not pattern:
                raise UsageError(f"The selector '{text}' has nothing behind '{key}='.", cure=_HOSTS)
        terms.append(
            Term(kind=kind, pattern=pattern.casefold(), excluded=part.startswith("!")),
        )
    return tuple(terms)


def select(inventory: Inventory, text: str) -> tuple[Host, ...]:
    """Give the hosts that a selector means, in inventory order.

    A selector of exclusions alone starts from all hosts.

    Raises:
        UsageError: A malformed selector, a name that nothing has, or no host left.
    """
    terms = parse_selector(text)
    for term in terms:
        if not (term.excluded and term.is_wild) and not any(map(term.matches, inventory.hosts)):
            raise _nothing(inventory, term)
    includes = [term for term in terms if not term.excluded]
    excludes = [term for term in terms if term.excluded]
    chosen = tuple(
        host
        for host in inventory.hosts
        if (not includes or any(term.matches(host) for term in includes))
        and not any(term.matches(host) for term in excludes)
    )
    if not chosen:
        raise UsageError(f"The selector '{text}' leaves no host.", cure=_HOSTS)
    return chosen


def members_of(inventory: Inventory, playbook: Playbook) -> tuple[Host, ...]:
    """Give the hosts that a playbook refreshes and checks, in inventory order.

    Without ``members`` in the playbook: all but domain controllers whose OU is the GPO's or
    below it; that may be none.

    Raises:
        UsageError: The playbook's selector does not fit this inventory.
    """
    if playbook.members:
        return select(inventory, playbook.members)
    return tuple(
        host
        for host in inventory.hosts
        if host.role is not HostRole.DOMAIN_CONTROLLER
        and host.ou is not None
        and is_below(host.ou, playbook.gpo.ou)
    )


_DN_PART = re.compile(r"\s*(ou|dc|cn)\s*=", re.IGNORECASE)
_DN_BEGIN = re.compile(r"\s*!?\s*ou\s*=\s*(ou|dc|cn)\s*=", re.IGNORECASE)


def _split(text: str) -> Iterable[str]:
    """Split at commas, but keep a DN behind ``ou=`` in one piece."""
    parts: list[str] = []
    for part in split_dn(text) or ("",):
        if parts and _DN_BEGIN.match(parts[-1]) and _DN_PART.match(part):
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    return parts


def _kind(text: str, key: str) -> TermKind:
    try:
        return TermKind(key.casefold())
    except ValueError:
        kinds = [kind.value for kind in TermKind]
        raise UsageError(
            f"'{key}=' in the selector '{text}' is unknown; allowed are "
            f"{', '.join(f'{kind}=' for kind in kinds)}.",
            cure=did_you_mean(key, kinds).strip() or _HOSTS,
        ) from None


def _nothing(inventory: Inventory, term: Term) -> UsageError:
    message = f"{_NOTHING[term.kind]} '{term.pattern}'."
    hint = "" if term.is_wild else did_you_mean(term.pattern, _known(inventory.hosts, term.kind))
    return UsageError(message, cure=hint.strip() or _HOSTS)


_NOTHING = {
    TermKind.NAME: "The inventory has no host",
    TermKind.ROLE: "No host has the role",
    TermKind.GROUP: "No host is in a group",
    TermKind.OU: "No host is in an OU",
}


def _known(hosts: Iterable[Host], kind: TermKind) -> Iterable[str]:
    match kind:
        case TermKind.NAME:
            return [host.name for host in hosts]
        case TermKind.ROLE:
            return list(HostRole)
        case TermKind.GROUP:
            return sorted({group for host in hosts for group in host.groups})
        case TermKind.OU:
            parts = {part for host in hosts for part in split_dn(host.ou or "")}
            return sorted(part[3:] for part in parts if part.casefold().startswith("ou="))
        case _ as never:
            assert_never(never)
