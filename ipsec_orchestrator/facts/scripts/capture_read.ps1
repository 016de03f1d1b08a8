<#
Reads the captured frames of one pair of addresses out of the file of a proof. Fragments of a frame
are joined, and a frame that several layers of the adapter logged is given once. What pktmon captured
is read from its pcapng file, in which layers can't be told apart. Reads only.
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

$folder = Join-Path -Path $env:ProgramData -ChildPath "ipsec_orchestrator-$RunId"
$file = Join-Path -Path $folder -ChildPath 'capture.etl'
$here = [BitConverter]::ToString([System.Net.IPAddress]::Parse($LocalAddress).GetAddressBytes())
$there = [BitConverter]::ToString([System.Net.IPAddress]::Parse($PeerAddress).GetAddressBytes())
$ways = @("$here-$there", "$there-$here")

$answer = @{ frames = [object[]] @(); left_out = 0; problem = $null }
$open = @{}
$seen = @{}
$given = @{}

function Test-OwnPair {
    # Sender and receiver stand side by side in every IP header.
    param([byte[]] $Bytes, [int] $From, [int] $Count)
    $head = [BitConverter]::ToString($Bytes, $From, [Math]::Min($Count, $addressArea))
    return $head.Contains($ways[0]) -or $head.Contains($ways[1])
}

function Get-TickRate {
    # Ticks a second of one interface: option 9 of its description, else microseconds.
    param([byte[]] $Bytes, [int] $From, [int] $End)
    while ($From + 4 -le $End) {
        $code = [BitConverter]::ToUInt16($Bytes, $From)
        $size = [BitConverter]::ToUInt16($Bytes, $From + 2)
        if ($code -eq 9) {
            $value = $Bytes[$From + 4]
            $base = if ($value -band 128) { 2 } else { 10 }
            return [Math]::Pow($base, $value -band 127)
        }
        if ($code -eq 0) { break }
        # Options are filled up to four bytes.
        $From += 4 + $size + (4 - $size % 4) % 4
    }
    return 1000000
}

function Get-MonitoredFrame {
    # The packets of a pcapng file: blocks of a kind, a length, and the length again at their end.
    param([byte[]] $Bytes)
    $rates = @()
    $at = 0
    $epoch = New-Object -TypeName datetime -ArgumentList 1970, 1, 1, 0, 0, 0, ([DateTimeKind]::Utc)
    while ($at + 12 -le $Bytes.Length) {
        $kind = [BitConverter]::ToUInt32($Bytes, $at)
        $length = [BitConverter]::ToUInt32($Bytes, $at + 4)
        if ($length -lt 12 -or $at + $length -gt $Bytes.Length) { break }
        if ($kind -eq 1) {
            $rates += Get-TickRate -Bytes $Bytes -From ($at + 16) -End ($at + $length - 4)
        } elseif ($kind -eq 6) {
            $rate = $rates[[BitConverter]::ToUInt32($Bytes, $at + 8)]
            $ticks = [BitConverter]::ToUInt32($Bytes, $at + 12) * 4294967296 + [BitConverter]::ToUInt32($Bytes, $at + 16)
            $size = [BitConverter]::ToUInt32($Bytes, $at + 20)
            if (Test-OwnPair -Bytes $Bytes -From ($at + 28) -Count $size) {
                $content = [Convert]::ToBase64String($Bytes, $at + 28, $size)
                if (-not $given.ContainsKey($content)) {
                    $given[$content] = 1
                    if ($given.Count -gt $MaximumFrames) {
                        $answer['left_out'] = 1 + $answer['left_out']
                    } else {
                        @{ time = $epoch.AddTicks([long] ($ticks / $rate * 10000000)).ToString('o'); content = $content }
                    }
                }
            }
        }
        $at += $length
    }
}

function Get-LoggedFrame {
    $events = Get-WinEvent -Path $file -Oldest |
        Where-Object { $_.Id -eq 1001 -and $_.ProviderName -eq 'Microsoft-Windows-NDIS-PacketCapture' }
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
        if (-not (Test-OwnPair -Bytes $fragment -From 0 -Count $fragment.Length)) { continue }
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
}

try {
    if (Test-Path -LiteralPath (Join-Path -Path $folder -ChildPath 'pktmon.txt')) {
        $bytes = [System.IO.File]::ReadAllBytes((Join-Path -Path $folder -ChildPath 'capture.pcapng'))
        $answer['frames'] = [object[]] @(Get-MonitoredFrame -Bytes $bytes)
    } else {
        $answer['frames'] = [object[]] @(Get-LoggedFrame)
    }
} catch {
    # An empty capture is an error of this name on Windows.
    if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound,*') {
        $answer['problem'] = [string] $_.FullyQualifiedErrorId
    }
}
ConvertTo-Json -InputObject $answer -Compress -Depth 3
