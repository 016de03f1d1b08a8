"""IIS of a member: a Windows feature, and sites that answer HTTP on the guest's own stack."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ipsec_orchestrator.lab.proving.sockets import Sockets
from ipsec_orchestrator.lab.windows.imitated_error import COMMAND_NOT_FOUND, ImitatedError
from ipsec_orchestrator.model.json import Json

WEB_SERVER: Final = "Web-Server"
SCRIPTING_TOOLS: Final = "Web-Scripting-Tools"
DEFAULT_SITE: Final = "Default Web Site"
FOREIGN_SITE: Final = "Intranet"
SITE_MISSING: Final = "PathNotFound,Microsoft.IIs.PowerShell.Provider.RemoveWebsiteCommand"
SITE_TAKEN: Final = "InvalidOperation,Microsoft.IIs.PowerShell.Provider.NewWebsiteCommand"
# What comes along with the role.
_PARTS: Final = ("Web-WebServer", "Web-Common-Http", "Web-Static-Content", "Web-Http-Logging")
_EVERY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - of the guest, which nobody else reaches
_DEFAULT_PORT: Final = 80
_WAIT_SECONDS: Final = 10.0
_READ_BYTES: Final = 65_536
_MOST_BYTES: Final = 1_048_576
_HEAD_END: Final = b"\r\n\r\n"


class _Listener:
    """Serves the files of a folder on one port of the guest; nothing but GET."""

    def __init__(self, sockets: Sockets, port: int, folder: Path) -> None:
        self._sockets = sockets
        self._folder = folder
        self._stopping = threading.Event()
        self._number = sockets.listen(_EVERY_ADDRESS, port)
        self._thread = threading.Thread(target=self._serve, name=f"iis-{port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._stopping.set()
        self._thread.join(_WAIT_SECONDS)
        self._sockets.close(self._number)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            number = self._sockets.accept(self._number, 0.5)
            if number is None:
                continue
            try:
                self._answer(number)
            except ImitatedError:
                # A connection that breaks is the client's affair.
                continue
            finally:
                self._sockets.close(number)

    def _answer(self, number: int) -> None:
        content = b""
        while _HEAD_END not in content and len(content) < _MOST_BYTES:
            piece = self._sockets.receive(number, _READ_BYTES, _WAIT_SECONDS)
            if not piece:
                return
            content += piece
        method, _, rest = content.partition(b" ")
        name = rest.partition(b" ")[0].partition(b"?")[0].decode("ascii", "replace").lstrip("/")
        file = self._folder / Path(name).name
        status, body = "405 Method Not Allowed", b""
        if method == b"GET":
            there = bool(name) and file.is_file()
            status, body = ("200 OK", file.read_bytes()) if there else ("404 Not Found", b"")
        head = (
            f"HTTP/1.1 {status}\r\nServer: Microsoft-IIS/10.0\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        self._sockets.send(number, head.encode() + body, _WAIT_SECONDS)


@dataclass(slots=True)
class _Site:
    name: str
    number: int
    port: int
    listener: _Listener | None


class WebServer:
    """What the commands of ServerManager and WebAdministration do on one member.

    Args:
        sockets: The member's.
        folder: For the contents of sites that come with it.
    """

    def __init__(self, sockets: Sockets, folder: Path) -> None:
        self._sockets = sockets
        self._folder = folder
        self._lock = threading.RLock()
        self._features: list[str] = []
        self._sites: dict[str, _Site] = {}

    def has(self, feature: str) -> bool:
        """Tell whether a feature is installed."""
        return feature in self._features

    def install(self, names: Sequence[str]) -> list[str]:
        """Install features, and give those that were not there."""
        with self._lock:
            wanted = [*names, *(_PARTS if WEB_SERVER in names else ())]
            added = [name for name in wanted if name not in self._features]
            self._features += added
            if WEB_SERVER in added:
                self.add_site(DEFAULT_SITE, 1, _DEFAULT_PORT, self._folder)
            return added

    def uninstall(self, names: Sequence[str]) -> None:
        """Uninstall features; IIS takes its sites along."""
        with self._lock:
            self._features = [name for name in self._features if name not in names]
            if WEB_SERVER not in self._features:
                self.stop()

    def sites(self) -> list[Json]:
        """Give the sites.

        Raises:
            ImitatedError: The commands for sites are not there.
        """
        self._needs_tools()
        return [
            {
                "name": site.name,
                "id": site.number,
                "state": "Started" if site.listener else "Stopped",
            }
            for site in self._sites.values()
        ]

    def add_site(self, name: str, number: int, port: int, folder: Path) -> None:
        """Make a site and start it.

        Raises:
            ImitatedError: There is one of that name, the port is taken, or IIS is not there.
        """
        with self._lock:
            if name in self._sites:
                raise ImitatedError(SITE_TAKEN, name)
            listener = _Listener(self._sockets, port, folder)
            self._sites[name] = _Site(name, number, port, listener)

    def make_site(self, name: str, number: int, port: int, folder: Path) -> None:
        """Do what ``New-Website`` does.

        Raises:
            ImitatedError: As :meth:`add_site`, or the command is not there.
        """
        self._needs_tools()
        self.add_site(name, number, port, folder)

    def stop_site(self, name: str) -> None:
        """Stop a site; it stays.

        Raises:
            ImitatedError: There is none of that name.
        """
        with self._lock:
            site = self._site(name)
            if site.listener is not None:
                site.listener.stop()
                site.listener = None

    def remove_site(self, name: str) -> None:
        """Stop a site and remove it.

        Raises:
            ImitatedError: There is none of that name.
        """
        with self._lock:
            self.stop_site(name)
            del self._sites[name]

    def set_foreign(self, port: int | None) -> None:
        """Let somebody else have IIS with a site on that port; ``None`` for nobody."""
        with self._lock:
            if FOREIGN_SITE in self._sites:
                self.remove_site(FOREIGN_SITE)
                self.uninstall(self._features)
            if port is not None:
                self._features += [WEB_SERVER, SCRIPTING_TOOLS, *_PARTS]
                self.add_site(FOREIGN_SITE, 2, port, self._folder)

    def stop(self) -> None:
        """Stop and forget every site."""
        with self._lock:
            for name in list(self._sites):
                self.remove_site(name)

    def _site(self, name: str) -> _Site:
        if name not in self._sites:
            raise ImitatedError(SITE_MISSING, name)
        return self._sites[name]

    def _needs_tools(self) -> None:
        if not (self.has(WEB_SERVER) and self.has(SCRIPTING_TOOLS)):
            raise ImitatedError(COMMAND_NOT_FOUND, "Get-Website")
