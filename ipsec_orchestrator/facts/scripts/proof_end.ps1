<#
Takes away everything of one proof on this host, in whatever state it is: listener, firewall rule,
capture session, folder, and at last the guard itself. It is what the guard runs, too. Tells what
the listener received, and what could not be taken away.
#>
[CmdletBinding()]
param([Parameter(Mandatory = $true)] [ValidatePattern('^[0-9a-f]{32}$')] [string] $RunId)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = "ipsec_orchestrator-$RunId"
$folder = Join-Path -Path $env:ProgramData -ChildPath $name
$problems = @{}

function Get-OwnProcess {
    # A listener is known by the beginning of its encoded program, which is this proof's name.
    $bytes = [System.Text.Encoding]::Unicode.GetBytes("#$name-listener")
    $mark = [Convert]::ToBase64String($bytes, 0, $bytes.Length - $bytes.Length % 3)
    Get-CimInstance -ClassName Win32_Process -Filter "Name='powershell.exe'" |
        Where-Object { ([string] $_.CommandLine).Contains($mark) }
}

function Invoke-Removal {
    # One thing that can't be removed must not keep the others.
    param([string] $What, [scriptblock] $Removal)
    try {
        & $Removal
    } catch [System.Management.Automation.CommandNotFoundException] {
        # Without the command there can't be anything of its kind.
        Write-Verbose -Message $What
    } catch {
        $problems[$What] = [string] $_.FullyQualifiedErrorId
    }
}

Invoke-Removal -What 'process' -Removal {
    if (Test-Path -LiteralPath $folder) {
        Set-Content -LiteralPath (Join-Path -Path $folder -ChildPath 'stop.txt') -Value 'stop'
    }
    $patience = [System.Diagnostics.Stopwatch]::StartNew()
    while (@(Get-OwnProcess).Count -gt 0 -and $patience.Elapsed.TotalSeconds -lt 10) {
        Start-Sleep -Milliseconds 200
    }
    foreach ($process in @(Get-OwnProcess)) { Stop-Process -Id $process.ProcessId -Force }
}

Invoke-Removal -What 'rule' -Removal {
    Get-NetFirewallRule -Name $name -ErrorAction SilentlyContinue | Remove-NetFirewallRule
}

Invoke-Removal -What 'session' -Removal {
    foreach ($session in @(Get-NetEventSession | Where-Object { $_.Name -eq $name })) {
        # One that is stopped already can't be stopped.
        Stop-NetEventSession -Name $name -ErrorAction SilentlyContinue
        Remove-NetEventSession -Name $name
    }
}

Invoke-Removal -What 'pktmon' -Removal {
    if (Test-Path -LiteralPath (Join-Path -Path $folder -ChildPath 'pktmon.txt')) {
        # What a program writes to its error stream is no error here.
        $ErrorActionPreference = 'Continue'
        # It has one capture, without a name: ours is the one that goes into our folder.
        if (((& pktmon.exe status 2>$null) -join ' ').Contains($name)) {
            $null = & pktmon.exe stop 2>$null
            if ($LASTEXITCODE -ne 0) { throw "pktmon stop ended with $LASTEXITCODE" }
        }
    }
}

$found = @{ received = @() }
Invoke-Removal -What 'folder' -Removal {
    if (Test-Path -LiteralPath $folder) {
        $list = Join-Path -Path $folder -ChildPath 'received.txt'
        if (Test-Path -LiteralPath $list) { $found['received'] = @(Get-Content -LiteralPath $list) }
        Remove-Item -LiteralPath $folder -Recurse -Force
    }
}

if ($problems.Count -eq 0) {
    # Only when nothing is left for it to do; otherwise it tries again at its time.
    Invoke-Removal -What 'guard' -Removal {
        Get-ScheduledTask -TaskName $name -ErrorAction SilentlyContinue | Unregister-ScheduledTask -Confirm:$false
    }
}

$answer = @{
    received = [object[]] @($found['received'] | ForEach-Object { [string] $_ })
    problems = $problems
}
ConvertTo-Json -InputObject $answer -Compress -Depth 3
