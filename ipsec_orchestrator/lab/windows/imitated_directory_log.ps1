<#
Stands in for Get-WinEvent on a domain controller, whose security log knows of changes to the
directory; dot-sourced by imitations.ps1.
#>

function global:Get-WinEvent {
    [CmdletBinding()]
    param([string[]] $Path, [hashtable] $FilterHashtable, [long] $MaxEvents, [switch] $Oldest)
    if ($Oldest) {
        # A log that has not been emptied for a while.
        return [PSCustomObject] @{ Id = 1102; TimeCreated = (Get-Date).AddDays(-30) }
    }
    $events = @(
        Invoke-LabCommand -Verb 'directory-events' -Arguments @{
            ids = [int[]] $FilterHashtable['Id']
            start = $FilterHashtable['StartTime'].ToUniversalTime().ToString('o')
            end = $FilterHashtable['EndTime'].ToUniversalTime().ToString('o')
            most = $MaxEvents
        }
    )
    if ($events.Count -eq 0) {
        $reason = [System.Exception]::new('No events were found.')
        $PSCmdlet.ThrowTerminatingError([System.Management.Automation.ErrorRecord]::new($reason, 'NoMatchingEventsFound', 'ObjectNotFound', $null))
    }
    foreach ($found in $events) {
        $data = foreach ($field in $found.fields.PSObject.Properties) {
            "<Data Name='$($field.Name)'>$([System.Security.SecurityElement]::Escape([string] $field.Value))</Data>"
        }
        $record = [PSCustomObject] @{
            Id = $found.id
            ProviderName = 'Microsoft-Windows-Security-Auditing'
            TimeCreated = [datetime]::Parse($found.time, [cultureinfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::RoundtripKind).ToLocalTime()
            LabText = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><EventData>$($data -join '')</EventData></Event>"
        }
        Add-Member -InputObject $record -MemberType ScriptMethod -Name ToXml -Value { $this.LabText } -PassThru
    }
}
