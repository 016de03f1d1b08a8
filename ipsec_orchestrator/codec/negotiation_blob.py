"""``ipsecData`` of an ipsecNegotiationPolicy object, [MS-GPIPSEC] 2.2.1.4.1: quick mode."""

from dataclasses import dataclass

from ipsec_orchestrator.codec.constants import NEGOTIATION_BLOB_ID
from ipsec_orchestrator.codec.wire import BlobReader, BlobWriter

_CLASS = "ipsecNegotiationPolicy"
_DATA_LENGTH_OFFSET = 16
_OFFER_SIZE = 80
_ALGORITHM_SIZE = 20
_ALGORITHM_SLOTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmOffer:
    """One AH or ESP transform of a security offer.

    Attributes:
        protocol: See :class:`~.constants.SecurityProtocol`.
        algorithm: For ESP a :class:`~.constants.Cipher`, for AH an
            :class:`~.constants.Integrity`.
        integrity: ESP integrity, an :class:`~.constants.Integrity`; 0 for AH.
        key_length: 0; Windows 2000 wrote 64.
        rounds: 0; Windows 2000 wrote 8.
    """

    protocol: int
    algorithm: int
    integrity: int = 0
    key_length: int = 0
    rounds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityOffer:
    """One security method of a filter action.

    An offer without algorithms at the end of the list allows fallback to clear text.

    Attributes:
        algorithms: At most three transforms, used together.
        lifetime_seconds: Quick mode lifetime; 0 leaves the default.
        lifetime_kilobytes: Quick mode lifetime; 0 leaves the default.
        pfs: 1 asks for quick mode perfect forward secrecy. The specification's table says the
            opposite; Windows and every real blob say this.
        options: 0.
        unused_algorithms: Leftovers in the slots after the last algorithm, without the zeros
            that end them; Windows 2000 left pieces of its heap there.
    """

    algorithms: tuple[AlgorithmOffer, ...]
    lifetime_seconds: int = 0
    lifetime_kilobytes: int = 0
    pfs: int = 0
    options: int = 0
    unused_algorithms: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiationPolicy:
    """A filter action; whether it blocks, permits or negotiates is in an attribute of its own.

    Attributes:
        offers: Security methods, most preferred first; none for block and permit.
        length_skew: By how much the stored Data-Length differs from 4 + 80 n.
        trailing: What follows the offers, one zero byte on Windows.
    """

    offers: tuple[SecurityOffer, ...] = ()
    length_skew: int = 0
    trailing: bytes = b"\0"


def decode_negotiation(blob: bytes) -> NegotiationPolicy:
    """Read the blob.

    Raises:
        CodecError: It is cut short, of another class, announces more offers than it has, or
            has an offer of more than three algorithms.
    """
    reader = BlobReader(format_name=_CLASS, blob=blob)
    reader.identifier(NEGOTIATION_BLOB_ID, "Negotiation-Policy-ID")
    length = reader.data_length()
    start = reader.offset
    count = reader.count("Security-Offer-Count", item_size=_OFFER_SIZE)
    offers = tuple(_read_offer(reader) for _ in range(count))
    skew = length - (reader.offset - start)
    return NegotiationPolicy(offers=offers, length_skew=skew, trailing=reader.rest())


def encode_negotiation(policy: NegotiationPolicy) -> bytes:
    """Write the blob.

    Raises:
        CodecError: A number does not fit its field or an offer has too many algorithms.
    """
    writer = BlobWriter(format_name=_CLASS)
    writer.guid(NEGOTIATION_BLOB_ID)
    writer.u32(0, "Data-Length")
    start = len(writer)
    writer.u32(len(policy.offers), "Security-Offer-Count")
    for offer in policy.offers:
        _write_offer(writer, offer)
    # The trailing byte is not counted.
    length = len(writer) - start + policy.length_skew
    writer.patch_u32(_DATA_LENGTH_OFFSET, length, "Data-Length")
    writer.raw(policy.trailing)
    return writer.finish()


def _read_offer(reader: BlobReader) -> SecurityOffer:
    lifetime_seconds = reader.u32("Lifetime-Seconds")
    lifetime_kilobytes = reader.u32("Lifetime-KBytes")
    options = reader.u32("Negotiation-Options")
    pfs = reader.u32("PFS-QM-Required")
    count_offset = reader.offset
    count = reader.u32("Algorithm-Offer-Count")
    if count > _ALGORITHM_SLOTS:
        reader.fail("Algorithm-Offer-Count", f"{count} algorithms in 3 slots", offset=count_offset)
    algorithms = tuple(_read_algorithm(reader) for _ in range(count))
    unused = reader.take((_ALGORITHM_SLOTS - count) * _ALGORITHM_SIZE, "Algorithm-Offer-Data")
    return SecurityOffer(
        algorithms=algorithms,
        lifetime_seconds=lifetime_seconds,
        lifetime_kilobytes=lifetime_kilobytes,
        pfs=pfs,
        options=options,
        unused_algorithms=unused.rstrip(b"\0"),
    )


def _read_algorithm(reader: BlobReader) -> AlgorithmOffer:
    # Keyword arguments are evaluated in the order in which they are written here.
    return AlgorithmOffer(
        algorithm=reader.u32("Algorithm-Identifier"),
        integrity=reader.u32("ESP-Integrity-Identifier"),
        protocol=reader.u32("Offer-Type"),
        key_length=reader.u32("Zero1"),
        rounds=reader.u32("Zero1"),
    )


def _write_offer(writer: BlobWriter, offer: SecurityOffer) -> None:
    writer.u32(offer.lifetime_seconds, "Lifetime-Seconds")
    writer.u32(offer.lifetime_kilobytes, "Lifetime-KBytes")
    writer.u32(offer.options, "Negotiation-Options")
    writer.u32(offer.pfs, "PFS-QM-Required")
    free = (_ALGORITHM_SLOTS - len(offer.algorithms)) * _ALGORITHM_SIZE
    if free < 0:
        writer.fail("Algorithm-Offer-Count", f"{len(offer.algorithms)} algorithms in 3 slots")
    writer.u32(len(offer.algorithms), "Algorithm-Offer-Count")
    for algorithm in offer.algorithms:
        writer.u32(algorithm.algorithm, "Algorithm-Identifier")
        writer.u32(algorithm.integrity, "ESP-Integrity-Identifier")
        writer.u32(algorithm.protocol, "Offer-Type")
        writer.u32(algorithm.key_length, "Zero1")
        writer.u32(algorithm.rounds, "Zero1")
    writer.fixed(offer.unused_algorithms.ljust(free, b"\0"), free, "Algorithm-Offer-Data")
