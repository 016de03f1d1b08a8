<#
Stands in for the GroupPolicy module: dot-sourced by imitations.ps1 on domain controllers only, as
on Windows the module is there only with the GPMC feature.
#>

function global:ConvertFrom-LabGpo {
    param($Gpo)
    $status = @('AllSettingsEnabled', 'UserSettingsDisabled', 'ComputerSettingsDisabled', 'AllSettingsDisabled')[[int] $Gpo.flags]
    [PSCustomObject] @{
        DisplayName = $Gpo.display_name
        DomainName = $Gpo.domain
        Id = [guid] $Gpo.id
        GpoStatus = $status
        Path = $Gpo.path
        UserVersion = [int] $Gpo.user_version
        ComputerVersion = [int] $Gpo.computer_version
    }
}

function global:ConvertFrom-LabLink {
    param($Link)
    [PSCustomObject] @{
        GpoId = [guid] $Link.id
        DisplayName = $Link.display_name
        Enabled = [bool] $Link.enabled
        Enforced = [bool] $Link.enforced
        Target = $Link.target
        Order = [int] $Link.order
    }
}

function global:New-GPO {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, Position = 0)] [Alias('DisplayName')] [string] $Name,
        [string] $Comment,
        [Alias('DomainName')] [string] $Domain,
        [Alias('DC')] [string] $Server
    )
    ConvertFrom-LabGpo -Gpo (Invoke-LabCommand -Verb 'new-gpo' -Arguments @{ name = $Name; comment = $Comment })
}

function global:Get-GPO {
    [CmdletBinding(DefaultParameterSetName = 'Name')]
    param(
        [Parameter(Mandatory = $true, Position = 0, ParameterSetName = 'Name')] [Alias('DisplayName')] [string] $Name,
        [Parameter(Mandatory = $true, ParameterSetName = 'Guid')] [Alias('Id')] [guid] $Guid,
        [Parameter(Mandatory = $true, ParameterSetName = 'All')] [switch] $All,
        [Alias('DomainName')] [string] $Domain,
        [Alias('DC')] [string] $Server
    )
    $wanted = @{}
    if ($PSCmdlet.ParameterSetName -eq 'Name') { $wanted['name'] = $Name }
    if ($PSCmdlet.ParameterSetName -eq 'Guid') { $wanted['id'] = $Guid.ToString() }
    foreach ($found in Invoke-LabCommand -Verb 'get-gpo' -Arguments $wanted) { ConvertFrom-LabGpo -Gpo $found }
}

function global:Remove-GPO {
    [CmdletBinding(DefaultParameterSetName = 'Name', SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, Position = 0, ParameterSetName = 'Name')] [Alias('DisplayName')] [string] $Name,
        [Parameter(Mandatory = $true, ParameterSetName = 'Guid')] [Alias('Id', 'GPOID')] [guid] $Guid,
        [Alias('DomainName')] [string] $Domain,
        [Alias('DC')] [string] $Server,
        [switch] $KeepLinks
    )
    $wanted = if ($PSCmdlet.ParameterSetName -eq 'Name') { @{ name = $Name } } else { @{ id = $Guid.ToString() } }
    $wanted['keep_links'] = [bool] $KeepLinks
    Invoke-LabCommand -Verb 'remove-gpo' -Arguments $wanted | Out-Null
}

function global:Set-LabLink {
    param([hashtable] $Bound, [bool] $New)
    $wanted = @{ new = $New; target = $Bound['Target'] }
    if ($Bound.ContainsKey('Name')) { $wanted['name'] = $Bound['Name'] }
    if ($Bound.ContainsKey('Guid')) { $wanted['id'] = $Bound['Guid'].ToString() }
    if ($Bound.ContainsKey('LinkEnabled')) { $wanted['enabled'] = $Bound['LinkEnabled'] }
    if ($Bound.ContainsKey('Enforced')) { $wanted['enforced'] = $Bound['Enforced'] }
    if ($Bound.ContainsKey('Order')) { $wanted['order'] = $Bound['Order'] }
    ConvertFrom-LabLink -Link (Invoke-LabCommand -Verb 'set-link' -Arguments $wanted)
}

function global:New-GPLink {
    [CmdletBinding(DefaultParameterSetName = 'Name', SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, Position = 0, ParameterSetName = 'Name')] [Alias('DisplayName')] [string] $Name,
        [Parameter(Mandatory = $true, ParameterSetName = 'Guid', ValueFromPipelineByPropertyName = $true)] [Alias('Id')] [guid] $Guid,
        [Parameter(Mandatory = $true)] [string] $Target,
        [ValidateSet('Unspecified', 'No', 'Yes')] [string] $LinkEnabled,
        [ValidateSet('Unspecified', 'No', 'Yes')] [string] $Enforced,
        [int] $Order,
        [Alias('DomainName')] [string] $Domain,
        [Alias('DC')] [string] $Server
    )
    process { Set-LabLink -Bound $PSBoundParameters -New $true }
}

function global:Set-GPLink {
    [CmdletBinding(DefaultParameterSetName = 'Name', SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, Position = 0, ParameterSetName = 'Name')] [Alias('DisplayName')] [string] $Name,
        [Parameter(Mandatory = $true, ParameterSetName = 'Guid', ValueFromPipelineByPropertyName = $true)] [Alias('Id', 'GPOID')] [guid] $Guid,
        [Parameter(Mandatory = $true)] [string] $Target,
        [ValidateSet('Unspecified', 'No', 'Yes')] [string] $LinkEnabled,
        [ValidateSet('Unspecified', 'No', 'Yes')] [string] $Enforced,
        [int] $Order,
        [Alias('DomainName')] [string] $Domain,
        [Alias('DC')] [string] $Server
    )
    process { Set-LabLink -Bound $PSBoundParameters -New $false }
}

function global:Get-GPInheritance {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipelineByPropertyName = $true)] [Alias('Path')] [string] $Target,
        [Alias('DomainName')] [string] $Domain,
        [Alias('DC')] [string] $Server
    )
    $found = Invoke-LabCommand -Verb 'get-links' -Arguments @{ target = $Target }
    [PSCustomObject] @{
        Path = $found.path
        GpoInheritanceBlocked = if ($found.blocked) { 'Yes' } else { 'No' }
        GpoLinks = @(foreach ($link in $found.links) { ConvertFrom-LabLink -Link $link })
    }
}

function global:Get-Acl {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true)] [Alias('PSPath')] [string] $LiteralPath)
    $access = [PSCustomObject] @{ Descriptor = Invoke-LabCommand -Verb 'get-acl' -Arguments @{ path = $LiteralPath } }
    Add-Member -InputObject $access -MemberType ScriptMethod -Name GetSecurityDescriptorBinaryForm -Value { , [Convert]::FromBase64String($this.Descriptor) }
    Add-Member -InputObject $access -MemberType ScriptMethod -Name SetSecurityDescriptorBinaryForm -Value {
        param([byte[]] $BinaryForm, [string] $IncludeSections)
        if ($IncludeSections -ne 'Access') { throw [System.NotSupportedException]::new('The lab changes access control lists only.') }
        $this.Descriptor = [Convert]::ToBase64String($BinaryForm)
    }
    $access
}

function global:Set-Acl {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true)] [Alias('PSPath')] [string] $LiteralPath,
        [Parameter(Mandatory = $true)] $AclObject
    )
    Invoke-LabCommand -Verb 'set-acl' -Arguments @{ path = $LiteralPath; descriptor = $AclObject.Descriptor } | Out-Null
}
