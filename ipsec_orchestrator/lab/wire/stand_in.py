"""What stands in for authentication that Linux can't do, or should not get to see. Pure."""

import hashlib
import hmac

from ipsec_orchestrator.codec import AuthMethod
from ipsec_orchestrator.codec.constants import AuthKind
from ipsec_orchestrator.model.secret import Secret

KERBEROS_NOTE = (
    "Kerberos has no IKE implementation on Linux: a pre-shared key of this lab stands in for it."
)
OTHER_NOTE = (
    "A pre-shared key derived from the policy's first authentication method and from a secret of"
    " this lab stands in for that method."
)


def stand_in_key(auth: AuthMethod, lab_key: Secret) -> Secret:
    """Derive a key that two members share exactly if their first methods are the same.

    Args:
        auth: The method, Kerberos, certificate or pre-shared key.
        lab_key: Of this lab.

    Returns:
        64 hexadecimal digits.
    """
    # Windows stores Kerberos with two zero bytes or with none, and means the same.
    content = b"" if auth.kind == AuthKind.KERBEROS else auth.content
    label = auth.kind.to_bytes(4, "big") + content
    return Secret(hmac.new(lab_key.reveal().encode(), label, hashlib.sha256).hexdigest())


def stand_in_note(auth: AuthMethod) -> str:
    """Say what the key stands in for."""
    return KERBEROS_NOTE if auth.kind == AuthKind.KERBEROS else OTHER_NOTE
