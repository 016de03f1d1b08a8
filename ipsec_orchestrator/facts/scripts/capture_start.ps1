<#
Starts the capture of one proof at the network adapters of this host: packets to and from the peer,
cut off behind their headers, in a file of bounded size. Windows has room for one such session at a
time; if there is any other, it is left alone and nothing is captured. Where the commands for that
are missing, pktmon captures instead. Its texts are translated, so that only their shape counts.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [ValidatePattern('^[0-9a-f]{32}$')] [string] $RunId,
    [Parameter(Mandatory = $true)] [string] $PeerAddress,
    [Parameter(Mandatory = $true)] [ValidateRange(64, 65535)] [int] $TruncationBytes,
    [Parameter(Mandatory = $true)] [ValidateRange(1, 250)] [int] $MaximumMegabytes
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = "ipsec_orchestrator-$RunId"
$folder = Join-Path -Path $env:ProgramData -ChildPath $name
$file = Join-Path -Path $folder -ChildPath 'capture.etl'
$answer = @{ capturing = $false; by = $null; others = [object[]] @(); problem = $null }

function Start-EventSession {
    $others = @(Get-NetEventSession | ForEach-Object { [string] $_.Name })
    $answer['others'] = [object[]] $others
    if ($others.Count -eq 0) {
        New-NetEventSession -Name $name -CaptureMode SaveToFile -LocalFilePath $file -MaxFileSize $MaximumMegabytes | Out-Null
        # ICMP tells of packets that are too large; 50 is ESP, 51 is AH.
        Add-NetEventPacketCaptureProvider -SessionName $name -IpAddresses $PeerAddress -IpProtocols 1, 6, 17, 50, 51 -TruncationLength $TruncationBytes | Out-Null
        Start-NetEventSession -Name $name
        $answer['capturing'] = $true
        $answer['by'] = 'NetEventPacketCapture'
    }
}

function Get-PacketMonitorLine {
    # The lines that are not blank. What a program writes to its error stream is no error here.
    param([string[]] $Words)
    $ErrorActionPreference = 'Continue'
    $lines = & pktmon.exe @Words 2>$null
    return , [string[]] @($lines | Where-Object { ([string] $_).Trim() })
}

function Start-PacketMonitor {
    # One line says that it does not run; more describe what it does.
    if ((Get-PacketMonitorLine -Words 'status').Count -gt 1) {
        $answer['others'] = [object[]] @('pktmon')
        return
    }
    # Filters can only be removed all at once, and any of them would hide packets. A filter is a
    # row below a row of dashes.
    $rows = @(Get-PacketMonitorLine -Words 'filter', 'list' | ForEach-Object { $_ } | Where-Object { $_ -match '^\s*-+(\s+-+)+\s*$' })
    if ($rows.Count -gt 0) {
        $answer['others'] = [object[]] @('pktmon filter')
        return
    }
    # Options are the same in every language, but not in every version.
    $help = (Get-PacketMonitorLine -Words 'start', 'help') -join ' '
    foreach ($option in '--capture', '--comp', '--pkt-size', '--file-name', '--file-size') {
        if (-not $help.Contains($option)) {
            $answer['problem'] = "pktmon has no option $option"
            return
        }
    }
    # Before it starts: whoever finds this file and a capture into this folder knows whose it is.
    Set-Content -LiteralPath (Join-Path -Path $folder -ChildPath 'pktmon.txt') -Value $file
    $null = Get-PacketMonitorLine -Words 'start', '--capture', '--comp', 'nics', '--pkt-size', "$TruncationBytes", '--file-name', $file, '--file-size', "$MaximumMegabytes"
    if ($LASTEXITCODE -ne 0) {
        $answer['problem'] = "pktmon ended with $LASTEXITCODE"
        return
    }
    $answer['capturing'] = $true
    $answer['by'] = 'pktmon'
}

try {
    try {
        Start-EventSession
    } catch [System.Management.Automation.CommandNotFoundException] {
        Start-PacketMonitor
    }
} catch [System.Management.Automation.CommandNotFoundException] {
    $answer['problem'] = 'neither NetEventPacketCapture nor pktmon is there'
} catch {
    $answer['problem'] = [string] $_.FullyQualifiedErrorId
}
ConvertTo-Json -InputObject $answer -Compress -Depth 3
