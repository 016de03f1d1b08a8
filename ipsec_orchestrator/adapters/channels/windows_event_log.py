"""The Application log of Windows, by ReportEventW.

https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-reporteventw
"""

import sys
from typing import Final

from typing_extensions import override

from ipsec_orchestrator.errors import ChannelError, UsageError
from ipsec_orchestrator.model.news import EVENT_NUMBERS, Announcement, Level, LogRecord
from ipsec_orchestrator.ports import Channel

SOURCE: Final = "ipsec_orchestrator"
# EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE, EVENTLOG_ERROR_TYPE of winnt.h.
EVENT_TYPES: Final = {Level.GOOD: 4, Level.NOTE: 4, Level.WARNING: 2, Level.ALARM: 1}


def event_strings(record: LogRecord) -> list[str]:
    """Give the strings of an event: the first is what Event Viewer shows, with all fields."""
    fields = [f"{name}: {text}" for name, text in record.fields]
    return ["\r\n".join([record.text, "", *fields]), *fields]


if sys.platform == "win32":
    import ctypes

    class WindowsEventLog(Channel):
        """The log of this machine."""

        @property
        @override
        def key(self) -> str:
            return "windows"

        @property
        @override
        def title(self) -> str:
            return "the Windows event log"

        @override
        def tell(self, announcement: Announcement) -> None:
            library = ctypes.WinDLL("advapi32", use_last_error=True)
            library.RegisterEventSourceW.restype = ctypes.c_void_p
            log = ctypes.c_void_p(library.RegisterEventSourceW(None, ctypes.c_wchar_p(SOURCE)))
            if log.value is None:
                raise self._error()
            try:
                for record in announcement.records:
                    strings = event_strings(record)
                    done = library.ReportEventW(
                        log,
                        ctypes.c_ushort(EVENT_TYPES[record.level]),
                        ctypes.c_ushort(0),
                        ctypes.c_ulong(EVENT_NUMBERS[record.kind]),
                        None,
                        ctypes.c_ushort(len(strings)),
                        ctypes.c_ulong(0),
                        (ctypes.c_wchar_p * len(strings))(*strings),
                        None,
                    )
                    if not done:
                        raise self._error()
            finally:
                library.DeregisterEventSource(log)

        def _error(self) -> ChannelError:
            reason = ctypes.FormatError(ctypes.get_last_error())
            return ChannelError(channel=self.title, reason=reason.rstrip("."))

    def windows_event_log() -> Channel:
        """Give the log of this machine."""
        return WindowsEventLog()

else:

    def windows_event_log() -> Channel:
        """Refuse: it is only on Windows.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            "--event-log windows: only Windows has its event log.",
            cure="Use journald on Linux, syslog or ecs:FILE elsewhere.",
        )
