<#
Makes ready for one proof on this host: a folder of its own, and a guard that takes everything of
this proof away when its time is over, whatever became of whoever ordered it. Nothing else of a
proof is started before the guard stands: a process that is killed runs no finally.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [ValidatePattern('^[0-9a-f]{32}$')] [string] $RunId,
    [Parameter(Mandatory = $true)] [string] $EndProgram,
    [Parameter(Mandatory = $true)] [ValidateRange(10, 86400)] [int] $LifetimeSeconds
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = "ipsec_orchestrator-$RunId"
$folder = Join-Path -Path $env:ProgramData -ChildPath $name
$now = (Get-Date).ToUniversalTime()

function ConvertTo-Boundary {
    # Times of a task, in UTC and by the calendar of ISO 8601 whatever the host's culture is.
    param([datetime] $Moment)
    return $Moment.ToString('s', [cultureinfo]::InvariantCulture) + 'Z'
}

# The run id is hexadecimal, so that it can stand in a text; the program comes from the package.
$program = "#$name`n& {`n$EndProgram`n} -RunId '$RunId'"
$encoded = [Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($program))
$start = ConvertTo-Boundary -Moment $now.AddSeconds($LifetimeSeconds)
# A day of patience, for a host that is switched off at the moment.
$end = ConvertTo-Boundary -Moment $now.AddSeconds($LifetimeSeconds + 86400)
$powershell = "$env:SystemRoot\System32\WindowsPowerShell\v1.0\powershell.exe"
$definition = @"
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.3" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Takes away what a proof of orchestrate may have left behind.</Description></RegistrationInfo>
  <Triggers><TimeTrigger><StartBoundary>$start</StartBoundary><EndBoundary>$end</EndBoundary></TimeTrigger></Triggers>
  <Principals><Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <DeleteExpiredTaskAfter>PT0S</DeleteExpiredTaskAfter>
    <ExecutionTimeLimit>PT10M</ExecutionTimeLimit>
    <Priority>4</Priority>
  </Settings>
  <Actions Context="Author"><Exec><Command>$powershell</Command><Arguments>-NoProfile -NonInteractive -EncodedCommand $encoded</Arguments></Exec></Actions>
</Task>
"@
Register-ScheduledTask -TaskName $name -Xml $definition | Out-Null

# The name is random, and without -Force an existing folder is an error: it is certainly ours.
New-Item -Path $folder -ItemType Directory | Out-Null

ConvertTo-Json -InputObject @{ time = $now.ToString('o'); name = $name; guard_at = $start } -Compress -Depth 2
