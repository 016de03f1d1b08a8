<#
Stops the capture of one proof; its file stays until the proof ends. Other sessions are not touched.
#>
[CmdletBinding()]
param([Parameter(Mandatory = $true)] [ValidatePattern('^[0-9a-f]{32}$')] [string] $RunId)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = "ipsec_orchestrator-$RunId"
$answer = @{ stopped = $false; problem = $null }
try {
    $own = @(Get-NetEventSession | Where-Object { $_.Name -eq $name })
    if ($own.Count -gt 0) {
        Stop-NetEventSession -Name $name
        $answer['stopped'] = $true
    }
} catch {
    $answer['problem'] = [string] $_.FullyQualifiedErrorId
}
ConvertTo-Json -InputObject $answer -Compress -Depth 2
