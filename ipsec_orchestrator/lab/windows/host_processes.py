"""Programs that a simulated Windows host starts and does not wait for: only gpupdate."""

import threading
from typing import Final, Protocol

_FIRST_ID: Final = 4000
# Windows counts process ids in fours.
_ID_STEP: Final = 4


class Refresh(Protocol):
    """Does what ``gpupdate /target:computer`` makes the Group Policy client do."""

    def __call__(self, *, force: bool) -> object:
        """Refresh and return when it is done."""
        ...


class HostProcesses:
    """The processes of one host. Safe for several threads at once.

    Args:
        host: Its name, for the names of threads.
        refresh: What gpupdate does.
    """

    def __init__(self, host: str, refresh: Refresh) -> None:
        self._host = host
        self._refresh = refresh
        self._guard = threading.Lock()
        self._running: list[threading.Thread] = []
        self._last_id = _FIRST_ID

    def start(self, command_line: str) -> tuple[int, int | None]:
        """Do what ``Win32_Process.Create`` does: start and return at once.

        Returns:
            Return value (0 started, 9 no such program) and process id.
        """
        words = command_line.replace('"', "").split()
        program = words[0].replace("/", "\\").rpartition("\\")[2].casefold() if words else ""
        if program not in {"gpupdate", "gpupdate.exe"}:
            return 9, None
        force = any(word.casefold() == "/force" for word in words[1:])
        thread = threading.Thread(
            target=self._refresh,
            kwargs={"force": force},
            name=f"gpupdate-{self._host}",
            daemon=True,
        )
        with self._guard:
            self._last_id += _ID_STEP
            process_id = self._last_id
            self._running = [found for found in self._running if found.is_alive()]
            self._running.append(thread)
            # Under the guard: whoever waits must not find a thread that has not begun.
            thread.start()
        return 0, process_id

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until everything that was started has ended; tell whether it has."""
        with self._guard:
            running = list(self._running)
        for thread in running:
            thread.join(timeout_seconds)
        return not any(thread.is_alive() for thread in running)
