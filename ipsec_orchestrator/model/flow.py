"""Flows between hosts, as a policy's filters mean them."""

from dataclasses import dataclass

from ipsec_orchestrator.model.inventory import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Traffic that one host begins to a port of another.

    Attributes:
        source: Inventory name of the host that begins.
        destination: Inventory name of the host that answers.
        source_address: Its address.
        destination_address: Its address.
        protocol: IANA number, 6 TCP or 17 UDP.
        port: Destination port.
        rule: Name of the rule that ought to protect it; ``None`` for a control flow, which no
            filter matches.
        filter_action: Name of that rule's filter action.
        algorithms: What the rule's security methods allow on the wire, in order of preference,
            as (encryption, integrity) words such as ``("3DES", "SHA1")``.
        is_second_path: Whether it goes by addresses that no filter matches, between hosts and to a
            port that the rule protects by other addresses.
        may_fall_back: Whether the filter action itself allows clear traffic where IPsec fails.
    """

    source: str
    destination: str
    source_address: Address
    destination_address: Address
    protocol: int
    port: int
    rule: str | None = None
    filter_action: str | None = None
    algorithms: tuple[tuple[str, str], ...] = ()
    may_fall_back: bool = False
    is_second_path: bool = False

    @property
    def is_protected(self) -> bool:
        """Whether a rule ought to protect it."""
        return self.rule is not None
