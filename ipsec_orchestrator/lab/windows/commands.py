"""What the imitated Windows commands of one host do, by verb; JSON in, JSON out."""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from ipsec_orchestrator.codec.guid import parse_braced
from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.lab.windows.directory_log_commands import DirectoryLogCommands
from ipsec_orchestrator.lab.windows.gpo_store import GpoRecord, GpoStore, LinkRecord
from ipsec_orchestrator.lab.windows.health_commands import HealthCommands
from ipsec_orchestrator.lab.windows.imitated_error import (
    COMMAND_NOT_FOUND,
    GPO_ID_NOT_FOUND,
    NO_FOLDER,
    NO_WIRE,
    UNKNOWN_REQUEST,
    ImitatedError,
)
from ipsec_orchestrator.lab.windows.rsop_log import CimInstance
from ipsec_orchestrator.lab.windows.services import ServiceState, StartMode
from ipsec_orchestrator.lab.windows.simulated_host import SimulatedHost
from ipsec_orchestrator.lab.windows.task_commands import TaskCommands
from ipsec_orchestrator.lab.windows.utc_text import utc_text
from ipsec_orchestrator.model.json import Json

# Start types: PowerShell's words (Set-Service) to WMI's.
_START_TYPES: Final[Mapping[str, StartMode]] = {
    "automatic": StartMode.AUTO,
    "manual": StartMode.MANUAL,
    "disabled": StartMode.DISABLED,
}
_START_WORDS: Final = {mode: word.capitalize() for word, mode in _START_TYPES.items()}

Arguments = Mapping[str, Json]


class WireVerbs(Protocol):
    """Commands that a lab's wire carries out, where there is one."""

    def run(self, verb: str, arguments: Arguments) -> Json:
        """Carry out one command.

        Raises:
            ImitatedError: It ends in an error as on Windows.
            BackendError: The lab itself failed.
        """
        ...

    def start_process(self, command_line: str) -> tuple[int, int | None]:
        """Start a detached process: return value and id of Win32_Process.Create."""
        ...

    def answer(self, script: str, parameters: Arguments) -> Json:
        """Answer one of our scripts without a PowerShell.

        Raises:
            ImitatedError: It ends in an error as on Windows, or has no answer here.
        """
        ...

    def environment(self) -> Mapping[str, str]:
        """Give the variables that an engine of this host needs besides the usual ones."""
        ...


