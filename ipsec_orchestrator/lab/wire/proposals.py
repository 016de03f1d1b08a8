"""Algorithms of a policy in charon's words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ipsec_orchestrator.codec import IsakmpMethod, IsakmpPolicy, NegotiationPolicy, SecurityOffer
from ipsec_orchestrator.codec.constants import (
    DEFAULT_MAIN_MODE_LIFETIME_SECONDS,
    Cipher,
    Integrity,
    MethodOverride,
    OakleyGroup,
    SecurityProtocol,
)

DEFAULT_QUICK_MODE_SECONDS = 3600
BYTES_PER_KILOBYTE = 1024

_CIPHERS = {Cipher.DES: "des", Cipher.TRIPLE_DES: "3des"}
_INTEGRITIES = {Integrity.MD5: "md5", Integrity.SHA1: "sha1"}
_GROUPS = {
    OakleyGroup.GROUP_1: "modp768",
    OakleyGroup.GROUP_2: "modp1024",
    OakleyGroup.GROUP_14: "modp2048",
}
_OVERRIDES = {
    MethodOverride.DES_MD5_GROUP_14: "des-md5-modp2048",
    MethodOverride.DES_SHA1_GROUP_14: "des-sha1-modp2048",
    MethodOverride.TRIPLE_DES_MD5_GROUP_14: "3des-md5-modp2048",
    MethodOverride.TRIPLE_DES_SHA1_GROUP_14: "3des-sha1-modp2048",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MainMode:
    """Key exchange in charon's words.

    Attributes:
        proposals: Most preferred first.
        lifetime_seconds: Of main mode.
        notes: What could not be carried over.
    """

    proposals: tuple[str, ...]
    lifetime_seconds: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickMode:
    """A filter action in charon's words.

    Attributes:
        protocol: ``esp`` or ``ah``.
        proposals: Most preferred first; none if nothing could be carried over.
        lifetime_seconds: Of a security association.
        lifetime_bytes: 0 is no limit.
        is_soft: Fallback to clear is allowed.
        notes: What could not be carried over.
    """

    protocol: str
    proposals: tuple[str, ...]
    lifetime_seconds: int
    lifetime_bytes: int
    is_soft: bool
    notes: tuple[str, ...]


def main_mode(exchange: IsakmpPolicy) -> MainMode:
    """Translate main mode: the methods of New-DH first, then the others in their order."""
    notes: list[str] = []
    proposals = [_OVERRIDES[override] for byte in exchange.new_dh if (override := _override(byte))]
    for method in exchange.methods:
        words = _main_mode_method(method)
        if words is None:
            notes.append("A main mode method of unknown algorithms is left out, as Windows does.")
        else:
            proposals.append(words)
    if exchange.master_pfs_required or exchange.quick_mode_limit:
        notes.append(
            "charon knows no limit of quick modes for a main mode (master PFS): it is not enforced."
        )
    return MainMode(
        proposals=tuple(dict.fromkeys(proposals)),
        lifetime_seconds=exchange.lifetime_seconds or DEFAULT_MAIN_MODE_LIFETIME_SECONDS,
        notes=tuple(notes),
    )


def _override(byte: int) -> MethodOverride | None:
    known = byte in {override.value for override in _OVERRIDES}
    return MethodOverride(byte) if known else None


def _main_mode_method(method: IsakmpMethod) -> str | None:
    override = _override(method.override)
    if override is not None:
        return _OVERRIDES[override]
    cipher = next((word for number, word in _CIPHERS.items() if number == method.encryption), None)
    digest = next((w for number, w in _INTEGRITIES.items() if number == method.integrity), None)
    group = next((word for number, word in _GROUPS.items() if number == method.oakley_group), None)
    if cipher is None or digest is None or group is None:
        return None
    return f"{cipher}-{digest}-{group}"


def quick_mode(negotiation: NegotiationPolicy, exchange: MainMode) -> QuickMode:
    """Translate a filter action.

    Args:
        negotiation: The action's security methods.
        exchange: Main mode, whose group is that of perfect forward secrecy.
    """
    offers = [offer for offer in negotiation.offers if offer.algorithms]
    notes: list[str] = []
    wanted = list(_known_offers(offers, notes))
    protocol = wanted[0][0] if wanted else "esp"
    group = ""
    if offers and offers[0].pfs and exchange.proposals:
        group = f"-{exchange.proposals[0].rpartition('-')[2]}"
    if any(found != protocol for found, _ in wanted):
        notes.append(f"AH and ESP as alternatives are one too many for charon: {protocol} only.")
    first = offers[0] if offers else SecurityOffer(algorithms=())
    if any(
        (offer.lifetime_seconds, offer.lifetime_kilobytes)
        != (first.lifetime_seconds, first.lifetime_kilobytes)
        for offer in offers
    ):
        notes.append("charon has one lifetime for all methods: that of the first is taken.")
    return QuickMode(
        protocol=protocol,
        proposals=tuple(
            dict.fromkeys(f"{words}{group}" for found, words in wanted if found == protocol)
        ),
        lifetime_seconds=first.lifetime_seconds or DEFAULT_QUICK_MODE_SECONDS,
        lifetime_bytes=first.lifetime_kilobytes * BYTES_PER_KILOBYTE,
        is_soft=any(not offer.algorithms for offer in negotiation.offers),
        notes=tuple(notes),
    )


def _known_offers(offers: Sequence[SecurityOffer], notes: list[str]) -> Iterator[tuple[str, str]]:
    for offer in offers:
        words = _offer(offer)
        if words is None:
            notes.append(
                "A security method is left out: charon knows no AH together with ESP,"
                " no ESP without integrity, and only the algorithms of the specification."
            )
        else:
            yield words


def _offer(offer: SecurityOffer) -> tuple[str, str] | None:
    if len(offer.algorithms) != 1:
        return None
    algorithm = offer.algorithms[0]
    is_esp = algorithm.protocol == SecurityProtocol.ESP
    wanted = algorithm.integrity if is_esp else algorithm.algorithm
    digest = next((word for number, word in _INTEGRITIES.items() if number == wanted), None)
    if digest is None:
        return None
    if not is_esp:
        return ("ah", digest) if algorithm.protocol == SecurityProtocol.AH else None
    ciphers = {**_CIPHERS, Cipher.NONE: "null"}
    cipher = next((word for number, word in ciphers.items() if number == algorithm.algorithm), None)
    return None if cipher is None else ("esp", f"{cipher}-{digest}")
