"""``ipsecData`` of an ipsecISAKMPPolicy object, [MS-GPIPSEC] 2.2.1.2.1: main mode."""

from dataclasses import dataclass
from uuid import UUID

from ipsec_orchestrator.codec.constants import (
    DEFAULT_MAIN_MODE_LIFETIME_SECONDS,
    ISAKMP_BLOB_ID,
    Cipher,
    Integrity,
    OakleyGroup,
)
from ipsec_orchestrator.codec.wire import BlobReader, BlobWriter

_CLASS = "ipsecISAKMPPolicy"
_METHOD_SIZE = 64
_DATA_LENGTH_OFFSET = 16
_ZERO2_SIZE = 20
_ZERO6_SIZE = 8
_ZERO7_SIZE = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class IsakmpMethod:
    """One main mode security method; the order of methods is the order of preference.

    The specification sees 8-byte algorithm ids followed by zeros. Windows 2000 filled its
    paddings with 0xCD, which shows the true layout: id, key length and rounds, 4 bytes each.

    Attributes:
        encryption: Encryption-Algorithm-ID, see :class:`~.constants.Cipher`.
        integrity: Hash-Algorithm-ID, see :class:`~.constants.Integrity`.
        oakley_group: Diffie-Hellman group, see :class:`~.constants.OakleyGroup`.
        override: Random-Function: if not 0, replaces the three above, see
            :class:`~.constants.MethodOverride`.
        lifetime_seconds: Oakley-Lifetime-Secs.
        lifetime_kilobytes: Oakley-Lifetime-KB.
        quick_mode_limit: QM-Limit of this method; 0 is no limit.
        pfs_identity_required: 0 or 1; uninitialised memory in Windows 2000's blobs.
        encryption_key_length: 64 from ``netsh``, 0 from the management console.
        encryption_rounds: 8 from ``netsh``, 0 from the management console.
        hash_key_length: 64 from ``netsh``, 0 from the management console.
        hash_rounds: 0.
        version: Major- and Minor-Version, 2 bytes, zero.
        zero3: 2 bytes of padding.
        zero6: 8 unused bytes.
        zero7: 7 unused bytes, the last 3 are padding.
    """

    encryption: int = Cipher.TRIPLE_DES
    integrity: int = Integrity.SHA1
    oakley_group: int = OakleyGroup.GROUP_2
    override: int = 0
    lifetime_seconds: int = DEFAULT_MAIN_MODE_LIFETIME_SECONDS
    lifetime_kilobytes: int = 0
    quick_mode_limit: int = 0
    pfs_identity_required: int = 0
    encryption_key_length: int = 64
    encryption_rounds: int = 8
    hash_key_length: int = 64
    hash_rounds: int = 0
    version: bytes = bytes(2)
    zero3: bytes = bytes(2)
    zero6: bytes = bytes(_ZERO6_SIZE)
    zero7: bytes = bytes(_ZERO7_SIZE)


@dataclass(frozen=True, slots=True, kw_only=True)
class IsakmpPolicy:
    """Key exchange settings of a policy.

    Attributes:
        instance_id: ISAKMP-Policy-Instance: the object's own GUID as ``netsh`` writes it,
            zero from the management console.
        methods: Security methods, most preferred first.
        master_pfs_required: 0 or 1.
        options: ISAKMP-Options, see :class:`~.constants.IsakmpOption`.
        new_dh: New-DH-1 to New-DH-4, methods with group 14 that go before ``methods``.
        quick_mode_limit: QM-Limit, quick modes for each main mode; 0 is no limit.
        lifetime_seconds: MM-Lifetime; 0 means 28 800.
        zero1: 4 bytes that are ignored.
        zero2: 20 bytes that are ignored.
        length_skew: By how much the stored Data-Length differs from 64 + 64 n.
        trailing: What follows the methods, one zero byte on Windows.
    """

    instance_id: UUID
    methods: tuple[IsakmpMethod, ...]
    master_pfs_required: int = 0
    options: int = 0
    new_dh: bytes = bytes(4)
    quick_mode_limit: int = 0
    lifetime_seconds: int = DEFAULT_MAIN_MODE_LIFETIME_SECONDS
    zero1: bytes = bytes(4)
    zero2: bytes = bytes(_ZERO2_SIZE)
    length_skew: int = 0
    trailing: bytes = b"\0"


