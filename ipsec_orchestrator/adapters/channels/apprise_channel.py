"""People, by apprise: mail, Teams, Slack, webhooks and many more.

Apprise logs addresses with what is secret in them, so whatever it logs is caught here and never
shown. What went wrong is said in words of our own, which are chosen by what was caught.
"""

import hashlib
import logging
import queue
import re
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ipsec_orchestrator.errors import ChannelError, MissingDependencyError, NotifyFileError
from ipsec_orchestrator.model.news import Announcement, Level
from ipsec_orchestrator.model.secret import Secret
from ipsec_orchestrator.ports import Channel

if TYPE_CHECKING:
    from apprise import AppriseAsset, NotifyBase

NAME: Final = "ipsec_orchestrator"
DEADLINE_SECONDS: Final = 30
# What people read; the pass holds the rest. Mail would take ten times as much.
_LONGEST: Final = 6000
# Where text is put into a format with markup, escaping makes it longer.
_SHARE_OF_LIMIT: Final = 0.8
# They take plain text, and show it as Markdown all the same.
_RENDER_MARKDOWN: Final = frozenset({"discord", "guilded", "mmost", "mmosts"})
# https://spec.commonmark.org/0.31.2/#backslash-escapes: any ASCII punctuation may have one.
_PUNCTUATION: Final = re.compile(r"([!-/:-@\[-`{-~])")
# They log paths of addresses; others of the process use them, too.
_QUIET: Final = (
    "requests",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.util.retry",
)
_TELLING: Final = threading.local()
_STATUS: Final = re.compile(r"\berror[ =:]+(\d{3})\b")
_PLACE: Final = re.compile(r"\b(line|entry) #?(\d+)")
_LATE: Final = "it did not answer in time"
# The first that is found in what apprise, requests or smtplib logged; all of them are ours to say.
_REASONS: Final = (
    ("certificate verify failed", "its certificate was refused"),
    ("timed out", _LATE),
    ("timeout", _LATE),
    ("connection refused", "the connection was refused"),
    ("name or service not known", "its name can't be resolved"),
    ("failed to resolve", "its name can't be resolved"),
    ("getaddrinfo failed", "its name can't be resolved"),
    ("authentication", "it refused the user or the password"),
    ("connection error", "no connection"),
    ("connection unexpectedly closed", "it closed the connection"),
)
_STATUS_WORDS: Final = {
    "401": " (not logged on)",
    "403": " (forbidden)",
    "404": " (no such place)",
    "429": " (too many requests)",
}


def apprise_channels(text: Secret) -> tuple[Channel, ...]:
    """Give a channel for every receiver.

    Args:
        text: A configuration of apprise, as text or YAML.

    Raises:
        MissingDependencyError: apprise is not installed.
        NotifyFileError: A line is none that apprise understands, or asks for what is not done here.
    """
    try:
        from apprise import AppriseAsset, NotifyBase  # noqa: PLC0415 - optional and slow to load
        from apprise.config.base import ConfigBase  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingDependencyError(
            "Telling people needs the package apprise.",
            cure="pip install 'ipsec_orchestrator[notify]'",
        ) from error
    asset = AppriseAsset(
        # Threads of its own would be waited for when the program ends, for ever if need be.
        service_timeout=0,
        async_mode=False,
        allow_templates=False,
        storage_mode="memory",
        app_id=NAME,
        app_desc=NAME,
        app_url="",
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
        # No pictures that whoever reads the message would fetch from somewhere else.
        image_url_mask="",
        image_url_logo="",
    )
    lines = (line.strip() for line in text.reveal().splitlines())
    if all(not line or line[0] in "#;" for line in lines):
        raise NotifyFileError("The list of receivers names nobody.")
    with _caught_logs() as logged:
        found, includes = ConfigBase.config_parse(text.reveal(), asset=asset)
    _check_parsed(logged, includes=bool(includes))
    receivers = [each for each in found if isinstance(each, NotifyBase)]
    return tuple(_numbered(receivers, asset))


def _check_parsed(logged: list[logging.LogRecord], *, includes: bool) -> None:
    if includes:
        raise NotifyFileError(
            "The list of receivers includes another one, which is not followed: it could come "
            "from anywhere.",
            cure="Write all receivers into one file.",
        )
    if not any(record.levelno >= logging.WARNING for record in logged):
        return
    places = (_PLACE.search(record.getMessage()) for record in logged)
    where = sorted({f"{place[1]} {place[2]}" for place in places if place})
    # The line itself may be an address with a slip of the pen, and so with its password.
    at = f", {', '.join(where)}," if where else ""
    raise NotifyFileError(f"The list of receivers{at} is not what apprise understands.")


def _numbered(receivers: "list[NotifyBase]", asset: "AppriseAsset") -> Iterator[Channel]:
    """Give channels; their keys hold nothing that leads back to the address."""
    seen: set[str] = set()
    for number, receiver in enumerate(receivers, 1):
        title = f"receiver {number} ({receiver.service_name})"
        if not receiver.verify_certificate:
            raise NotifyFileError(
                f"{title[0].upper()}{title[1:]} says verify=no: certificates are always checked.",
                cure="Take it out. For a CA of your own set REQUESTS_CA_BUNDLE (web) or "
                "SSL_CERT_FILE (mail) to its certificate.",
            )
        masked = str(receiver.url(privacy=True))  # type: ignore[no-untyped-call]  # typed in part
        key = f"notify-{hashlib.sha256(masked.encode()).hexdigest()[:16]}"
        if key in seen:
            key = f"{key}-{number}"
        seen.add(key)
        yield AppriseChannel(receiver, asset, key=key, title=title)


