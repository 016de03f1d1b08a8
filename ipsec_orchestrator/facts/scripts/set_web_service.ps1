<#
Makes or takes away one part of a web server for proofs: the Windows feature IIS, a site on one port,
or the firewall rule for that port. What is taken away is ours only: the site and the rule bear our
name, and the feature is uninstalled only if this script has installed it.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [ValidateSet('feature', 'site', 'rule')] [string] $Part,
    [Parameter(Mandatory = $true)] [ValidateSet('present', 'absent')] [string] $Wanted,
    [Parameter(Mandatory = $true)] [ValidateRange(1, 65535)] [int] $Port,
    [string[]] $Peers = @(),
    [int[]] $Sizes = @()
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = "ipsec_orchestrator-iis-$Port"
$folder = Join-Path -Path $env:ProgramData -ChildPath 'ipsec_orchestrator-iis'
$mark = Join-Path -Path $folder -ChildPath 'features.txt'
$content = Join-Path -Path $folder -ChildPath "site-$Port"
$answer = @{ restart_needed = $false; features = [object[]] @() }

function Install-Feature {
    if ((Get-WindowsFeature -Name 'Web-Server').Installed) { return }
    if (-not (Test-Path -LiteralPath $folder)) { New-Item -Path $folder -ItemType Directory | Out-Null }
    # First the mark, then the deed: also half an installation is ours.
    Set-Content -LiteralPath $mark -Value 'Web-Server', 'Web-Scripting-Tools'
    $done = Install-WindowsFeature -Name 'Web-Server', 'Web-Scripting-Tools'
    if (-not $done.Success) { throw 'Install-WindowsFeature was not successful' }
    $added = @($done.FeatureResult | ForEach-Object { [string] $_.Name })
    Set-Content -LiteralPath $mark -Value $added
    $answer['features'] = [object[]] $added
    $answer['restart_needed'] = [string] $done.RestartNeeded -ne 'No'
    # The sites that come with it would answer to everybody.
    Get-Website | ForEach-Object { Stop-Website -Name $_.Name }
}

function Uninstall-Feature {
    if (-not (Test-Path -LiteralPath $mark)) { throw 'this IIS is not ours' }
    $added = @(Get-Content -LiteralPath $mark | Where-Object { $_ })
    $done = Uninstall-WindowsFeature -Name $added
    if (-not $done.Success) { throw 'Uninstall-WindowsFeature was not successful' }
    $answer['features'] = [object[]] $added
    $answer['restart_needed'] = [string] $done.RestartNeeded -ne 'No'
    Remove-Item -LiteralPath $folder -Recurse -Force
}

function Add-Site {
    if (-not (Test-Path -LiteralPath $content)) { New-Item -Path $content -ItemType Directory | Out-Null }
    foreach ($size in $Sizes) {
        [System.IO.File]::WriteAllText((Join-Path -Path $content -ChildPath "$size.txt"), '.' * $size)
    }
    # Without any site the command can't choose a number by itself.
    $last = @(Get-Website | ForEach-Object { [int] $_.Id }) + 0 | Sort-Object | Select-Object -Last 1
    New-Website -Name $name -Id ($last + 1) -Port $Port -PhysicalPath $content | Out-Null
}

function Remove-Site {
    Get-Website | Where-Object { $_.Name -eq $name } | ForEach-Object { Remove-Website -Name $_.Name }
    if (Test-Path -LiteralPath $content) { Remove-Item -LiteralPath $content -Recurse -Force }
    if ((Test-Path -LiteralPath $folder) -and @(Get-ChildItem -LiteralPath $folder).Count -eq 0) {
        Remove-Item -LiteralPath $folder -Force
    }
}

switch ("$Part $Wanted") {
    'feature present' { Install-Feature }
    'feature absent' { Uninstall-Feature }
    'site present' { Add-Site }
    'site absent' { Remove-Site }
    'rule present' {
        New-NetFirewallRule -Name $name -DisplayName $name -Group 'ipsec_orchestrator' -Direction Inbound -Action Allow -Enabled True -Profile Any -Protocol TCP -LocalPort $Port -RemoteAddress $Peers | Out-Null
    }
    'rule absent' { Get-NetFirewallRule -Name $name -ErrorAction SilentlyContinue | Remove-NetFirewallRule }
}
ConvertTo-Json -InputObject $answer -Compress -Depth 3
