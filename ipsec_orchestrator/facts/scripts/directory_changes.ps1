<#
Who changed some objects of the directory at some moments, out of this domain controller's security
log: attributes set (event 5136), objects created (5137), moved (5139) and deleted (5141). Also
whether such changes are audited here at all, and how far back the log reaches: what was not
written down can't be known. Leaves nothing behind; the file of the audit settings is removed again.
#>
[CmdletBinding()]
param(
    # GUIDs and DNs.
    [Parameter(Mandatory = $true)] [string[]] $Objects,
    # UTC, ISO 8601; the nth start belongs to the nth end.
    [Parameter(Mandatory = $true)] [string[]] $Starts,
    [Parameter(Mandatory = $true)] [string[]] $Ends,
    [Parameter(Mandatory = $true)] [ValidateRange(1, 10000)] [int] $MaximumEvents
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$subcategory = '{0CCE923C-69AE-11D9-BED3-505054503030}'

function Read-AuditSetting {
    # 0 nothing, 1 success, 2 failure, 3 both: the last column of a backup. The words are localized.
    $file = [System.IO.Path]::GetTempFileName()
    try {
        auditpol.exe /backup "/file:$file" | Out-Null
        $lines = @(Get-Content -LiteralPath $file)
    } finally {
        Remove-Item -LiteralPath $file -Force
    }
    $line = $lines | Where-Object { $_ -match "$([regex]::Escape($subcategory)),.*,(\d+)\s*$" } | Select-Object -First 1
    if ($line -and $line -match ',(\d+)\s*$') { [int] $Matches[1] } else { $null }
}

function ConvertTo-Moment {
    param([string] $Text)
    [datetime]::Parse($Text, [cultureinfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::RoundtripKind).ToLocalTime()
}

function Read-Event {
    # Newest first. No match is an error on Windows, and means an empty list.
    param([datetime] $From, [datetime] $To)
    try {
        Get-WinEvent -FilterHashtable @{ LogName = 'Security'; ProviderName = 'Microsoft-Windows-Security-Auditing'; Id = 5136, 5137, 5139, 5141; StartTime = $From; EndTime = $To } -MaxEvents $MaximumEvents
    } catch {
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound,*') { throw }
    }
}

function Get-Field {
    param([hashtable] $Fields, [string] $Name)
    if ($Fields.ContainsKey($Name)) { $Fields[$Name] } else { '' }
}

$answer = @{ audited = $null; audit_problem = $null; since = $null; problem = $null; cut_off = $false; events = [object[]] @() }
try {
    $answer['audited'] = Read-AuditSetting
} catch {
    $answer['audit_problem'] = [string] $_.FullyQualifiedErrorId
}
try {
    $oldest = Get-WinEvent -FilterHashtable @{ LogName = 'Security' } -Oldest -MaxEvents 1
    $answer['since'] = $oldest.TimeCreated.ToUniversalTime().ToString('o')
    $wanted = @{}
    foreach ($text in $Objects) { $wanted[$text.ToLowerInvariant()] = $true }
    $answer['events'] = [object[]] @(
        for ($place = 0; $place -lt $Starts.Count; $place++) {
            $found = @(Read-Event -From (ConvertTo-Moment -Text $Starts[$place]) -To (ConvertTo-Moment -Text $Ends[$place]))
            if ($found.Count -ge $MaximumEvents) { $answer['cut_off'] = $true }
            foreach ($record in $found) {
                $fields = @{}
                foreach ($item in ([xml] $record.ToXml()).Event.EventData.Data) { $fields[[string] $item.Name] = [string] $item.'#text' }
                $guid = (Get-Field -Fields $fields -Name 'ObjectGUID').Trim('{', '}').ToLowerInvariant()
                # A moved object has two names.
                $names = @(foreach ($name in 'ObjectDN', 'OldObjectDN', 'NewObjectDN') { (Get-Field -Fields $fields -Name $name).ToLowerInvariant() })
                $isWanted = $wanted.ContainsKey($guid)
                foreach ($name in $names) { if ($wanted.ContainsKey($name)) { $isWanted = $true } }
                if (-not $isWanted) { continue }
                @{
                    id = $record.Id
                    time = $record.TimeCreated.ToUniversalTime().ToString('o')
                    guid = $guid
                    names = [object[]] @($names | Where-Object { $_ })
                    attribute = Get-Field -Fields $fields -Name 'AttributeLDAPDisplayName'
                    user = Get-Field -Fields $fields -Name 'SubjectUserName'
                    domain = Get-Field -Fields $fields -Name 'SubjectDomainName'
                    sid = Get-Field -Fields $fields -Name 'SubjectUserSid'
                }
            }
        }
    )
} catch {
    $answer['problem'] = [string] $_.FullyQualifiedErrorId
}
ConvertTo-Json -InputObject $answer -Compress -Depth 5