class WindowsCommands:
    """The commands of one host.

    Those of the GroupPolicy module only where a store is given, those of the wire where it
    has a guest there: whoever makes that sets ``wire``.
    """

    def __init__(self, host: SimulatedHost, gpos: GpoStore | None = None) -> None:
        self.host = host
        self.gpos = gpos
        self.wire: WireVerbs | None = None
        self.health = HealthCommands(host)
        self.tasks = TaskCommands(host)
        self.directory_log = DirectoryLogCommands(self.health)
        self._verbs: Mapping[str, Callable[[Arguments], Json]] = {
            "cim-instances": self._cim_instances,
            "cim-query": self._cim_query,
            "start-process": self._start_process,
            "refresh": self._refresh,
            "get-service": self._get_service,
            "set-service": self._set_service,
            "new-gpo": self._new_gpo,
            "get-gpo": self._get_gpo,
            "remove-gpo": self._remove_gpo,
            "set-link": self._set_link,
            "get-links": self._get_links,
            "get-acl": self._get_acl,
            "set-acl": self._set_acl,
            **self.health.verbs,
            **self.tasks.verbs,
            **self.directory_log.verbs,
        }

    @property
    def locale(self) -> str:
        """Language of the host's messages."""
        return self.host.settings.locale

    def run(self, verb: str, arguments: Arguments) -> Json:
        """Carry out one command.

        Raises:
            ImitatedError: It ends in an error as on Windows.
            BackendError: The lab itself failed, for example its domain.
        """
        command = self._verbs.get(verb)
        if command is not None:
            return command(arguments)
        if self.wire is None:
            raise ImitatedError(NO_WIRE, verb)
        return self.wire.run(verb, arguments)

    def _cim_instances(self, arguments: Arguments) -> Json:
        found = self.host.cim.instances(
            _text(arguments, "namespace"),
            _text(arguments, "class"),
            _text(arguments, "filter"),
        )
        return [cim_json(instance) for instance in found]

    def _cim_query(self, arguments: Arguments) -> Json:
        found = self.host.cim.query(_text(arguments, "namespace"), _text(arguments, "query"))
        return [cim_json(instance) for instance in found]

    def _start_process(self, arguments: Arguments) -> Json:
        command_line = _text(arguments, "command_line")
        value, process_id = self.host.start_process(command_line)
        if value and self.wire is not None:
            value, process_id = self.wire.start_process(command_line)
        return {"return_value": value, "process_id": process_id}

    def _refresh(self, arguments: Arguments) -> Json:
        run = self.host.refresh_policy(force=bool(arguments.get("force")))
        return {"completed": run is not None}

    def _get_service(self, arguments: Arguments) -> Json:
        name = _text(arguments, "name")
        found = [self.host.services.get(name)] if name else self.host.services.all()
        return [_service_json(service) for service in found]

    def _set_service(self, arguments: Arguments) -> Json:
        name, start_type = _text(arguments, "name"), _text(arguments, "start_type")
        status = _text(arguments, "status").casefold()
        if start_type:
            mode = _START_TYPES.get(start_type.casefold())
            if mode is None:
                raise ImitatedError(UNKNOWN_REQUEST, start_type)
            self.host.services.set_start_mode(name, mode)
        if status == "running":
            self.host.start_service(name)
        elif status == "stopped":
            self.host.stop_service(name)
        return _service_json(self.host.services.get(name))

    def _new_gpo(self, arguments: Arguments) -> Json:
        store = self._store("New-GPO")
        return _gpo_json(store.create(_text(arguments, "name"), _text(arguments, "comment")))

    def _get_gpo(self, arguments: Arguments) -> Json:
        store = self._store("Get-GPO")
        if _text(arguments, "id"):
            return [_gpo_json(store.by_id(_guid(arguments)))]
        if _text(arguments, "name"):
            return [_gpo_json(store.by_name(_text(arguments, "name")))]
        return [_gpo_json(found) for found in store.all()]

    def _remove_gpo(self, arguments: Arguments) -> Json:
        store = self._store("Remove-GPO")
        name = _text(arguments, "name")
        store.delete(
            store.by_name(name).gpo_id if name else _guid(arguments),
            keep_links=bool(arguments.get("keep_links")),
        )
        return None

    def _set_link(self, arguments: Arguments) -> Json:
        store = self._store("Set-GPLink")
        name, order = _text(arguments, "name"), arguments.get("order")
        link = store.set_link(
            store.by_name(name).gpo_id if name else _guid(arguments),
            _text(arguments, "target"),
            new=bool(arguments.get("new")),
            enabled=_switch(arguments, "enabled"),
            enforced=_switch(arguments, "enforced"),
            order=order if isinstance(order, int) else None,
        )
        return _link_json(link)

    def _get_links(self, arguments: Arguments) -> Json:
        target = _text(arguments, "target")
        links, blocked = self._store("Get-GPInheritance").links(target)
        return {"path": target, "blocked": blocked, "links": [_link_json(link) for link in links]}

    def _get_acl(self, arguments: Arguments) -> Json:
        found = self._store("Get-Acl").read_access(_guid_of_folder(arguments))
        return base64.b64encode(found).decode("ascii")

    def _set_acl(self, arguments: Arguments) -> Json:
        descriptor = base64.b64decode(_text(arguments, "descriptor"), validate=True)
        self._store("Set-Acl").write_access(_guid_of_folder(arguments), descriptor)
        return None

    def _store(self, command: str) -> GpoStore:
        if self.gpos is None:
            raise ImitatedError(COMMAND_NOT_FOUND, command)
        return self.gpos


def cim_json(instance: CimInstance) -> Json:
    """Write an instance; a time becomes ``{"utc": ...}``, so that the engine can tell it from text."""
    return {
        name: {"utc": utc_text(value)} if isinstance(value, datetime) else value
        for name, value in instance.items()
    }


def _service_json(service: ServiceState) -> Json:
    return {
        "name": service.name,
        "display_name": service.display_name,
        "status": "Running" if service.running else "Stopped",
        "start_type": _START_WORDS[service.start_mode],
    }


def _gpo_json(gpo: GpoRecord) -> Json:
    return {
        "id": str(gpo.gpo_id),
        "display_name": gpo.display_name,
        "domain": gpo.domain,
        "path": gpo.dn,
        "user_version": gpo.version.user,
        "computer_version": gpo.version.machine,
        "flags": gpo.status_flags,
    }


def _link_json(link: LinkRecord) -> Json:
    return {
        "id": str(link.gpo_id),
        "display_name": link.display_name,
        "enabled": link.enabled,
        "enforced": link.enforced,
        "order": link.order,
        "target": link.target,
    }


def _text(arguments: Arguments, name: str) -> str:
    value = arguments.get(name)
    return value if isinstance(value, str) else ""


def _switch(arguments: Arguments, name: str) -> bool | None:
    """``Yes``/``No`` of the link cmdlets; anything else leaves it."""
    return {"yes": True, "no": False}.get(_text(arguments, name).casefold())


def _guid_of_folder(arguments: Arguments) -> UUID:
    """Read the GPO's GUID off the path of its folder; of other folders the lab has no ACLs."""
    path = _text(arguments, "path")
    try:
        return parse_braced(path.replace("\\", "/").rpartition("/")[2], field="path")
    except CodecError:
        raise ImitatedError(NO_FOLDER, path) from None


def _guid(arguments: Arguments) -> UUID:
    text = _text(arguments, "id")
    try:
        return UUID(text)
    except ValueError:
        raise ImitatedError(GPO_ID_NOT_FOUND, text) from None
