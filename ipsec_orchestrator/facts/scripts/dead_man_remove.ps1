<#
Takes the tasks of a run away from this member and looks whether they are gone. The record goes with
them, unless the task has fired or -TwinOnly is given: then it is what the way back needs.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [ValidatePattern('^[0-9a-z-]{1,64}$')] [string] $RunId,
    [bool] $TwinOnly
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = "ipsec_orchestrator.dead-man.$RunId"
$recordKey = "HKLM:\SOFTWARE\ipsec_orchestrator\DeadMan\$RunId"

function Get-OwnTask {
    # Asked for all and compared here: a name that is not there would be an error in every language.
    param([string[]] $Names)
    @(Get-ScheduledTask | Where-Object { $Names -contains [string] $_.TaskName })
}

$names = if ($TwinOnly) { @("$name.twin") } else { @($name, "$name.twin") }
foreach ($task in @(Get-OwnTask -Names $names)) {
    Unregister-ScheduledTask -TaskName $task.TaskName -TaskPath $task.TaskPath -Confirm:$false
}
$left = @(Get-OwnTask -Names $names | ForEach-Object { [string] $_.TaskName })

# Read after the tasks are gone, so that it can't fire between this look and the removal.
$fired = $false
if (Test-Path -LiteralPath $recordKey) {
    $fired = $null -ne (Get-Item -LiteralPath $recordKey).GetValue('Fired')
    if (-not $fired -and -not $TwinOnly -and $left.Count -eq 0) {
        Remove-Item -LiteralPath $recordKey -Recurse -Force
    }
}

$answer = @{
    tasks_left = [object[]] $left
    fired = $fired
    record_left = Test-Path -LiteralPath $recordKey
}
ConvertTo-Json -InputObject $answer -Compress -Depth 2
