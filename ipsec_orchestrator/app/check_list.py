"""Finds the checks: every module of the package ``checks`` that has some."""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from ipsec_orchestrator import checks
from ipsec_orchestrator.checks.check import Check, Need
from ipsec_orchestrator.errors import UsageError

AZURE: Final = "azure"
"""The topic whose checks have an adapter of their own and come as findings."""
# The order in which a reader would go about it; a topic that is not named here comes last.
_ORDER: Final = ("ad", "ou", AZURE, "dns", "connectivity", "hosts", "ipsec", "firewall", "audit")


@cache
def all_checks() -> tuple[Check, ...]:
    """Give every check, topics in reading order."""
    found: list[Check] = []
    for module in iter_modules(checks.__path__):
        loaded = import_module(f"{checks.__name__}.{module.name}")
        # Azure's checks are of a kind of their own; they come through app.azure_checks.
        found += (made for made in getattr(loaded, "CHECKS", ()) if isinstance(made, Check))
    return tuple(sorted(found, key=lambda check: topic_order(check.topic)))


def topics() -> tuple[str, ...]:
    """Give the words of ``--only``."""
    found = dict.fromkeys((*(check.topic for check in all_checks()), AZURE))
    return tuple(sorted(found, key=topic_order))


def topic_order(topic: str) -> tuple[int, str]:
    """Give what topics are sorted by."""
    return (_ORDER.index(topic) if topic in _ORDER else len(_ORDER), topic)


def chosen_checks(only: Iterable[str]) -> tuple[Check, ...]:
    """Give the checks of some topics or with some ids; all if nothing is named.

    Raises:
        UsageError: A word is neither a topic nor an id.
    """
    words = tuple(only)
    known = {*topics(), *(check.check_id for check in all_checks())}
    for word in words:
        if word not in known and not word.startswith(f"{AZURE}."):
            raise UsageError(
                f"{word!r} is no check and no topic.", cure=f"Topics: {', '.join(topics())}."
            )
    if not words:
        return all_checks()
    return tuple(c for c in all_checks() if c.topic in words or c.check_id in words)


def needs_of(chosen: Iterable[Check]) -> frozenset[Need]:
    """Give everything that has to be read for some checks."""
    return frozenset(need for check in chosen for need in check.needs)