def decode_isakmp(blob: bytes) -> IsakmpPolicy:
    """Read the blob.

    Raises:
        CodecError: It is cut short, of another class, or announces more methods than it has.
    """
    reader = BlobReader(format_name=_CLASS, blob=blob)
    reader.identifier(ISAKMP_BLOB_ID, "ISAKMP-Policy-Type-ID")
    length = reader.data_length()
    start = reader.offset
    instance_id = reader.guid("ISAKMP-Policy-Instance")
    zero1 = reader.take(4, "Zero1")
    master_pfs_required = reader.u32("Master-PFS-Required")
    options = reader.u32("ISAKMP-Options")
    new_dh = reader.take(4, "New-DH-1")
    quick_mode_limit = reader.u32("QM-Limit")
    lifetime_seconds = reader.u32("MM-Lifetime")
    zero2 = reader.take(_ZERO2_SIZE, "Zero2")
    count = reader.count("Security-Method-Count", item_size=_METHOD_SIZE)
    methods = tuple(_read_method(reader) for _ in range(count))
    return IsakmpPolicy(
        instance_id=instance_id,
        methods=methods,
        master_pfs_required=master_pfs_required,
        options=options,
        new_dh=new_dh,
        quick_mode_limit=quick_mode_limit,
        lifetime_seconds=lifetime_seconds,
        zero1=zero1,
        zero2=zero2,
        length_skew=length - (reader.offset - start),
        trailing=reader.rest(),
    )


def encode_isakmp(policy: IsakmpPolicy) -> bytes:
    """Write the blob.

    Raises:
        CodecError: A number or byte string does not fit its field.
    """
    writer = BlobWriter(format_name=_CLASS)
    writer.guid(ISAKMP_BLOB_ID)
    writer.u32(0, "Data-Length")
    start = len(writer)
    writer.guid(policy.instance_id)
    writer.fixed(policy.zero1, 4, "Zero1")
    writer.u32(policy.master_pfs_required, "Master-PFS-Required")
    writer.u32(policy.options, "ISAKMP-Options")
    writer.fixed(policy.new_dh, 4, "New-DH-1")
    writer.u32(policy.quick_mode_limit, "QM-Limit")
    writer.u32(policy.lifetime_seconds, "MM-Lifetime")
    writer.fixed(policy.zero2, _ZERO2_SIZE, "Zero2")
    writer.u32(len(policy.methods), "Security-Method-Count")
    for method in policy.methods:
        _write_method(writer, method)
    # The trailing byte is not counted.
    length = len(writer) - start + policy.length_skew
    writer.patch_u32(_DATA_LENGTH_OFFSET, length, "Data-Length")
    writer.raw(policy.trailing)
    return writer.finish()


def _read_method(reader: BlobReader) -> IsakmpMethod:
    # Keyword arguments are evaluated in the order in which they are written here.
    return IsakmpMethod(
        version=reader.take(2, "Major-Version"),
        zero3=reader.take(2, "Zero3"),
        encryption=reader.u32("Encryption-Algorithm-ID"),
        encryption_key_length=reader.u32("Encryption-Algorithm-ID"),
        encryption_rounds=reader.u32("Zero4"),
        integrity=reader.u32("Hash-Algorithm-ID"),
        hash_key_length=reader.u32("Hash-Algorithm-ID"),
        hash_rounds=reader.u32("Zero5"),
        zero6=reader.take(_ZERO6_SIZE, "Zero6"),
        override=reader.u8("Random-Function"),
        zero7=reader.take(_ZERO7_SIZE, "Zero7"),
        oakley_group=reader.u32("Oakley-Group"),
        quick_mode_limit=reader.u32("QM-Limit"),
        lifetime_kilobytes=reader.u32("Oakley-Lifetime-KB"),
        lifetime_seconds=reader.u32("Oakley-Lifetime-Secs"),
        pfs_identity_required=reader.u32("PFS-Identity-Required"),
    )


def _write_method(writer: BlobWriter, method: IsakmpMethod) -> None:
    writer.fixed(method.version, 2, "Major-Version")
    writer.fixed(method.zero3, 2, "Zero3")
    writer.u32(method.encryption, "Encryption-Algorithm-ID")
    writer.u32(method.encryption_key_length, "Encryption-Algorithm-ID")
    writer.u32(method.encryption_rounds, "Zero4")
    writer.u32(method.integrity, "Hash-Algorithm-ID")
    writer.u32(method.hash_key_length, "Hash-Algorithm-ID")
    writer.u32(method.hash_rounds, "Zero5")
    writer.fixed(method.zero6, _ZERO6_SIZE, "Zero6")
    writer.u8(method.override, "Random-Function")
    writer.fixed(method.zero7, _ZERO7_SIZE, "Zero7")
    writer.u32(method.oakley_group, "Oakley-Group")
    writer.u32(method.quick_mode_limit, "QM-Limit")
    writer.u32(method.lifetime_kilobytes, "Oakley-Lifetime-KB")
    writer.u32(method.lifetime_seconds, "Oakley-Lifetime-Secs")
    writer.u32(method.pfs_identity_required, "PFS-Identity-Required")
