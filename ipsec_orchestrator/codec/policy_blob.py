"""``ipsecData`` of an ipsecPolicy object, [MS-GPIPSEC] 2.2.1.1.1."""

from dataclasses import dataclass

from ipsec_orchestrator.codec.constants import DEFAULT_POLLING_INTERVAL_SECONDS, POLICY_BLOB_ID
from ipsec_orchestrator.codec.wire import BlobReader, BlobWriter

_CLASS = "ipsecPolicy"
# Only the interval is counted, although one more byte follows: so in every blob since 2000.
_DATA_LENGTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class IpsecPolicy:
    """An IP security policy; all that its blob says is how often members look for changes.

    Attributes:
        polling_interval_seconds: Polling-Interval; 0 means 10 800.
        length_skew: By how much the stored Data-Length differs from 4.
        trailing: What follows the interval, always one zero byte on Windows.
    """

    polling_interval_seconds: int = DEFAULT_POLLING_INTERVAL_SECONDS
    length_skew: int = 0
    trailing: bytes = b"\0"


def decode_policy(blob: bytes) -> IpsecPolicy:
    """Read the blob.

    Raises:
        CodecError: It is cut short or of another class.
    """
    reader = BlobReader(format_name=_CLASS, blob=blob)
    reader.identifier(POLICY_BLOB_ID, "IPsec-Policy-ID")
    length = reader.data_length()
    return IpsecPolicy(
        polling_interval_seconds=reader.u32("Polling-Interval"),
        length_skew=length - _DATA_LENGTH,
        trailing=reader.rest(),
    )


def encode_policy(policy: IpsecPolicy) -> bytes:
    """Write the blob.

    Raises:
        CodecError: A number does not fit its field.
    """
    writer = BlobWriter(format_name=_CLASS)
    writer.guid(POLICY_BLOB_ID)
    writer.u32(_DATA_LENGTH + policy.length_skew, "Data-Length")
    writer.u32(policy.polling_interval_seconds, "Polling-Interval")
    writer.raw(policy.trailing)
    return writer.finish()
