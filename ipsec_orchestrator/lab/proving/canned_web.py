"""The scripts for a web server without a PowerShell, from the same state as the imitated commands."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ipsec_orchestrator.lab.proving.host_network import HostNetwork
from ipsec_orchestrator.lab.proving.web_server import SCRIPTING_TOOLS, WEB_SERVER
from ipsec_orchestrator.lab.windows.commands import Arguments
from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.model.json import Json

_FOLDER: Final = "ipsec_orchestrator-iis"
_GROUP: Final = "ipsec_orchestrator"
_NOT_OURS: Final = "this IIS is not ours"


class CannedWeb:
    """Answers of one member, for ``web_service.ps1`` and ``set_web_service.ps1``."""

    def __init__(self, network: HostNetwork) -> None:
        self._network = network

    @property
    def _folder(self) -> Path:
        return self._network.program_data / _FOLDER

    @property
    def _mark(self) -> Path:
        return self._folder / "features.txt"

    def read(self, parameters: Arguments) -> Json:
        """Tell what there is."""
        web, port = self._network.web, _port(parameters)
        name = f"{_FOLDER}-{port}"
        feature = web.has(WEB_SERVER)
        listens = port in self._network.sockets.listening_ports
        site = feature and name in self._names()
        return {
            "installable": not feature or web.has(SCRIPTING_TOOLS),
            "feature": feature,
            "is_ours": self._mark.exists(),
            "site": site,
            "rule": bool(self._network.rules.find(name, "")),
            "taken": listens and not site,
            "problem": None,
        }

    def change(self, parameters: Arguments) -> Json:
        """Make or take away one part.

        Raises:
            ImitatedError: It ends in an error as on Windows.
        """
        port = _port(parameters)
        name = f"{_FOLDER}-{port}"
        content = self._folder / f"site-{port}"
        features: list[str] = []
        match (parameters.get("Part"), parameters.get("Wanted")):
            case ("feature", "present"):
                features = self._install()
            case ("feature", _):
                features = self._uninstall()
            case ("site", "present"):
                sizes = parameters.get("Sizes")
                content.mkdir(parents=True, exist_ok=True)
                for size in sizes if isinstance(sizes, Sequence) else ():
                    number = int(str(size))
                    (content / f"{number}.txt").write_text("." * number, encoding="ascii")
                self._network.web.make_site(name, 1 + len(self._names()), port, content)
            case ("site", _):
                self._network.web.remove_site(name)
                shutil.rmtree(content, ignore_errors=True)
                if self._folder.exists() and not list(self._folder.iterdir()):
                    self._folder.rmdir()
            case ("rule", "present"):
                self._network.rules.add(name, _GROUP)
            case _:
                self._network.rules.remove(name)
        return {"restart_needed": False, "features": list[Json](features)}

    def _install(self) -> list[str]:
        self._folder.mkdir(exist_ok=True)
        added = self._network.web.install([WEB_SERVER, SCRIPTING_TOOLS])
        self._mark.write_text("\n".join(added), encoding="utf-8")
        for name in self._names():
            self._network.web.stop_site(name)
        return added

    def _uninstall(self) -> list[str]:
        if not self._mark.exists():
            raise ImitatedError(_NOT_OURS)
        added = self._mark.read_text(encoding="utf-8").split("\n")
        self._network.web.uninstall(added)
        shutil.rmtree(self._folder)
        return added

    def _names(self) -> list[str]:
        return [str(site["name"]) for site in self._network.web.sites() if isinstance(site, dict)]


def _port(parameters: Arguments) -> int:
    value = parameters.get("Port")
    return int(value) if isinstance(value, int | float) else 0
