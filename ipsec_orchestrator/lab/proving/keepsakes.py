"""Firewall rules of a member: what would outlive a proof if nobody cared."""

import threading
from typing import Final

from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError

NAME_TAKEN: Final = "Windows System Error 183,New-NetFirewallRule"


class FirewallRules:
    """Rules by name; they are kept, and have no effect: the guests have no firewall."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[str, str] = {}

    def add(self, name: str, group: str) -> None:
        """Make a rule.

        Raises:
            ImitatedError: There is one of that name.
        """
        with self._lock:
            if name in self._rules:
                raise ImitatedError(NAME_TAKEN, name)
            self._rules[name] = group

    def remove(self, name: str) -> bool:
        """Remove a rule; tell whether there was one."""
        with self._lock:
            return self._rules.pop(name, None) is not None

    def find(self, name: str, group: str) -> list[dict[str, str]]:
        """Give the rules of a name or a group; an empty text means any."""
        with self._lock:
            return [
                {"name": found, "group": its_group}
                for found, its_group in self._rules.items()
                if name in {"", found} and group in {"", its_group}
            ]
