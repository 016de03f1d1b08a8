<#
Audit events about IPsec with one peer: associations that came up and went, key exchanges that
failed, clear text that was dropped; and which of them this host audits at all. Leaves nothing
behind: the audit settings can be had as numbers only through a file, which is removed again.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [string] $PeerAddress,
    [Parameter(Mandatory = $true)] [ValidateRange(1, 604800)] [int] $AssociationSeconds,
    [Parameter(Mandatory = $true)] [ValidateRange(1, 604800)] [int] $FailureSeconds,
    [Parameter(Mandatory = $true)] [ValidateRange(1, 10000)] [int] $MaximumEvents
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$subcategories = @{
    main_mode = '{0CCE9218-69AE-11D9-BED3-505054503030}'
    quick_mode = '{0CCE9219-69AE-11D9-BED3-505054503030}'
    driver = '{0CCE9213-69AE-11D9-BED3-505054503030}'
}
$now = Get-Date

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
    param([int[]] $Id, [int] $Seconds)
    try {
        Get-WinEvent -FilterHashtable @{ LogName = 'Security'; ProviderName = 'Microsoft-Windows-Security-Auditing'; Id = $Id; StartTime = $now.AddSeconds(-$Seconds) } -MaxEvents $MaximumEvents
    } catch {
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound,*') { throw }
    }
}

$answer = @{ audited = $null; events = [object[]] @(); problem = $null }
try {
    $answer['audited'] = Read-AuditSetting
    $found = @(Read-Event -Id 5451, 5452 -Seconds $AssociationSeconds) + @(Read-Event -Id 4652, 4653, 4654, 4963, 5453 -Seconds $FailureSeconds)
    $answer['events'] = [object[]] @(
        foreach ($record in $found) {
            $fields = @{}
            foreach ($item in ([xml] $record.ToXml()).Event.EventData.Data) { $fields[[string] $item.Name] = [string] $item.'#text' }
            # Events without an address are about the host as a whole.
            if (-not $fields.ContainsKey('RemoteAddress') -or $fields['RemoteAddress'] -eq $PeerAddress) {
                @{ id = $record.Id; time = $record.TimeCreated.ToUniversalTime().ToString('o'); fields = $fields }
            }
        }
    )
} catch {
    $answer['problem'] = [string] $_.FullyQualifiedErrorId
}
ConvertTo-Json -InputObject $answer -Compress -Depth 5
