"""What charon writes into its log, as events. Pure; charon's log is never translated."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_LINE = re.compile(
    r"^(?P<seconds>\d+)\.(?P<milliseconds>\d{3}) \d+\[(?P<group>[A-Z]+)\] "
    r"(?:<(?P<connection>[^|>]*)\|\d+> )?(?P<text>.*)$"
)


class IkeEventKind(StrEnum):
    """What happened, as far as it matters for a diagnosis."""

    INITIATED = "main mode initiated"
    MAIN_MODE_UP = "main mode established"
    QUICK_MODE_UP = "quick mode established"
    RETRANSMITTED = "request repeated"
    GIVEN_UP = "peer does not answer"
    NO_COMMON_METHOD = "no common method"
    AUTHENTICATION_FAILED = "authentication failed"
    DELETED = "association deleted"
    OTHER = "other"


_KINDS = (
    (re.compile(r"^initiating Main Mode"), IkeEventKind.INITIATED),
    (re.compile(r"^IKE_SA \S+ established between"), IkeEventKind.MAIN_MODE_UP),
    (re.compile(r"^CHILD_SA \S+ established with SPIs"), IkeEventKind.QUICK_MODE_UP),
    (re.compile(r"^sending retransmit \d+ of request"), IkeEventKind.RETRANSMITTED),
    (re.compile(r"^giving up after \d+ retransmits"), IkeEventKind.GIVEN_UP),
    (re.compile(r"NO_PROPOSAL_CHOSEN|^no matching (proposal|CHILD_SA)|^no proposal found"), IkeEventKind.NO_COMMON_METHOD),
    (re.compile(r"AUTHENTICATION_FAILED|^invalid HASH_V1|^message parsing failed|^calculated HASH does not match"), IkeEventKind.AUTHENTICATION_FAILED),
    (re.compile(r"^(received DELETE|deleting (IKE_SA|CHILD_SA)|closing CHILD_SA)"), IkeEventKind.DELETED),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class IkeEvent:
    """One line.

    Attributes:
        milliseconds: Since 1970, UTC.
        group: Of charon: IKE, NET, ENC, CFG, KNL, JOB, LIB.
        kind: What it means.
        text: What charon wrote; for people.
        connection: Name of the connection that it is about; empty if it is about none.
    """

    milliseconds: int
    group: str
    kind: IkeEventKind
    text: str
    connection: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IkeLog:
    """A piece of the log.

    Attributes:
        events: The oldest first.
        next_offset: Where the next piece begins.
    """

    events: tuple[IkeEvent, ...]
    next_offset: int


def parse_log(text: str) -> Iterator[IkeEvent]:
    """Read lines; what is none of charon's is left out."""
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is not None:
            yield IkeEvent(
                milliseconds=int(found["seconds"]) * 1000 + int(found["milliseconds"]),
                group=found["group"],
                kind=_kind(found["text"]),
                text=found["text"],
                connection=found["connection"] or "",
            )


def _kind(text: str) -> IkeEventKind:
    return next((kind for pattern, kind in _KINDS if pattern.search(text)), IkeEventKind.OTHER)