class AppriseChannel(Channel):
    """One receiver."""

    def __init__(
        self, receiver: "NotifyBase", asset: "AppriseAsset", *, key: str, title: str
    ) -> None:
        self._receiver = receiver
        self._asset = asset
        self._key = key
        self._title = title
        self._hanging: threading.Thread | None = None

    @property
    @override
    def key(self) -> str:
        return self._key

    @property
    @override
    def title(self) -> str:
        return self._title

    @override
    def tell(self, announcement: Announcement) -> None:
        if self._hanging is not None and self._hanging.is_alive():
            raise ChannelError(
                channel=self._title, reason="it still has not answered the last time"
            )
        answer: queue.SimpleQueue[str] = queue.SimpleQueue()
        # Nobody can stop a thread; as a daemon it does not keep the program from ending.
        thread = threading.Thread(
            target=lambda: answer.put(self._failure(announcement)), daemon=True
        )
        thread.start()
        try:
            failure = answer.get(timeout=DEADLINE_SECONDS)
        except queue.Empty:
            self._hanging = thread
            failure = _LATE
        if failure:
            raise ChannelError(channel=self._title, reason=failure)

    def _failure(self, announcement: Announcement) -> str:
        """Deliver it; give why that failed, or nothing."""
        try:
            with _caught_logs() as logged:
                return "" if self._deliver(announcement) else _reason(logged)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold the address
            return f"apprise failed ({type(error).__name__})"

    def _deliver(self, announcement: Announcement) -> bool:
        from apprise import Apprise, NotifyFormat, NotifyType  # noqa: PLC0415 - slow to load
        from apprise.common import OverflowMode  # noqa: PLC0415 - as above

        kinds = {
            Level.GOOD: NotifyType.SUCCESS,
            Level.NOTE: NotifyType.INFO,
            Level.WARNING: NotifyType.WARNING,
            Level.ALARM: NotifyType.FAILURE,
        }
        receiver, message = self._receiver, announcement.message
        room = int(receiver.body_maxlen * _SHARE_OF_LIMIT)
        if receiver.title_maxlen <= 0 or receiver.overflow_amalgamate_title:
            room -= len(message.subject)
        if receiver.overflow_mode is OverflowMode.UPSTREAM:
            # Else a receiver would refuse what is still too long.
            receiver.overflow_mode = OverflowMode.TRUNCATE
        body = message.fitted(min(room, _LONGEST))
        plain = receiver.resolve_format(NotifyFormat.TEXT) is NotifyFormat.TEXT
        schemas = set(receiver.schemas())  # type: ignore[no-untyped-call]  # typed in part
        if plain and _RENDER_MARKDOWN & schemas:
            body = _PUNCTUATION.sub(r"\\\1", body)
        sender: Any = Apprise(asset=self._asset)  # typed in part only
        sender.add(receiver)
        done = sender.notify(
            title=message.subject,
            body=body,
            notify_type=kinds[announcement.level],
            # So names are text to apprise, and what is markup in them is escaped.
            body_format=NotifyFormat.TEXT,
        )
        return bool(done)


def _reason(logged: list[logging.LogRecord]) -> str:
    """Choose the words for what went wrong; nothing of what was logged goes into them."""
    texts = [_text(record) for record in logged]
    for text in texts:
        if code := _STATUS.search(text):
            return f"it answered with status {code[1]}{_STATUS_WORDS.get(code[1], '')}"
    together = "\n".join(texts).casefold()
    return next((ours for theirs, ours in _REASONS if theirs in together), "it was not delivered")


def _text(record: logging.LogRecord) -> str:
    """Give the message of a record of ``WARNING`` up, or a named socket error; else nothing."""
    text = record.getMessage()
    told = record.levelno >= logging.WARNING or "Exception" in text
    return text if told else ""


class _Catcher(logging.Filter):
    """Keeps what apprise logs in a thread that tells, and lets nothing pass to any handler."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        records: list[logging.LogRecord] | None = getattr(_TELLING, "records", None)
        if records is not None:
            records.append(record)
        return False


class _Silence(logging.Filter):
    """Lets nothing pass from a thread that tells."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(_TELLING, "records", None) is None


@cache
def _divert_logs() -> None:
    """Divert for good what libraries log: a receiver that was given up may answer at any time."""
    logger = logging.getLogger("apprise")
    logger.addFilter(_Catcher())
    logger.setLevel(logging.DEBUG)
    for name in _QUIET:
        logging.getLogger(name).addFilter(_Silence())


@contextmanager
def _caught_logs() -> Generator[list[logging.LogRecord]]:
    """Give what apprise logs in this thread while the block runs."""
    _divert_logs()
    records: list[logging.LogRecord] = []
    _TELLING.records = records
    try:
        yield records
    finally:
        _TELLING.records = None
