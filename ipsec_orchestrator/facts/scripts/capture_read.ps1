<#
Reads the captured frames of one pair of addresses out of the file of a proof. Fragments of a frame
are joined, and a frame that several layers of the adapter logged is given once. Reads only.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [ValidatePattern('^[0-9a-f]{32}$')] [string] $RunId,
    [Parameter(Mandatory = $true)] [string] $LocalAddress,
    [Parameter(Mandatory = $true)] [string] $PeerAddress,
    [Parameter(Mandatory = $true)] [ValidateRange(1, 100000)] [int] $MaximumFrames
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# Keywords of Microsoft-Windows-NDIS-PacketCapture: the first and the last fragment of a frame.
$firstPart = 1073741824
$lastPart = 2147483648
$addressArea = 96

$file = Join-Path -Path $env:ProgramData -ChildPath "ipsec_orchestrator-$RunId" | Join-Path -ChildPath 'capture.etl'
$here = [BitConverter]::ToString([System.Net.IPAddress]::Parse($LocalAddress).GetAddressBytes())
$there = [BitConverter]::ToString([System.Net.IPAddress]::Parse($PeerAddress).GetAddressBytes())
$ways = @("$here-$there", "$there-$here")

$answer = @{ frames = [object[]] @(); left_out = 0; problem = $null }
$open = @{}
$seen = @{}
$given = @{}

function Test-OwnPair {
    # Sender and receiver stand side by side in every IP header.
    param([byte[]] $Frame)
    $head = [BitConverter]::ToString($Frame, 0, [Math]::Min($Frame.Length, $addressArea))
    return $head.Contains($ways[0]) -or $head.Contains($ways[1])
}

try {
    $events = Get-WinEvent -Path $file -Oldest |
        Where-Object { $_.Id -eq 1001 -and $_.ProviderName -eq 'Microsoft-Windows-NDIS-PacketCapture' }
    $frames = @(
        foreach ($record in $events) {
            # In this order: MiniportIfIndex, LowerIfIndex, FragmentSize, Fragment.
            $layer = "$($record.Properties[0].Value)/$($record.Properties[1].Value)"
            $fragment = [byte[]] $record.Properties[3].Value
            $keywords = [long] $record.Keywords
            $isFirst = ($keywords -band $firstPart) -ne 0
            $isLast = ($keywords -band $lastPart) -ne 0
            $goesOn = -not $isFirst -and $open.ContainsKey($layer)
            if ($goesOn) { $fragment = $open[$layer] + $fragment }
            $open.Remove($layer)
            if (-not $isLast -and ($isFirst -or $goesOn)) {
                $open[$layer] = $fragment
                continue
            }
            if (-not (Test-OwnPair -Frame $fragment)) { continue }
            $content = [Convert]::ToBase64String($fragment)
            # As many copies as the layer that saw most of them: each layer logs a frame once.
            $seen["$content/$layer"] = 1 + $seen["$content/$layer"]
            if ($seen["$content/$layer"] -le $given[$content]) { continue }
            $given[$content] = 1 + $given[$content]
            if ($given.Count -gt $MaximumFrames) {
                $answer['left_out'] = 1 + $answer['left_out']
                continue
            }
            @{ time = $record.TimeCreated.ToUniversalTime().ToString('o'); content = $content }
        }
    )
    $answer['frames'] = [object[]] $frames
} catch {
    # An empty capture is an error of this name on Windows.
    if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound,*') {
        $answer['problem'] = [string] $_.FullyQualifiedErrorId
    }
}
ConvertTo-Json -InputObject $answer -Compress -Depth 3
