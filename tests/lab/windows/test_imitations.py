"""The imitated Windows commands, run for real in the PowerShell engine."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.memory import MemoryGpos, MemorySysvol, seeded_directory
from ipsec_orchestrator.lab.windows import (
    ControlServer,
    GposAsMaker,
    GpoStore,
    RegistryFile,
    SimulatedHost,
    WindowsCommands,
    WindowsSettings,
    engine_environment,
)
from tests.lacking import lacking

OU = "OU=IPSecOU,DC=ipsectest,DC=com"
RunScript = Callable[..., Any]


@pytest.fixture
def run_on(tmp_path: Path) -> Iterator[RunScript]:
    """Runs a script on dc1 or vm1 and gives what it put out, read as JSON."""
    powershell = os.environ.get("IPSEC_LAB_POWERSHELL", "")
    if not powershell:
        lacking("IPSEC_LAB_POWERSHELL does not name a PowerShell")
    directory = seeded_directory(SystemClock(), units=["IPSecOU"], computers=[("vm1", "IPSecOU")])
    gpos = MemoryGpos(directory, MemorySysvol())
    store = GpoStore(lambda: nullcontext(directory), GposAsMaker(gpos, uuid4))
    hosts: Mapping[str, WindowsCommands] = {
        name: WindowsCommands(
            SimulatedHost(
                WindowsSettings(
                    name=name,
                    account=f"{name}$",
                    locale="de-DE",
                    clock_skew_seconds=3600.0,
                ),
                registry=RegistryFile(tmp_path / f"{name}.json"),
                open_directory=lambda: nullcontext(directory),
                read_template=lambda _: None,
            ),
            store if name == "dc1" else None,
        )
        for name in ("dc1", "vm1")
    }
    with ControlServer(tmp_path / "control", hosts) as control:

        def run(name: str, script: str) -> Any:  # noqa: ANN401 - whatever the script gives
            done = subprocess.run(
                [powershell, "-NoProfile", "-NonInteractive", "-Command", script],
                env={**os.environ, **engine_environment(hosts[name], control)},
                capture_output=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stderr.decode()
            return json.loads(done.stdout)

        yield run


def test_services_are_set_and_started(run_on: RunScript) -> None:
    """The cure for a stopped agent works as it is written, and WMI shows it."""
    shown = run_on(
        "vm1",
        "Set-Service PolicyAgent -StartupType Automatic; Start-Service PolicyAgent;"
        "$a = Get-Service PolicyAgent; Stop-Service BFE;"
        "$b = Get-CimInstance -Query \"SELECT * FROM Win32_Service WHERE Name='bfe'\";"
        "ConvertTo-Json -Compress @($a.Status, $a.StartType, $b.State, $b.StartMode)",
    )

    assert shown == ["Running", "Automatic", "Stopped", "Auto"]


def test_a_disabled_service_does_not_start(run_on: RunScript) -> None:
    """Starting a disabled service is an error with Windows' id and the host's words."""
    shown = run_on(
        "vm1",
        "Set-Service -Name PolicyAgent -StartupType Disabled;"
        "try { Start-Service PolicyAgent } catch {"
        "ConvertTo-Json -Compress @($_.FullyQualifiedErrorId, $_.Exception.Message) }",
    )

    assert shown[0] == "CouldNotStartService,Microsoft.PowerShell.Commands.StartServiceCommand"
    assert "deaktiviert" in shown[1]


@pytest.mark.parametrize(
    ("command", "error_id"),
    [
        (
            r"Get-CimInstance -Namespace root\nothing -ClassName X",
            "HRESULT 0x8004100e,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand",
        ),
        (
            "Get-CimInstance -ClassName Win32_Nothing",
            "HRESULT 0x80041010,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand",
        ),
        (
            "Get-CimInstance -ClassName Win32_Service -Filter 'Name LIKE x'",
            "HRESULT 0x80041017,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand",
        ),
        (
            "Invoke-CimMethod -ClassName Win32_Service -MethodName Create",
            "HRESULT 0x8004102f,Microsoft.Management.Infrastructure.CimCmdlets.InvokeCimMethodCommand",
        ),
    ],
)
def test_wmi_errors_have_their_ids(run_on: RunScript, command: str, error_id: str) -> None:
    """A wrong namespace, class, query or method is told by its number."""
    shown = run_on(
        "vm1",
        f"try {{ {command} -ErrorAction Stop }} catch "
        "{ ConvertTo-Json -Compress @($_.FullyQualifiedErrorId) }",
    )

    # An advanced function adds its own name to what it throws itself.
    assert shown[0].startswith(error_id)


def test_only_gpupdate_can_be_started(run_on: RunScript) -> None:
    """Win32_Process.Create knows no other program: return value 9, and no process."""
    shown = run_on(
        "vm1",
        "$p = Invoke-CimMethod -ClassName Win32_Process -MethodName Create "
        "-Arguments @{ CommandLine = 'notepad.exe' };"
        "ConvertTo-Json -Compress @($p.ReturnValue, $p.ProcessId)",
    )

    assert shown == [9, None]


def test_gpupdate_is_a_command_too(run_on: RunScript) -> None:
    """At the prompt it waits for the refresh and leaves an exit code."""
    assert run_on("vm1", "gpupdate.exe /target:computer /force; ConvertTo-Json $LASTEXITCODE") == 0


def test_the_clock_is_skewed(run_on: RunScript) -> None:
    """Get-Date and WMI agree on the host's own, wrong time; a given date stays as it is."""
    shown = run_on(
        "vm1",
        "$o = Get-CimInstance -ClassName Win32_OperatingSystem;"
        "ConvertTo-Json -Compress @((Get-Date).ToUniversalTime().ToString('o'),"
        "$o.LocalDateTime.ToUniversalTime().ToString('o'),"
        "(Get-Date -Date '2026-01-01' -Format 'yyyy'))",
    )

    by_engine, by_wmi = (datetime.fromisoformat(text) for text in shown[:2])
    assert abs(by_engine - by_wmi) < timedelta(seconds=30)
    assert timedelta(minutes=59) < by_engine - datetime.now(UTC) < timedelta(minutes=61)
    assert shown[2] == "2026"


