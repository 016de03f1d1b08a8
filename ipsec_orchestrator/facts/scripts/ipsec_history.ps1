<#
What this host and some peers did about IPsec during the last hours: the quick-mode associations
that there are now as raw CIM values, and the audit events since then, alike ones counted. Also
what is audited at all, and how far back the security log reaches: what was not written down can't
be known. Leaves nothing behind; the file of the audit settings is removed again.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [string[]] $PeerAddresses,
    [Parameter(Mandatory = $true)] [ValidateRange(1, 604800)] [int] $Seconds,
    [Parameter(Mandatory = $true)] [ValidateRange(1, 100000)] [int] $MaximumEvents
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$subcategories = @{
    main_mode = '{0CCE9218-69AE-11D9-BED3-505054503030}'
    quick_mode = '{0CCE9219-69AE-11D9-BED3-505054503030}'
    driver = '{0CCE9213-69AE-11D9-BED3-505054503030}'
}
$now = Get-Date
# Addresses are compared as values: the same one has several spellings in IPv6.
$peers = @(foreach ($text in $PeerAddresses) { [System.Net.IPAddress]::Parse($text) })

function Test-Peer {
    param([string] $Text)
    $address = $null
    if (-not [System.Net.IPAddress]::TryParse($Text, [ref] $address)) { return $false }
    foreach ($peer in $peers) { if ($peer.Equals($address)) { return $true } }
    return $false
}

function Read-AuditSetting {
    # 0 nothing, 1 success, 2 failure, 3 both: the last column of a backup. The words are localized.
    $file = [System.IO.Path]::GetTempFileName()
    try {
        auditpol.exe /backup "/file:$file" | Out-Null
        $lines = @(Get-Content -LiteralPath $file)
    } finally {
        Remove-Item -LiteralPath $file -Force
    }
    $settings = @{}
    foreach ($name in $subcategories.Keys) {
        $line = $lines | Where-Object { $_ -match "$([regex]::Escape($subcategories[$name])),.*,(\d+)\s*$" } | Select-Object -First 1
        $settings[$name] = if ($line -and $line -match ',(\d+)\s*$') { [int] $Matches[1] } else { $null }
    }
    return $settings
}

function Read-Event {
    # Newest first. No match is an error on Windows, and means an empty list.
    param([int[]] $Id)
    try {
        Get-WinEvent -FilterHashtable @{ LogName = 'Security'; ProviderName = 'Microsoft-Windows-Security-Auditing'; Id = $Id; StartTime = $now.AddSeconds(-$Seconds) } -MaxEvents $MaximumEvents
    } catch {
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound,*') { throw }
    }
}

function Get-Field {
    param([hashtable] $Fields, [string] $Name)
    if ($Fields.ContainsKey($Name)) { $Fields[$Name] } else { '' }
}

$quick = @{ problem = $null; associations = [object[]] @() }
try {
    $rows = @(Get-CimInstance -Namespace 'root\StandardCimv2' -ClassName 'MSFT_NetQuickModeSA')
    $quick['associations'] = [object[]] @(
        foreach ($row in $rows) {
            if (Test-Peer -Text ([string] $row.RemoteEndpoint)) {
                @{
                    local_address = [string] $row.LocalEndpoint
                    remote_address = [string] $row.RemoteEndpoint
                    local_port = $row.LocalPort
                    remote_port = $row.RemotePort
                    protocol = $row.IpProtocol
                    first_cipher = $row.FirstCipherAlgorithm
                    first_integrity = $row.FirstIntegrityAlgorithm
                }
            }
        }
    )
} catch {
    $quick['problem'] = [string] $_.FullyQualifiedErrorId
}

$log = @{ audited = $null; problem = $null; since = $null; cut_off = $false; events = [object[]] @() }
try {
    $log['audited'] = Read-AuditSetting
    $oldest = Get-WinEvent -FilterHashtable @{ LogName = 'Security' } -Oldest -MaxEvents 1
    $log['since'] = $oldest.TimeCreated.ToUniversalTime().ToString('o')
    $good = @(Read-Event -Id 4650, 4651, 4655, 5451, 5452)
    $bad = @(Read-Event -Id 4652, 4653, 4654, 4963, 5453)
    $log['cut_off'] = $good.Count -ge $MaximumEvents -or $bad.Count -ge $MaximumEvents
    $counted = @{}
    foreach ($record in $good + $bad) {
        $fields = @{}
        foreach ($item in ([xml] $record.ToXml()).Event.EventData.Data) { $fields[[string] $item.Name] = [string] $item.'#text' }
        $peer = Get-Field -Fields $fields -Name 'RemoteAddress'
        # Events without an address are about the host as a whole.
        if ($peer -ne '' -and -not (Test-Peer -Text $peer)) { continue }
        $words = @(
            foreach ($name in 'LocalAddress', 'RemoteAddress', 'IpProtocol', 'LocalPort', 'RemotePort') {
                Get-Field -Fields $fields -Name $name
            }
        )
        # A soft association has no SPIs.
        $isSoft = $record.Id -eq 5451 -and $fields.ContainsKey('InboundSpi') -and
            $fields['InboundSpi'] -match '^(0x)?0*$' -and $fields['OutboundSpi'] -match '^(0x)?0*$'
        $key = "$($record.Id)|$isSoft|$($words -join '|')"
        if ($counted.ContainsKey($key)) {
            # Newest first: the time of the last one stays.
            $counted[$key]['count']++
        } else {
            $counted[$key] = @{
                id = $record.Id
                count = 1
                last = $record.TimeCreated.ToUniversalTime().ToString('o')
                soft = [bool] $isSoft
                local_address = $words[0]
                remote_address = $words[1]
                protocol = $words[2]
                local_port = $words[3]
                remote_port = $words[4]
            }
        }
    }
    $log['events'] = [object[]] @($counted.Values)
} catch {
    $log['problem'] = [string] $_.FullyQualifiedErrorId
}

$answer = @{ time = $now.ToUniversalTime().ToString('o'); quick_mode = $quick; log = $log }
ConvertTo-Json -InputObject $answer -Compress -Depth 5
