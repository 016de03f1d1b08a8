<#
What a member has of dead man's switches, and what has to be known before one is put there: its
clock, the scheduler, the agent, the assigned policy, every task and every record of ours. Reads only.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$prefix = 'ipsec_orchestrator.dead-man.'
$recordKey = 'HKLM:\SOFTWARE\ipsec_orchestrator\DeadMan'
$assignedKey = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy'

function ConvertTo-UtcText {
    param($Moment)
    if ($null -eq $Moment) { return $null }
    return ([datetime] $Moment).ToUniversalTime().ToString('o')
}

function Read-Service {
    # A service in WMI's words, which are not localized; null if there is none of that name.
    param([string] $Name)
    $found = Get-CimInstance -ClassName Win32_Service -Filter "Name='$Name'"
    if ($null -eq $found) { return $null }
    return @{ name = [string] $found.Name; state = [string] $found.State; start_mode = [string] $found.StartMode }
}

function Read-TextValue {
    param($Key, [string] $Name)
    $value = $Key.GetValue($Name)
    if ($null -eq $value) { return $null }
    return [string] $value
}

$now = Get-Date
$tasks = @(
    foreach ($task in @(Get-ScheduledTask | Where-Object { ([string] $_.TaskName).StartsWith($prefix) })) {
        $info = Get-ScheduledTaskInfo -TaskName $task.TaskName -TaskPath $task.TaskPath
        @{
            name = [string] $task.TaskName
            # 1 is disabled, 3 ready, 4 running.
            state = [int] $task.State
            xml = [string] (Export-ScheduledTask -TaskName $task.TaskName -TaskPath $task.TaskPath)
            last_result = [long] $info.LastTaskResult
            last_run = ConvertTo-UtcText -Moment $info.LastRunTime
            next_run = ConvertTo-UtcText -Moment $info.NextRunTime
            missed_runs = [int] $info.NumberOfMissedRuns
        }
    }
)

$records = @()
if (Test-Path -LiteralPath $recordKey) {
    $records = @(
        foreach ($child in Get-ChildItem -LiteralPath $recordKey) {
            $key = Get-Item -LiteralPath "$recordKey\$($child.PSChildName)"
            @{
                run = [string] $child.PSChildName
                deadline = Read-TextValue -Key $key -Name 'Deadline'
                start_mode = Read-TextValue -Key $key -Name 'StartMode'
                state = Read-TextValue -Key $key -Name 'State'
                policy_path = Read-TextValue -Key $key -Name 'PolicyPath'
                policy_name = Read-TextValue -Key $key -Name 'PolicyName'
                fired = $null -ne $key.GetValue('Fired')
                twin_fired = $null -ne $key.GetValue('TwinFired')
            }
        }
    )
}

$policyPath = $null
if (Test-Path -LiteralPath $assignedKey) {
    $policyPath = Read-TextValue -Key (Get-Item -LiteralPath $assignedKey) -Name 'DSIPSECPolicyPath'
}
$system = Get-CimInstance -ClassName Win32_OperatingSystem

$answer = @{
    time = ConvertTo-UtcText -Moment $now
    os_version = [string] $system.Version
    scheduler = Read-Service -Name 'Schedule'
    agent = Read-Service -Name 'PolicyAgent'
    policy_path = $policyPath
    tasks = [object[]] $tasks
    records = [object[]] $records
}
ConvertTo-Json -InputObject $answer -Compress -Depth 4
