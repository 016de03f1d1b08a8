<#
Tells whether IIS is on this host, whether it or its parts are ours, and whether a port is free for a
site of ours. Reads only.
#>
[CmdletBinding()]
param([Parameter(Mandatory = $true)] [ValidateRange(1, 65535)] [int] $Port)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = "ipsec_orchestrator-iis-$Port"
$folder = Join-Path -Path $env:ProgramData -ChildPath 'ipsec_orchestrator-iis'
$answer = @{
    installable = $true
    feature = $false
    is_ours = Test-Path -LiteralPath (Join-Path -Path $folder -ChildPath 'features.txt')
    site = $false
    rule = $false
    taken = $false
    problem = $null
}

try {
    $answer['feature'] = [bool] (Get-WindowsFeature -Name 'Web-Server').Installed
} catch [System.Management.Automation.CommandNotFoundException] {
    # Only servers have it.
    $answer['installable'] = $false
} catch {
    $answer['problem'] = [string] $_.FullyQualifiedErrorId
}
try {
    if ($answer['feature']) {
        # The parameter -Name of this command is not heeded everywhere.
        $answer['site'] = @(Get-Website | Where-Object { $_.Name -eq $name }).Count -gt 0
    }
} catch [System.Management.Automation.CommandNotFoundException] {
    # IIS without its scripting tools: a site can't be made there.
    $answer['installable'] = $false
} catch {
    $answer['problem'] = [string] $_.FullyQualifiedErrorId
}
$answer['rule'] = @(Get-NetFirewallRule -Name $name -ErrorAction SilentlyContinue).Count -gt 0
$listens = @(Get-NetTCPConnection -State Listen -LocalPort $Port -ErrorAction SilentlyContinue).Count -gt 0
$answer['taken'] = $listens -and -not $answer['site']
ConvertTo-Json -InputObject $answer -Compress -Depth 2
