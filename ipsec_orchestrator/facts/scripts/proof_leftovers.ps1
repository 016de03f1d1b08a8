<#
Lists everything that proofs of this program have on this host at the moment: firewall rules,
scheduled tasks, listeners, capture sessions, folders. Reads only.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$prefix = 'ipsec_orchestrator-'

function Get-NameList {
    # The names of what a command finds; null where the host has no such command.
    param([scriptblock] $Finder)
    try {
        return , [object[]] @(& $Finder | ForEach-Object { [string] $_ })
    } catch [System.Management.Automation.CommandNotFoundException] {
        return $null
    }
}

$bytes = [System.Text.Encoding]::Unicode.GetBytes("#$prefix")
$mark = [Convert]::ToBase64String($bytes, 0, $bytes.Length - $bytes.Length % 3)

$answer = @{
    rules = Get-NameList -Finder {
        Get-NetFirewallRule -Group 'ipsec_orchestrator' -ErrorAction SilentlyContinue | ForEach-Object { $_.Name }
    }
    tasks = Get-NameList -Finder {
        Get-ScheduledTask | Where-Object { ([string] $_.TaskName).StartsWith($prefix) } | ForEach-Object { $_.TaskName }
    }
    processes = Get-NameList -Finder {
        Get-CimInstance -ClassName Win32_Process -Filter "Name='powershell.exe'" |
            Where-Object { ([string] $_.CommandLine).Contains($mark) } | ForEach-Object { $_.ProcessId }
    }
    sessions = Get-NameList -Finder {
        Get-NetEventSession | Where-Object { ([string] $_.Name).StartsWith($prefix) } | ForEach-Object { $_.Name }
    }
    monitor = Get-NameList -Finder {
        # Its capture has no name: ours goes into a folder of ours.
        $ErrorActionPreference = 'Continue'
        [regex]::Match(((& pktmon.exe status 2>$null) -join ' '), "$prefix[0-9a-f]{32}") |
            Where-Object { $_.Success } | ForEach-Object { $_.Value }
    }
    folders = Get-NameList -Finder {
        Get-ChildItem -LiteralPath $env:ProgramData | Where-Object { ([string] $_.Name).StartsWith($prefix) } |
            ForEach-Object { $_.Name }
    }
}
ConvertTo-Json -InputObject $answer -Compress -Depth 3
