<#
Deletes a Group Policy Object, container and template, on the named DC. Links to it stay: they are
steps of their own. A GPO that is not there is no failure; the answer says so.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [guid] $Id,
    [Parameter(Mandatory = $true)] [string] $Domain,
    [Parameter(Mandatory = $true)] [string] $Server
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$removed = $true
try {
    Remove-GPO -Guid $Id -Domain $Domain -Server $Server -KeepLinks -Confirm:$false | Out-Null
} catch {
    if ($_.FullyQualifiedErrorId -notlike 'GpoWithIdNotFound,*') { throw }
    $removed = $false
}

ConvertTo-Json -InputObject @{ removed = $removed } -Compress -Depth 2
