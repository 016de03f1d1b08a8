<#
Starts the capture of one proof at the network adapters of this host: packets to and from the peer,
cut off behind their headers, in a file of bounded size. Windows has room for one such session at a
time; if there is any other, it is left alone and nothing is captured.
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
$answer = @{ capturing = $false; others = [object[]] @(); problem = $null }

try {
    $others = @(Get-NetEventSession | ForEach-Object { [string] $_.Name })
    $answer['others'] = [object[]] $others
    if ($others.Count -eq 0) {
        $file = Join-Path -Path $folder -ChildPath 'capture.etl'
        New-NetEventSession -Name $name -CaptureMode SaveToFile -LocalFilePath $file -MaxFileSize $MaximumMegabytes | Out-Null
        # ICMP tells of packets that are too large; 50 is ESP, 51 is AH.
        Add-NetEventPacketCaptureProvider -SessionName $name -IpAddresses $PeerAddress -IpProtocols 1, 6, 17, 50, 51 -TruncationLength $TruncationBytes | Out-Null
        Start-NetEventSession -Name $name
        $answer['capturing'] = $true
    }
} catch {
    $answer['problem'] = [string] $_.FullyQualifiedErrorId
}
ConvertTo-Json -InputObject $answer -Compress -Depth 3