def test_gpos_and_links_by_cmdlet(run_on: RunScript) -> None:
    """New-GPO, New-GPLink, Set-GPLink and Get-GPInheritance act on the domain."""
    shown = run_on(
        "dc1",
        f"$t = '{OU}'; $a = New-GPO -Name 'a'; $b = New-GPO -Name 'b';"
        "$a | New-GPLink -Target $t | Out-Null;"
        "New-GPLink -Name 'b' -Target $t -LinkEnabled No | Out-Null;"
        "$l = Set-GPLink -Guid $b.Id -Target $t -LinkEnabled Yes -Enforced Yes -Order 1;"
        "$i = Get-GPInheritance -Target $t;"
        "ConvertTo-Json -Compress @($l.Order, $l.Enabled, $l.Enforced,"
        "($i.GpoLinks | ForEach-Object { $_.DisplayName }), $i.GpoInheritanceBlocked,"
        "(Get-GPO -All).Count, (Get-GPO -Guid $a.Id).GpoStatus, ($a.Id -is [guid]))",
    )

    assert shown == [1, True, True, ["b", "a"], "No", 2, "AllSettingsEnabled", True]


@pytest.mark.parametrize(
    ("command", "error_id"),
    [
        (
            "New-GPO -Name a | Out-Null; New-GPO -Name A",
            "GpoWithNameAlreadyExists,Microsoft.GroupPolicy.Commands.NewGpoCommand",
        ),
        ("Get-GPO -Name none", "GpoWithNameNotFound,Microsoft.GroupPolicy.Commands.GetGpoCommand"),
        (
            "Remove-GPO -Guid 00000000-0000-0000-0000-000000000001",
            "GpoWithIdNotFound,Microsoft.GroupPolicy.Commands.GetGpoCommand",
        ),
        (
            f"New-GPO -Name a | Set-GPLink -Target '{OU}' -LinkEnabled Yes",
            "GpoLinkNotFound,Microsoft.GroupPolicy.Commands.SetGPLinkCommand",
        ),
    ],
)
def test_group_policy_errors_have_their_ids(
    run_on: RunScript,
    command: str,
    error_id: str,
) -> None:
    """Scripts can decide by the ids that Windows gives, in every language."""
    shown = run_on(
        "dc1",
        f"try {{ {command} }} catch {{ ConvertTo-Json -Compress @($_.FullyQualifiedErrorId) }}",
    )

    assert shown == [error_id]


def test_a_service_is_a_table_as_5_1_lays_it_out(run_on: RunScript) -> None:
    """Lines are filled up to the table's width, long values end with dots, two blanks follow."""
    shown = run_on(
        "vm1",
        "ConvertTo-Json -Compress @("
        "& { 'before'; Get-Service winrm; 'after' } | Out-String -Stream)",
    )

    assert shown == [
        "before",
        "",
        f"{'Status':8} {'Name':18} {'DisplayName':38}",
        f"{'------':8} {'----':18} {'-----------':38}",
        f"{'Running':8} {'winrm':18} Windows Remote Management (WS-Manag...",
        "after",
        "",
        "",
    ]


def test_text_that_is_no_table_passes_through(run_on: RunScript) -> None:
    """Out-String leaves lines as they are, also those after a blank one, and ends them CR LF."""
    shown = run_on(
        "vm1",
        "ConvertTo-Json -Compress @('a', '', 'b', 'c' | Out-String)",
    )

    assert shown == ["a\r\n\r\nb\r\nc\r\n"]


def test_output_before_an_error_is_not_lost(run_on: RunScript) -> None:
    """What was put out before a script fails has passed Out-String already."""
    shown = run_on(
        "vm1",
        "$seen = [System.Collections.Generic.List[string]]::new();"
        "try { & { 'before'; throw 'broken' } | Out-String -Stream | ForEach-Object { $seen.Add($_) } }"
        "catch { $seen.Add($_.Exception.Message) }"
        "ConvertTo-Json -Compress @($seen)",
    )

    assert shown == ["before", "broken"]
