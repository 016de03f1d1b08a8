r"""The in-box programs of a simulated host that a scheduled task can run, by full path.

Each does what the same command does on Windows, on the host's services and registry, and ends with
the exit code that it has there. The texts that they print go nowhere.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from ipsec_orchestrator.lab.windows.imitated_error import SERVICE_NOT_FOUND, ImitatedError
from ipsec_orchestrator.lab.windows.registry_file import (
    RegistryFile,
    RegistryValue,
    number_value,
    text_value,
)
from ipsec_orchestrator.lab.windows.services import POLICY_AGENT, Services, StartMode

SYSTEM_FOLDER: Final = r"c:\windows\system32"
# HRESULTs of Win32 errors: what the scheduler notes when a program can't be started.
FILE_NOT_FOUND: Final = 0x80070002
BLOCKED_BY_POLICY: Final = 0x800704EC
_BAD_COMMAND: Final = 1639
_NO_SUCH_SERVICE: Final = 1060
_NOT_ACTIVE: Final = 1062
_CANT_START: Final = 1058
_FAILED: Final = 1
_WORDS: Final = re.compile(r'"([^"]*)"|(\S+)')
_START_TYPES: Final = {
    "auto": StartMode.AUTO,
    "demand": StartMode.MANUAL,
    "disabled": StartMode.DISABLED,
}
_HIVES: Final = {"hkey_local_machine": "HKLM", "hklm": "HKLM"}


class Machine(Protocol):
    """What the programs act on."""

    registry: RegistryFile
    services: Services

    def start_service(self, name: str) -> None:
        """Start a service."""
        ...

    def stop_service(self, name: str) -> None:
        """Stop a service."""
        ...

    def forget_rules(self) -> None:
        """Take the agent's rules out of force until it reads its policy again."""
        ...


class Programs:
    """Runs command lines.

    Args:
        machine: The host.
        is_blocked: Whether a policy of the host forbids programs of tasks.
    """

    def __init__(self, machine: Machine, is_blocked: Callable[[], bool]) -> None:
        self._machine = machine
        self._is_blocked = is_blocked
        self._programs: dict[str, Callable[[list[str]], int]] = {
            rf"{SYSTEM_FOLDER}\sc.exe": self._service_control,
            rf"{SYSTEM_FOLDER}\reg.exe": self._registry,
            rf"{SYSTEM_FOLDER}\netsh.exe": self._netsh,
        }
        self.others: dict[str, Callable[[str], int]] = {}
        """Programs that something else plays: path to what takes the whole command line."""

    def knows(self, command: str) -> bool:
        """Tell whether there is such a program."""
        path = expanded(command)
        return path in self._programs or path in self.others

    def run(self, command: str, arguments: str) -> int:
        """Run a program and give its exit code."""
        path = expanded(command)
        if self._is_blocked():
            return BLOCKED_BY_POLICY
        if path in self.others:
            return self.others[path](f'"{command}" {arguments}')
        program = self._programs.get(path)
        if program is None:
            return FILE_NOT_FOUND
        return program([quoted or bare for quoted, bare in _WORDS.findall(arguments)])

    def _service_control(self, words: list[str]) -> int:
        try:
            return self._carried_out(words)
        except ImitatedError as error:
            return _NO_SUCH_SERVICE if error.error_id == SERVICE_NOT_FOUND else _CANT_START

    def _carried_out(self, words: list[str]) -> int:
        machine = self._machine
        match [words[0].casefold(), *words[1:]] if words else []:
            case ["config", name, "start=", start] if start in _START_TYPES:
                machine.services.set_start_mode(name, _START_TYPES[start])
            case ["stop", name]:
                if not machine.services.get(name).running:
                    return _NOT_ACTIVE
                machine.stop_service(name)
            case ["start", name]:
                machine.start_service(name)
            case ["qc" | "query", name]:
                machine.services.get(name)
            case _:
                return _BAD_COMMAND
        return 0

    def _registry(self, words: list[str]) -> int:
        if len(words) < 2 or words[0].casefold() != "add":  # noqa: PLR2004 - verb and key
            return _FAILED
        options = {word.casefold(): place for place, word in enumerate(words)}
        taken: dict[str, str] = {
            name: words[options[name] + 1]
            for name in ("/v", "/t", "/d")
            if name in options and options[name] + 1 < len(words)
        }
        hive, _, rest = words[1].partition("\\")
        value = _value(taken)
        if "/f" not in options or hive.casefold() not in _HIVES or value is None:
            # Without /f it would ask, and nobody is there.
            return _FAILED
        with self._machine.registry.change() as keys:
            keys.set_values(rf"{_HIVES[hive.casefold()]}\{rest}", {taken["/v"]: value})
        return 0

    def _netsh(self, words: list[str]) -> int:
        if [word.casefold() for word in words] != ["ipsec", "dynamic", "delete", "all"]:
            return _FAILED
        if not self._machine.services.get(POLICY_AGENT).running:
            return _FAILED
        self._machine.forget_rules()
        return 0


def expanded(command: str) -> str:
    """Give a command's path as it is looked up: variables replaced, in small letters."""
    lower = command.strip('"').casefold()
    return lower.replace("%systemroot%", r"c:\windows").replace("%windir%", r"c:\windows")


def _value(taken: Mapping[str, str]) -> RegistryValue | None:
    if "/v" not in taken or "/d" not in taken:
        return None
    kind = taken.get("/t", "REG_SZ").upper()
    if kind == "REG_SZ":
        return text_value(taken["/d"])
    if kind == "REG_DWORD" and taken["/d"].isdigit():
        return number_value(int(taken["/d"]))
    return None
