"""Ends a run in order when the system, and not the person at the keyboard, wants it to end."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

# A service manager's stop, and the end of the terminal; Windows has no SIGHUP.
_SIGNALS: Final = tuple(
    number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))
)


@contextmanager
def stopping() -> Generator[None]:
    """Let these signals do what Ctrl-C does, so that the lock is released and all is told."""

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        raise KeyboardInterrupt(number)

    # What was switched off from outside, as nohup does, stays off.
    before = {
        number: signal.signal(number, stop)
        for number in _SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
