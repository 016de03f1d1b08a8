<#
Reads a file of a GPO's template from this DC's own SYSVOL folder; null if it is not there.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [guid] $GpoId,
    [Parameter(Mandatory = $true)] [string] $Domain,
    [string] $Path = 'gpt.ini'
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function Resolve-TemplatePath {
    # The full path of a template's file; refuses one that leads out of the template.
    param([guid] $Gpo, [string] $DomainName, [string] $File)
    $sysvol = Get-ItemProperty -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Services\Netlogon\Parameters' -Name SysVol
    $separator = [IO.Path]::DirectorySeparatorChar
    $parts = @($sysvol.SysVol, $DomainName, 'Policies', $Gpo.ToString('B').ToUpperInvariant())
    $folder = [IO.Path]::GetFullPath([string]::Join($separator, $parts))
    $full = [IO.Path]::GetFullPath($folder + $separator + $File.Replace('\', $separator).Replace('/', $separator))
    if (-not $full.StartsWith($folder + $separator, [StringComparison]::OrdinalIgnoreCase)) {
        $reason = New-Object -TypeName System.ArgumentException -ArgumentList "$File leads out of the template of the GPO."
        throw (New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList @(
                $reason, 'ipsec_orchestrator.PathOutsideTemplate', 'InvalidArgument', $File))
    }
    # Names are case-blind on Windows. On other disks the existing spelling has to be found.
    $found = $folder
    foreach ($part in $full.Substring($folder.Length + 1).Split($separator)) {
        $next = $found + $separator + $part
        if ([IO.Directory]::Exists($found)) {
            foreach ($entry in [IO.Directory]::GetFileSystemEntries($found)) {
                if ([IO.Path]::GetFileName($entry) -eq $part) { $next = $entry }
            }
        }
        $found = $next
    }
    return $found
}

$full = Resolve-TemplatePath -Gpo $GpoId -DomainName $Domain -File $Path
$content = $null
if ([IO.File]::Exists($full)) { $content = [Convert]::ToBase64String([IO.File]::ReadAllBytes($full)) }

ConvertTo-Json -InputObject @{ content = $content } -Compress -Depth 2
