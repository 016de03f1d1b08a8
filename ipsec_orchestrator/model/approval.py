"""Who approved a plan, and what approval is demanded."""

from dataclasses import dataclass
from enum import StrEnum


class SignatureKind(StrEnum):
    """Which program made a signature."""

    SSH = "ssh"
    MINISIGN = "minisign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A signature that holds: somebody who may approve has signed exactly this plan.

    Attributes:
        principal: Who, as the file of signers calls the key's owner.
        key: Fingerprint or id of the key.
        kind: Which program made the signature.
        file: The file of the signature.
    """

    principal: str
    key: str
    kind: SignatureKind
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDemand:
    """How many different people of which list have to sign.

    Attributes:
        signers: Files of allowed signers (OpenSSH) or public keys (minisign).
        required: How many different signers.
        origin: Who demands it, for messages.
    """

    signers: tuple[str, ...]
    required: int = 1
    origin: str = "--signed-by"
