r"""What a Windows has in its registry beside its policy, and what an ailment changes there."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from ipsec_orchestrator.lab.windows.ailments import Ailments
from ipsec_orchestrator.lab.windows.policy_registry import (
    EXTENSION_KEY,
    IPSEC_KEY,
    SYSTEM_POLICIES_KEY,
)
from ipsec_orchestrator.lab.windows.registry_file import (
    RegistryKeys,
    RegistryValue,
    binary_value,
    number_value,
    text_value,
)
from ipsec_orchestrator.lab.windows.windows_settings import WindowsSettings

SOFTWARE_KEY: Final = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"
SERVICES_KEY: Final = r"HKLM\SYSTEM\CurrentControlSet\Services"
POLICIES_KEY: Final = r"HKLM\SOFTWARE\Policies\Microsoft"
COMPUTER_NAME_KEY: Final = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName"
SESSION_MANAGER_KEY: Final = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
NETLOGON_KEY: Final = rf"{SERVICES_KEY}\Netlogon\Parameters"
RESTART_KEY: Final = rf"{SOFTWARE_KEY}\Component Based Servicing\RebootPending"
UPDATE_RESTART_KEY: Final = rf"{SOFTWARE_KEY}\WindowsUpdate\Auto Update\RebootRequired"
CHANNEL_KEY: Final = rf"{SOFTWARE_KEY}\WINEVT\Channels\Microsoft-Windows-GroupPolicy/Operational"
LAST_RUN_KEY: Final = (
    rf"{SOFTWARE_KEY}\Group Policy\State\Machine\Extension-List"
    r"\{00000000-0000-0000-0000-000000000000}"
)
LOCAL_POLICY_KEY: Final = rf"{IPSEC_KEY}\Policy\Local"
FIREWALL_RULES_KEY: Final = rf"{SERVICES_KEY}\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
POLICY_FIREWALL_RULES_KEY: Final = rf"{POLICIES_KEY}\WindowsFirewall\FirewallRules"
TRIGGER_KEY: Final = rf"{SERVICES_KEY}\PolicyAgent\TriggerInfo"
EXEMPT_VALUE: Final = "NoDefaultExempt"
# What opening a port of the rule group for remote management of the firewall does.
_TRIGGER: Final = UUID("b7569e07-8421-4ee0-ad10-86915afdad09")
_BLOCK_RULE: Final = "lab-blocks-key-exchange"
_LOCAL_POLICY: Final = (
    r"SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local"
    r"\ipsecPolicy{7238523c-70fa-11d1-864c-14a300000000}"
)
_EPOCH_OF_FILETIME: Final = datetime(1601, 1, 1, tzinfo=UTC)
_STALE: Final = timedelta(days=3)


def lay_out(keys: RegistryKeys, settings: WindowsSettings, *, now: datetime) -> None:
    """Write what a Windows has after it was started in its domain; what is there stays."""
    if keys.values(EXTENSION_KEY) is None:
        keys.set_values(
            EXTENSION_KEY,
            {
                "DllName": text_value("polstore.dll"),
                "NoUserPolicy": number_value(1),
                "NoGPOListChanges": number_value(0 if settings.call_when_unchanged else 1),
            },
        )
    if settings.sysvol is not None:
        keys.set_values(NETLOGON_KEY, {"SysVol": text_value(settings.sysvol)})
    if keys.values(LAST_RUN_KEY) is not None:
        return
    computer = {"ComputerName": text_value(settings.name.upper())}
    for key in ("ActiveComputerName", "ComputerName"):
        keys.set_values(rf"{COMPUTER_NAME_KEY}\{key}", computer)
    keys.set_values(
        rf"{TRIGGER_KEY}\0",
        {
            "Type": number_value(4),
            "Action": number_value(1),
            "GUID": binary_value(_TRIGGER.bytes_le),
        },
    )
    keys.set_values(
        FIREWALL_RULES_KEY,
        {
            "WINRM-HTTP-In-TCP": text_value(
                "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|LPort=5985|"
                "App=System|Name=@FirewallAPI.dll,-30253|"
            ),
            # Present on every Windows and no business of IPsec's.
            "Teredo-Block": text_value(
                "v2.31|Action=Block|Active=TRUE|Dir=Out|Protocol=17|RPort=3544|Name=Teredo|"
            ),
        },
    )
    write_last_run(keys, ended_at=now, status=0)


def write_last_run(keys: RegistryKeys, *, ended_at: datetime, status: int) -> None:
    """Note a run of Group Policy, as gpsvc does."""
    ticks = (ended_at - _EPOCH_OF_FILETIME) // timedelta(microseconds=1) * 10
    keys.set_values(
        LAST_RUN_KEY,
        {
            "Status": number_value(status),
            "EndTimeLo": number_value(ticks),
            "EndTimeHi": number_value(ticks >> 32),
        },
    )


def write_ailments(keys: RegistryKeys, ailments: Ailments, *, now: datetime) -> None:
    """Bring the registry to what an ailing, or a healed, Windows has there."""
    if ailments.pending_reboot:
        keys.set_values(RESTART_KEY, {})
    else:
        keys.delete_key(RESTART_KEY)
    rule = "v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=17|LPort=500|Name=No key exchange|"
    exempt = ailments.default_exempt
    for path, value_name, ailing, sick in (
        (LOCAL_POLICY_KEY, "ActivePolicy", ailments.local_policy, text_value(_LOCAL_POLICY)),
        (FIREWALL_RULES_KEY, _BLOCK_RULE, ailments.ike_blocked, text_value(rule)),
        (SYSTEM_POLICIES_KEY, "RSoPLogging", ailments.no_rsop_logging, number_value(0)),
        (EXTENSION_KEY, "NoBackgroundPolicy", ailments.no_background_policy, number_value(1)),
        (rf"{SERVICES_KEY}\IPSEC", EXEMPT_VALUE, exempt is not None, number_value(exempt or 0)),
    ):
        _put(keys, path, value_name, sick if ailing else None)
    keys.set_values(CHANNEL_KEY, {"Enabled": number_value(0 if ailments.no_event_log else 1)})
    if ailments.stale_group_policy:
        write_last_run(keys, ended_at=now - _STALE, status=0)


def _put(keys: RegistryKeys, path: str, name: str, value: RegistryValue | None) -> None:
    if value is None:
        keys.delete_value(path, name)
    else:
        keys.set_values(path, {name: value})
