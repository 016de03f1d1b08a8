<#
Sets the access control list of a GPO's folder in this DC's own SYSVOL; owner and group stay. Windows
hands inheritable entries down to what is in the folder. The folder must have -Expected before (a
descriptor in base64): what somebody else changed meanwhile is not overwritten.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [guid] $GpoId,
    [Parameter(Mandatory = $true)] [string] $Domain,
    [Parameter(Mandatory = $true)] [string] $Descriptor,
    [Parameter(Mandatory = $true)] [string] $Expected
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
$access = Get-Acl -LiteralPath $folder
if ([Convert]::ToBase64String($access.GetSecurityDescriptorBinaryForm()) -ne $Expected) {
    $reason = New-Object -TypeName System.InvalidOperationException -ArgumentList 'The permissions of the folder are not as they were read before.'
    throw (New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList @(
            $reason, 'ipsec_orchestrator.TemplateChanged', 'ResourceExists', $folder))
}
$access.SetSecurityDescriptorBinaryForm([Convert]::FromBase64String($Descriptor), 'Access')
Set-Acl -LiteralPath $folder -AclObject $access
$access = Get-Acl -LiteralPath $folder

ConvertTo-Json -InputObject @{ descriptor = [Convert]::ToBase64String($access.GetSecurityDescriptorBinaryForm()) } -Compress -Depth 2
