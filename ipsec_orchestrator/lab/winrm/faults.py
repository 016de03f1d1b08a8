"""What can go wrong on one host, as a value that is swapped at run time."""

from dataclasses import dataclass
from enum import StrEnum


class Locale(StrEnum):
    """The display language of a simulated Windows, as its BCP 47 tag."""

    ENGLISH = "en-US"
    GERMAN = "de-DE"
    JAPANESE = "ja-JP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Everything that a host does wrong; the default host does nothing wrong.

    Attributes:
        latency_seconds: Waited before every answer.
        refused: The listening sockets are closed and live connections are reset.
        reset_after_requests: A connection is reset when it brings one request more than this;
            0 resets the very first. The count begins with each connection, handshake included.
        reset_in_response: With ``reset_after_requests``: that one request is carried out and the
            connection is reset when half of its answer is out, so its outcome is unknown.
        hang: Requests are read and never answered.
        access_denied: Everybody who authenticates is told WSManFault 5.
        wrong_certificate: HTTPS presents the certificate that was made out to another name.
        clock_skew_seconds: Added to the time in ``Date`` headers and told to the engine.
        locale: Language of fault texts, told to the engine as well.
    """

    latency_seconds: float = 0.0
    refused: bool = False
    reset_after_requests: int | None = None
    reset_in_response: bool = False
    hang: bool = False
    access_denied: bool = False
    wrong_certificate: bool = False
    clock_skew_seconds: float = 0.0
    locale: Locale = Locale.ENGLISH


NO_FAULTS = Faults()
