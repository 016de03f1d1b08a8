"""The answer of ``member_policy.ps1``, made in Python from the same host state."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ipsec_orchestrator.codec.extension_names import IPSEC_CSE
from ipsec_orchestrator.lab.windows.cim import RSOP_COMPUTER
from ipsec_orchestrator.lab.windows.health_registry import LAST_RUN_KEY
from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.lab.windows.policy_registry import (
    ASSIGNED_KEY,
    CACHE_KEY,
    EXTENSION_KEY,
    SYSTEM_POLICIES_KEY,
)
from ipsec_orchestrator.lab.windows.registry_file import RegistryKeys, RegistryValue, ValueKind
from ipsec_orchestrator.lab.windows.rsop_log import CimInstance, CimValue
from ipsec_orchestrator.lab.windows.simulated_host import SimulatedHost
from ipsec_orchestrator.lab.windows.utc_text import utc_text
from ipsec_orchestrator.model.json import Json

PS_VERSION: Final = "5.1.20348.1"
_SERVICES: Final = frozenset({"PolicyAgent", "IKEEXT", "BFE"})
_FLAGS: Final = {
    "no_gpo_list_changes": "NoGPOListChanges",
    "no_slow_link": "NoSlowLink",
    "no_background_policy": "NoBackgroundPolicy",
}
_LAST_RUN: Final = {"status": "Status", "end_low": "EndTimeLo", "end_high": "EndTimeHi"}
_SIGN: Final = 0x80000000
DEAD_MEN_KEY: Final = r"HKLM\SOFTWARE\ipsec_orchestrator\DeadMan"


def policy_answer(host: SimulatedHost) -> Json:
    """Answer as the script does on this host."""
    keys = host.registry.read()
    logging = keys.value(SYSTEM_POLICIES_KEY, "RSoPLogging")
    return {
        "time": utc_text(host.now()),
        "culture": host.settings.locale,
        "ui_culture": host.settings.locale,
        "ps_version": PS_VERSION,
        "services": _service_answers(host),
        "assigned": _key_answer(keys, ASSIGNED_KEY),
        "cache": _cache_answer(keys),
        "extension_status": _status_answer(host),
        "policy_settings": _settings_answer(host),
        "dead_men": [
            {
                "run": run,
                "deadline": None if deadline is None else value_answer(deadline),
                "fired": keys.value(rf"{DEAD_MEN_KEY}\{run}", "Fired") is not None,
            }
            for run in keys.subkeys(DEAD_MEN_KEY)
            for deadline in [keys.value(rf"{DEAD_MEN_KEY}\{run}", "Deadline")]
        ],
        "last_run": _last_run_answer(keys),
        "rsop_logging": None if logging is None else value_answer(logging),
        "extension_flags": _flags_answer(keys),
    }


def _service_answers(host: SimulatedHost) -> Json:
    return [
        {
            "name": _plain(found["Name"]),
            "state": _plain(found["State"]),
            "start_mode": _plain(found["StartMode"]),
        }
        for found in host.cim.instances("", "Win32_Service")
        if found["Name"] in _SERVICES
    ]


def _key_answer(keys: RegistryKeys, path: str) -> Json:
    values = keys.values(path)
    if values is None:
        return None
    return {name: value_answer(value) for name, value in values.items()}


def _cache_answer(keys: RegistryKeys) -> Json:
    names = keys.subkeys(CACHE_KEY)
    if not names and keys.values(CACHE_KEY) is None:
        return None
    return [{"key": name, "values": _key_answer(keys, rf"{CACHE_KEY}\{name}")} for name in names]


def _status_answer(host: SimulatedHost) -> Json:
    reason, found = _rsop(host, "RSOP_ExtensionStatus")
    status: Json = None
    for instance in found:
        if str(instance["extensionGuid"]).casefold() == f"{{{IPSEC_CSE}}}":
            status = {
                "begin_time": _plain(instance["beginTime"]),
                "end_time": _plain(instance["endTime"]),
                "error": _plain(instance["error"]),
                "logging_status": _plain(instance["loggingStatus"]),
            }
    return {"reason": reason, "status": status}


def _settings_answer(host: SimulatedHost) -> Json:
    reason, found = _rsop(host, "RSOP_IPSECPolicySetting")
    settings = [
        {
            "precedence": _plain(instance["precedence"]),
            "ipsec_id": _plain(instance["ipsecID"]),
            "ipsec_name": _plain(instance["ipsecName"]),
            "gpo_id": _plain(instance["GPOID"]),
        }
        for instance in found
        if instance["className"] == "ipsecPolicy"
    ]
    return {"reason": reason, "settings": settings}


def _last_run_answer(keys: RegistryKeys) -> Json:
    if keys.values(LAST_RUN_KEY) is None:
        return None
    found = {name: keys.value(LAST_RUN_KEY, value) for name, value in _LAST_RUN.items()}
    return {name: None if value is None else value_answer(value) for name, value in found.items()}


def _flags_answer(keys: RegistryKeys) -> Json:
    if keys.values(EXTENSION_KEY) is None:
        return None
    found = {name: keys.value(EXTENSION_KEY, value) for name, value in _FLAGS.items()}
    return {name: None if value is None else value_answer(value) for name, value in found.items()}


def _rsop(host: SimulatedHost, class_name: str) -> tuple[str | None, Sequence[CimInstance]]:
    try:
        return None, host.cim.instances(RSOP_COMPUTER, class_name)
    except ImitatedError as error:
        return error.error_id, ()


def value_answer(value: RegistryValue) -> Json:
    """Give a value as PowerShell and JSON show it: binary as base64, a DWORD as signed."""
    content = value.content
    if isinstance(content, bytes):
        return base64.b64encode(content).decode()
    if isinstance(content, tuple):
        return list(content)
    if value.kind is ValueKind.DWORD and isinstance(content, int) and content >= _SIGN:
        # PowerShell reads a REG_DWORD as a signed number.
        return content - 2 * _SIGN
    return content


def _plain(value: CimValue) -> Json:
    return utc_text(value) if isinstance(value, datetime) else value
