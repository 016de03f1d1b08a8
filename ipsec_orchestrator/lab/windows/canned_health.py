"""The answers of the scripts that ``doctor`` runs, made in Python from the same host state."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from ipsec_orchestrator.codec.extension_names import IPSEC_CSE
from ipsec_orchestrator.lab.windows.canned_policy import value_answer
from ipsec_orchestrator.lab.windows.commands import Arguments, WindowsCommands
from ipsec_orchestrator.lab.windows.health_commands import PING_SUCCESS, HealthCommands
from ipsec_orchestrator.lab.windows.health_registry import (
    CHANNEL_KEY,
    COMPUTER_NAME_KEY,
    EXEMPT_VALUE,
    FIREWALL_RULES_KEY,
    LAST_RUN_KEY,
    LOCAL_POLICY_KEY,
    POLICIES_KEY,
    POLICY_FIREWALL_RULES_KEY,
    RESTART_KEY,
    SERVICES_KEY,
    SESSION_MANAGER_KEY,
    UPDATE_RESTART_KEY,
)
from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.lab.windows.policy_registry import EXTENSION_KEY
from ipsec_orchestrator.lab.windows.registry_file import RegistryKeys
from ipsec_orchestrator.lab.windows.utc_text import utc_text
from ipsec_orchestrator.model.json import Json

_FLAGS = {
    "no_slow_link": "NoSlowLink",
    "no_background_policy": "NoBackgroundPolicy",
    "no_gpo_list_changes": "NoGPOListChanges",
}
_QUOTA_WORDS = {
    "max_shells_per_user": "MaxShellsPerUser",
    "max_processes_per_shell": "MaxProcessesPerShell",
    "max_memory_per_shell_megabytes": "MaxMemoryPerShellMB",
    "idle_timeout_milliseconds": "IdleTimeout",
    "max_concurrent_operations_per_user": "MaxConcurrentOperationsPerUser",
    "max_connections": "MaxConnections",
    "max_envelope_kilobytes": "MaxEnvelopeSizekb",
}
_FRAME_BYTES = 1500
_HEADERS_BYTES = 28
_SMALLEST = 32
_STEP = 8


def host_health(commands: WindowsCommands, parameters: Arguments) -> Json:
    """Answer as ``host_health.ps1`` does on this host."""
    del parameters
    host = commands.host
    keys, health = host.registry.read(), commands.health
    active, wanted = (
        _value(keys, rf"{COMPUTER_NAME_KEY}\{name}", "ComputerName")
        for name in ("ActiveComputerName", "ComputerName")
    )
    renames = keys.value(SESSION_MANAGER_KEY, "PendingFileRenameOperations")
    return {
        "time": utc_text(host.now()),
        "quotas": _answered(lambda: [_quotas(health)]),
        "pending_restart": {
            "component_servicing": keys.values(RESTART_KEY) is not None,
            "windows_update": keys.values(UPDATE_RESTART_KEY) is not None,
            "renamed": active != wanted,
            "file_renames": 0
            if renames is None or not isinstance(renames.content, tuple)
            else sum(bool(text) for text in renames.content),
        },
        "triggers": [
            found for name in ("PolicyAgent", "IKEEXT") for found in _triggers(keys, name)
        ],
        "local_policy": _value(keys, LOCAL_POLICY_KEY, "ActivePolicy"),
        "default_exempt": {
            "ipsec": _value(keys, rf"{SERVICES_KEY}\IPSEC", EXEMPT_VALUE),
            "policy_agent": _value(keys, rf"{SERVICES_KEY}\PolicyAgent", EXEMPT_VALUE),
        },
        "udp_encapsulation": _value(
            keys, rf"{SERVICES_KEY}\PolicyAgent", "AssumeUDPEncapsulationContextOnSendRule"
        ),
        "extension": _extension(keys),
        "connection_rules": _answered(
            lambda: [
                {
                    "name": rule["DisplayName"],
                    "inbound": rule["InboundSecurity"],
                    "outbound": rule["OutboundSecurity"],
                }
                for rule in health.ipsec_rules()
            ]
        ),
        "firewall_profiles": _answered(
            lambda: [
                {"name": found["Name"], "enabled": found["Enabled"]}
                for found in health.firewall_profiles()
            ]
        ),
        "block_rules": _block_rules(keys),
        "firewall_products": _answered(lambda: _products(commands)),
        "audit": _answered(lambda: _audit(health)),
        "event_log_enabled": _value(keys, CHANNEL_KEY, "Enabled"),
        "last_run": {
            "status": _value(keys, LAST_RUN_KEY, "Status"),
            "end_low": _value(keys, LAST_RUN_KEY, "EndTimeLo"),
            "end_high": _value(keys, LAST_RUN_KEY, "EndTimeHi"),
        },
    }


def resolve_names(commands: WindowsCommands, parameters: Arguments) -> Json:
    """Answer as ``resolve_names.ps1`` does."""

    def one(question: str, kind: str) -> Json:
        try:
            found = commands.health.resolve(question, kind)
        except ImitatedError as error:
            return {"question": question, "answers": [], "error_id": error.error_id}
        return {"question": question, "answers": list[Json](found), "error_id": None}

    return {
        "names": [one(name, "A_AAAA") for name in _texts(parameters, "Names")],
        "addresses": [one(address, "PTR") for address in _texts(parameters, "Addresses")],
    }


def probe_targets(commands: WindowsCommands, parameters: Arguments) -> Json:
    """Answer as ``probe_targets.ps1`` does."""
    return {"targets": [_path(commands.health, text) for text in _texts(parameters, "Targets")]}


def probe_services(commands: WindowsCommands, parameters: Arguments) -> Json:
    """Answer as ``probe_services.ps1`` does."""
    return {"checks": [_service(commands.health, text) for text in _texts(parameters, "Checks")]}


def _service(health: HealthCommands, check: str) -> Json:
    kind, *words = check.split()
    if kind == "http":
        return {"check": check, **health.http(words[0])}
    return {"check": check, "result": health.connect(words[0], int(words[1])), "status": None}


def _path(health: HealthCommands, target: str) -> Json:
    address, *ports = target.split()
    ping, full, largest = health.ping(address, _SMALLEST), None, None
    if ping == PING_SUCCESS:
        full = health.ping(address, _FRAME_BYTES - _HEADERS_BYTES)
        largest = _FRAME_BYTES
        if full != PING_SUCCESS:
            largest = _HEADERS_BYTES + _largest(lambda size: health.ping(address, size))
    return {
        "address": address,
        "ping": ping,
        "full_ping": full,
        "path_mtu_bytes": largest,
        "ports": [{"port": int(p), "result": health.connect(address, int(p))} for p in ports],
    }


def _largest(ping: Callable[[int], int]) -> int:
    low, high = _SMALLEST, _FRAME_BYTES - _HEADERS_BYTES
    while high - low > _STEP:
        middle = (low + high) // 2
        if ping(middle) == PING_SUCCESS:
            low = middle
        else:
            high = middle
    return low


def _answered(question: Callable[[], Sequence[Json]]) -> Json:
    try:
        return {"reason": None, "found": list(question())}
    except ImitatedError as error:
        return {"reason": error.error_id, "found": []}


def _quotas(health: HealthCommands) -> Json:
    found = health.quotas()
    return {name: found[word] for name, word in _QUOTA_WORDS.items()}


def _triggers(keys: RegistryKeys, service: str) -> list[Json]:
    folder = rf"{SERVICES_KEY}\{service}\TriggerInfo"
    found: list[Json] = []
    for name in keys.subkeys(folder):
        guid = keys.value(rf"{folder}\{name}", "GUID")
        found.append(
            {
                "service": service,
                "type": _value(keys, rf"{folder}\{name}", "Type"),
                "action": _value(keys, rf"{folder}\{name}", "Action"),
                "subtype": str(UUID(bytes_le=guid.content))
                if guid is not None and isinstance(guid.content, bytes)
                else None,
            }
        )
    return found


def _extension(keys: RegistryKeys) -> Json:
    override = rf"{POLICIES_KEY}\Windows\Group Policy\{{{IPSEC_CSE}}}"
    found: dict[str, Json] = {
        "registered": keys.values(EXTENSION_KEY) is not None,
        "no_machine_policy": _value(keys, EXTENSION_KEY, "NoMachinePolicy"),
    }
    for name, value in _FLAGS.items():
        found[name] = _value(keys, EXTENSION_KEY, value)
        found[f"forced_{name}"] = _value(keys, override, value)
    return found


def _block_rules(keys: RegistryKeys) -> list[Json]:
    rules = (
        str(value.content)
        for path in (FIREWALL_RULES_KEY, POLICY_FIREWALL_RULES_KEY)
        for value in (keys.values(path) or {}).values()
    )
    return [rule for rule in rules if "|Action=Block|" in rule and "|Active=TRUE|" in rule]


def _products(commands: WindowsCommands) -> list[Json]:
    instances = commands.host.cim.instances(r"root\SecurityCenter2", "FirewallProduct")
    return [
        {"name": str(found["displayName"]), "state": int(str(found["productState"]))}
        for found in instances
    ]


def _audit(health: HealthCommands) -> list[Json]:
    found: list[Json] = []
    for line in health.audit_backup().splitlines():
        head, brace, rest = line.partition("{")
        guid, closed, _ = rest.partition("}")
        if brace and closed and head:
            found.append({"subcategory": guid.casefold(), "setting": int(line[-1])})
    return found


def _value(keys: RegistryKeys, path: str, name: str) -> Json:
    found = keys.value(path, name)
    return None if found is None else value_answer(found)


def _texts(parameters: Mapping[str, Json], name: str) -> list[str]:
    value = parameters.get(name)
    # PSRP hands a list of one as what it is; a lone text binds to a list parameter as well.
    return [str(item) for item in value] if isinstance(value, list) else [str(value)] * bool(value)
