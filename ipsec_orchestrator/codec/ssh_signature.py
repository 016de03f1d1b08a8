"""Signatures in OpenSSH's SSHSIG format, as far as messages need them: key and namespace.

Whether a signature holds is for ssh-keygen to say; this only reads what it claims.
Format: PROTOCOL.sshsig of OpenSSH; fingerprints as ``ssh-keygen -l`` prints them.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NoReturn

from ipsec_orchestrator.errors import CodecError

_ARMOR: Final = re.compile(
    r"\s*-----BEGIN SSH SIGNATURE-----\s(?P<body>[A-Za-z0-9+/=\s]*)-----END SSH SIGNATURE-----\s*"
)
_MAGIC: Final = b"SSHSIG"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SshSignature:
    """What a signature says of itself.

    Attributes:
        fingerprint: ``SHA256:...`` of the public key, or of the certificate.
        namespace: What it was made for.
    """

    fingerprint: str
    namespace: str


def read_ssh_signature(text: str) -> SshSignature:
    """Read an armored signature.

    Raises:
        CodecError: It is none, or damaged.
    """
    armor = _ARMOR.fullmatch(text)
    if armor is None:
        _fail("armor", 0, "no single block of an SSH signature")
    try:
        blob = base64.b64decode("".join(armor["body"].split()), validate=True)
    except binascii.Error as error:
        raise CodecError(
            format="SSHSIG", field="armor", offset=0, reason="the base64 is damaged"
        ) from error
    if not blob.startswith(_MAGIC):
        _fail("MAGIC_PREAMBLE", 0, "it is not SSHSIG")
    offset = len(_MAGIC)
    version = int.from_bytes(blob[offset : offset + 4])
    if version != _VERSION:
        _fail("SIG_VERSION", offset, f"version {version} is not known")
    key, offset = _string(blob, offset + 4, "publickey")
    namespace, _ = _string(blob, offset, "namespace")
    digest = base64.b64encode(sha256(key).digest()).decode().rstrip("=")
    return SshSignature(
        fingerprint=f"SHA256:{digest}", namespace=namespace.decode(errors="replace")
    )


def _string(blob: bytes, offset: int, field: str) -> tuple[bytes, int]:
    """Read an SSH string: four bytes of length, then the content (RFC 4251 5)."""
    start = offset + 4
    length = int.from_bytes(blob[offset:start])
    if start > len(blob) or length > len(blob) - start:
        _fail(field, offset, "it ends in the middle")
    return blob[start : start + length], start + length


def _fail(field: str, offset: int, reason: str) -> NoReturn:
    raise CodecError(format="SSHSIG", field=field, offset=offset, reason=reason)
