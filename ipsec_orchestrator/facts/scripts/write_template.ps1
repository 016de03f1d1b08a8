<#
Writes a file of a GPO's template in this DC's own SYSVOL folder, whole and in place, so that it
keeps its access control list; a new one inherits. With -Check it must hold -Expected before (base64,
empty for "not there"): what somebody else wrote meanwhile is not overwritten.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [guid] $GpoId,
    [Parameter(Mandatory = $true)] [string] $Domain,
    [string] $Path = 'gpt.ini',
    [Parameter(Mandatory = $true)] [AllowEmptyString()] [string] $Content,
    [bool] $Check,
    [AllowEmptyString()] [string] $Expected = ''
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
$bytes = [Convert]::FromBase64String($Content)
# Nobody may read or write between our look and our write.
$stream = [IO.File]::Open($full, [IO.FileMode]::OpenOrCreate, [IO.FileAccess]::ReadWrite, [IO.FileShare]::None)
try {
    if ($Check) {
        $found = New-Object -TypeName byte[] -ArgumentList ([int] $stream.Length)
        $read = 0
        while ($read -lt $found.Length) {
            $count = $stream.Read($found, $read, $found.Length - $read)
            if ($count -eq 0) { break }
            $read += $count
        }
        if ([Convert]::ToBase64String($found) -ne $Expected) {
            $reason = New-Object -TypeName System.InvalidOperationException -ArgumentList "$Path is not as it was read before."
            throw (New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList @(
                    $reason, 'ipsec_orchestrator.TemplateChanged', 'ResourceExists', $Path))
        }
        [void] $stream.Seek(0, [IO.SeekOrigin]::Begin)
    }
    $stream.SetLength(0)
    $stream.Write($bytes, 0, $bytes.Length)
    $stream.Flush($true)
} finally {
    $stream.Dispose()
}

ConvertTo-Json -InputObject @{ written = $bytes.Length } -Compress -Depth 2
