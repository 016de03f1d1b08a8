<#
Reads the security descriptor of a GPO's folder in this DC's own SYSVOL, self-relative and in base64;
null if the folder is not there.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [guid] $GpoId,
    [Parameter(Mandatory = $true)] [string] $Domain
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function Resolve-TemplateFolder {
    # The folder of a template in this DC's own SYSVOL.
    param([guid] $Gpo, [string] $DomainName)
    $sysvol = Get-ItemProperty -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Services\Netlogon\Parameters' -Name SysVol
    $separator = [IO.Path]::DirectorySeparatorChar
    $parts = @($sysvol.SysVol, $DomainName, 'Policies', $Gpo.ToString('B').ToUpperInvariant())
    return [IO.Path]::GetFullPath([string]::Join($separator, $parts))
}

$folder = Resolve-TemplateFolder -Gpo $GpoId -DomainName $Domain
$descriptor = $null
if ([IO.Directory]::Exists($folder)) {
    $access = Get-Acl -LiteralPath $folder
    $descriptor = [Convert]::ToBase64String($access.GetSecurityDescriptorBinaryForm())
}

ConvertTo-Json -InputObject @{ descriptor = $descriptor } -Compress -Depth 2
