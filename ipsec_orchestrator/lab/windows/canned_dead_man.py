"""The scripts of a dead man's switch without a PowerShell, from the same state of the host."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ipsec_orchestrator.lab.windows.canned_policy import DEAD_MEN_KEY
from ipsec_orchestrator.lab.windows.commands import Arguments, WindowsCommands
from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.lab.windows.policy_registry import ASSIGNED_KEY
from ipsec_orchestrator.lab.windows.registry_file import RegistryKeys, RegistryValue, text_value
from ipsec_orchestrator.lab.windows.services import POLICY_AGENT, TASK_SCHEDULER, StartMode
from ipsec_orchestrator.lab.windows.simulated_host import OS_VERSION, SimulatedHost
from ipsec_orchestrator.lab.windows.utc_text import utc_text
from ipsec_orchestrator.model.json import Json

_PREFIX: Final = "ipsec_orchestrator.dead-man."
_STILL_THERE: Final = "ipsec_orchestrator.TaskStillThere"
_MODES: Final[Mapping[str, StartMode]] = {
    "Automatic": StartMode.AUTO,
    "Manual": StartMode.MANUAL,
    "Disabled": StartMode.DISABLED,
}
_TEXTS: Final = {
    "deadline": "Deadline",
    "start_mode": "StartMode",
    "state": "State",
    "policy_path": "PolicyPath",
    "policy_name": "PolicyName",
}


def dead_man_read(commands: WindowsCommands, parameters: Arguments) -> Json:
    """Answer as ``dead_man_read.ps1`` does."""
    del parameters
    host = commands.host
    now, keys = host.now(), host.registry.read()
    return {
        "time": utc_text(now),
        "os_version": OS_VERSION,
        "scheduler": _service(host, TASK_SCHEDULER),
        "agent": _service(host, POLICY_AGENT),
        "policy_path": _text_of(keys.value(ASSIGNED_KEY, "DSIPSECPolicyPath")),
        "tasks": [
            {
                "name": task.name,
                "state": task.state,
                "xml": task.xml,
                "last_result": task.last_result,
                "last_run": _moment(task.last_run),
                "next_run": _moment(host.tasks.next_run(task)),
                "missed_runs": 0,
            }
            for task in host.tasks.all()
            if task.name.startswith(_PREFIX)
        ],
        "records": [_record(keys, run) for run in keys.subkeys(DEAD_MEN_KEY)],
    }


def dead_man_arm(commands: WindowsCommands, parameters: Arguments) -> Json:
    """Answer as ``dead_man_arm.ps1`` does."""
    host, run = commands.host, str(parameters["RunId"])
    name, key = f"{_PREFIX}{run}", rf"{DEAD_MEN_KEY}\{run}"
    agent = _service(host, POLICY_AGENT)
    with host.registry.change() as keys:
        if keys.values(key) is None:
            texts = {"StartMode": agent["start_mode"], "State": agent["state"]}
            for wanted, found in (
                ("PolicyPath", "DSIPSECPolicyPath"),
                ("PolicyName", "DSIPSECPolicyName"),
            ):
                text = _text_of(keys.value(ASSIGNED_KEY, found))
                if text is not None:
                    texts[wanted] = text
            keys.set_values(key, {at: text_value(text) for at, text in texts.items()})
        if parameters.get("Deadline"):
            keys.set_values(key, {"Deadline": text_value(str(parameters["Deadline"]))})
        if parameters.get("Twin"):
            name = f"{name}.twin"
            keys.delete_value(key, "TwinFired")
    commands.tasks.register(name, str(parameters["Definition"]), replacing=True)
    return {"time": utc_text(host.now()), "name": name}


def dead_man_remove(commands: WindowsCommands, parameters: Arguments) -> Json:
    """Answer as ``dead_man_remove.ps1`` does."""
    host, run = commands.host, str(parameters["RunId"])
    name, key = f"{_PREFIX}{run}", rf"{DEAD_MEN_KEY}\{run}"
    twin_only = bool(parameters.get("TwinOnly"))
    for wanted in (f"{name}.twin",) if twin_only else (name, f"{name}.twin"):
        host.tasks.remove(wanted)
    with host.registry.change() as keys:
        fired = keys.value(key, "Fired") is not None
        if not fired and not twin_only:
            keys.delete_key(key)
        left = keys.values(key) is not None
    return {"tasks_left": [], "fired": fired, "record_left": left}


def dead_man_restore(commands: WindowsCommands, parameters: Arguments) -> Json:
    """Answer as ``dead_man_restore.ps1`` does.

    Raises:
        ImitatedError: The task is there, or the agent can't be started.
    """
    host, run = commands.host, str(parameters["RunId"])
    name, key = f"{_PREFIX}{run}", rf"{DEAD_MEN_KEY}\{run}"
    if any(task.name == name for task in host.tasks.all()):
        raise ImitatedError(_STILL_THERE, name)
    mode = _MODES[str(parameters["StartType"])]
    host.services.set_start_mode(POLICY_AGENT, mode)
    running = bool(parameters.get("Running"))
    if running:
        host.start_service(POLICY_AGENT)
    agent = _service(host, POLICY_AGENT)
    restored = agent["start_mode"] == mode.value and (not running or agent["state"] == "Running")
    if restored:
        with host.registry.change() as keys:
            keys.delete_key(key)
    return {"state": agent["state"], "start_mode": agent["start_mode"], "restored": restored}


def _service(host: SimulatedHost, name: str) -> dict[str, str]:
    found = host.services.get(name)
    return {
        "name": found.name,
        "state": "Running" if found.running else "Stopped",
        "start_mode": found.start_mode.value,
    }


def _record(keys: RegistryKeys, run: str) -> Json:
    key = rf"{DEAD_MEN_KEY}\{run}"
    texts = {field: _text_of(keys.value(key, value)) for field, value in _TEXTS.items()}
    return {
        "run": run,
        **texts,
        "fired": keys.value(key, "Fired") is not None,
        "twin_fired": keys.value(key, "TwinFired") is not None,
    }


def _text_of(value: RegistryValue | None) -> str | None:
    return None if value is None else str(value.content)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment)
