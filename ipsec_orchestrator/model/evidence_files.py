"""What an evidence folder is about, and the files in it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRun:
    """One run of a proof, for its evidence.

    Attributes:
        run_id: Tells this run from others.
        tool_version: Of this program.
        domain: DNS name of the domain.
        playbook: Its name.
        policy: Name of the policy that ought to protect the flows.
        began_at: By the clock of whoever started it.
        ended_at: Likewise.
        keeps_payload: Whether captures hold whole frames instead of headers.
    """

    run_id: str
    tool_version: str
    domain: str
    playbook: str
    policy: str
    began_at: datetime
    ended_at: datetime
    keeps_payload: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """One file of an evidence folder.

    Attributes:
        name: Path below the folder, with slashes.
        size: In bytes.
        sha256: Of its content, 64 hexadecimal digits.
    """

    name: str
    size: int
    sha256: str
