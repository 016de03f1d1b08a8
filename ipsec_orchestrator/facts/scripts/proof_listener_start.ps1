<#
Starts the temporary listener of a proof, unless something listens on that port already. The
process is made by WMI: a child of the remote shell would live in the shell's job and die with it.
Returns when the listener says that it listens, or has given up.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [ValidatePattern('^[0-9a-f]{32}$')] [string] $RunId,
    [Parameter(Mandatory = $true)] [string] $ListenerProgram,
    [Parameter(Mandatory = $true)] [ValidateSet('TCP', 'UDP')] [string] $Protocol,
    [Parameter(Mandatory = $true)] [ValidateRange(1, 65535)] [int] $Port,
    [Parameter(Mandatory = $true)] [string] $LocalAddress,
    [Parameter(Mandatory = $true)] [string] $PeerAddress,
    [Parameter(Mandatory = $true)] [ValidateRange(10, 86400)] [int] $LifetimeSeconds
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = "ipsec_orchestrator-$RunId"
$folder = Join-Path -Path $env:ProgramData -ChildPath $name
$said = Join-Path -Path $folder -ChildPath 'listener.txt'

$taken = if ($Protocol -eq 'TCP') {
    @(Get-NetTCPConnection -State Listen -LocalPort $Port -ErrorAction SilentlyContinue).Count -gt 0
} else {
    @(Get-NetUDPEndpoint -LocalPort $Port -ErrorAction SilentlyContinue).Count -gt 0
}
$answer = @{ taken = $taken; listening = $false; process_id = $null; problem = $null }

if (-not $taken) {
    # The order travels as base64, so that nothing in it can be taken for program text.
    $order = @{
        name = $name
        folder = $folder
        protocol = $Protocol
        port = $Port
        local_address = $LocalAddress
        peer_address = $PeerAddress
        lifetime_seconds = $LifetimeSeconds
    }
    $json = ConvertTo-Json -InputObject $order -Compress -Depth 2
    $argument = [Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes($json))
    $program = "#$name-listener`n& {`n$ListenerProgram`n} -Order '$argument'"
    $encoded = [Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($program))
    $powershell = "$env:SystemRoot\System32\WindowsPowerShell\v1.0\powershell.exe"
    $line = "`"$powershell`" -NoProfile -NonInteractive -EncodedCommand $encoded"
    $started = Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{ CommandLine = $line }
    $answer['process_id'] = $started.ProcessId
    if ([int] $started.ReturnValue -ne 0) {
        $answer['problem'] = "Win32_Process.Create returned $([int] $started.ReturnValue)"
    } else {
        $patience = [System.Diagnostics.Stopwatch]::StartNew()
        while (-not (Test-Path -LiteralPath $said) -and $patience.Elapsed.TotalSeconds -lt 30) {
            Start-Sleep -Milliseconds 100
        }
        if (Test-Path -LiteralPath $said) {
            $word = [string] (Get-Content -LiteralPath $said | Select-Object -First 1)
            $answer['listening'] = $word -eq 'listening'
            if ($word -ne 'listening') { $answer['problem'] = $word }
        } else {
            $answer['problem'] = 'the listener did not start in time'
        }
    }
}
ConvertTo-Json -InputObject $answer -Compress -Depth 2
