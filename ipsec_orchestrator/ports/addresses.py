"""Addresses as this machine sees them: of others by name, and its own."""

from typing import Protocol

from ipsec_orchestrator.model.inventory import Address


class Addresses(Protocol):
    """Looks addresses up; not finding one is an answer, no error."""

    def of(self, name: str) -> tuple[Address, ...]:
        """Give the addresses of a DNS name; empty if nobody knows them."""
        ...

    def own_towards(self, target: Address) -> Address | None:
        """Give the address with which this machine would speak to another; sends nothing."""
        ...
