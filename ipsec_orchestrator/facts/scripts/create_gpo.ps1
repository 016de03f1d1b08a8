<#
Makes an empty Group Policy Object, container and template, on the named DC. Runs on a DC: from a
member the DC would be a second hop, which a remote session's credentials don't make.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [string] $Name,
    [Parameter(Mandatory = $true)] [string] $Domain,
    [Parameter(Mandatory = $true)] [string] $Server,
    [AllowEmptyString()] [string] $Comment = ''
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$wish = @{ Name = $Name; Domain = $Domain; Server = $Server }
if ($Comment -ne '') { $wish['Comment'] = $Comment }
try {
    $gpo = New-GPO @wish
} catch {
    if ($_.FullyQualifiedErrorId -like 'GpoWithNameAlreadyExists,*') {
        $reason = New-Object -TypeName System.InvalidOperationException -ArgumentList $_.Exception.Message, $_.Exception
        throw (New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList @(
                $reason, 'ipsec_orchestrator.GpoExists', 'ResourceExists', $Name))
    }
    throw
}

ConvertTo-Json -InputObject @{ id = $gpo.Id.ToString() } -Compress -Depth 2
