<#
Stops the capture of one proof; its file stays until the proof ends. Other sessions are not touched.
What pktmon captured is turned into pcapng, because no command reads it as it is.
#>
[CmdletBinding()]
param([Parameter(Mandatory = $true)] [ValidatePattern('^[0-9a-f]{32}$')] [string] $RunId)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = "ipsec_orchestrator-$RunId"
$folder = Join-Path -Path $env:ProgramData -ChildPath $name
$answer = @{ stopped = $false; problem = $null }

function Get-PacketMonitorLine {
    # The lines that are not blank. What a program writes to its error stream is no error here.
    param([string[]] $Words)
    $ErrorActionPreference = 'Continue'
    $lines = & pktmon.exe @Words 2>$null
    return , [string[]] @($lines | Where-Object { ([string] $_).Trim() })
}

function Stop-PacketMonitor {
    # It has one capture, without a name: ours is the one that goes into our folder.
    if (-not ((Get-PacketMonitorLine -Words 'status') -join ' ').Contains($name)) { return }
    $null = Get-PacketMonitorLine -Words 'stop'
    if ($LASTEXITCODE -ne 0) { throw "pktmon stop ended with $LASTEXITCODE" }
    $answer['stopped'] = $true
    $captured = Join-Path -Path $folder -ChildPath 'capture.etl'
    $null = Get-PacketMonitorLine -Words 'etl2pcap', $captured, '--out', (Join-Path -Path $folder -ChildPath 'capture.pcapng')
    if ($LASTEXITCODE -ne 0) { throw "pktmon etl2pcap ended with $LASTEXITCODE" }
}

try {
    if (Test-Path -LiteralPath (Join-Path -Path $folder -ChildPath 'pktmon.txt')) {
        Stop-PacketMonitor
    } else {
        $own = @(Get-NetEventSession | Where-Object { $_.Name -eq $name })
        if ($own.Count -gt 0) {
            Stop-NetEventSession -Name $name
            $answer['stopped'] = $true
        }
    }
} catch {
    $answer['problem'] = [string] $_.FullyQualifiedErrorId
}
ConvertTo-Json -InputObject $answer -Compress -Depth 2
