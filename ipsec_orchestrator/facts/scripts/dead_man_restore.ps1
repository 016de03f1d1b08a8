<#
Gives PolicyAgent its start type back after a dead man's switch has fired, starts or leaves it, and
removes the record at last. Refuses while the task is there, which would disable it again.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [ValidatePattern('^[0-9a-z-]{1,64}$')] [string] $RunId,
    [Parameter(Mandatory = $true)] [ValidateSet('Automatic', 'Manual', 'Disabled')] [string] $StartType,
    [bool] $Running
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = "ipsec_orchestrator.dead-man.$RunId"
$recordKey = "HKLM:\SOFTWARE\ipsec_orchestrator\DeadMan\$RunId"

if (@(Get-ScheduledTask | Where-Object { [string] $_.TaskName -eq $name }).Count -gt 0) {
    $reason = New-Object -TypeName System.InvalidOperationException -ArgumentList "The task $name is still there."
    throw (New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList @(
            $reason, 'ipsec_orchestrator.TaskStillThere', 'ResourceExists', $name))
}

Set-Service -Name 'PolicyAgent' -StartupType $StartType
if ($Running) { Start-Service -Name 'PolicyAgent' }

$agent = Get-CimInstance -ClassName Win32_Service -Filter "Name='PolicyAgent'"
$wanted = if ($StartType -eq 'Automatic') { 'Auto' } else { $StartType }
$restored = $agent.StartMode -eq $wanted -and (-not $Running -or $agent.State -eq 'Running')
if ($restored -and (Test-Path -LiteralPath $recordKey)) {
    Remove-Item -LiteralPath $recordKey -Recurse -Force
}

$answer = @{
    state = [string] $agent.State
    start_mode = [string] $agent.StartMode
    restored = [bool] $restored
}
ConvertTo-Json -InputObject $answer -Compress -Depth 2
