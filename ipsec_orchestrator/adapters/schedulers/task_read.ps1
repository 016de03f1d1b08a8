<#
The tasks of this machine whose names begin as the given ones: definition, state, last and next run.
Reads only. The order comes as JSON on standard input, the answer goes as base64 of JSON in UTF-8 to
standard output, because the console's encoding is another one on every machine.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function ConvertTo-UtcText {
    param($Moment)
    if ($null -eq $Moment) { return $null }
    return ([datetime] $Moment).ToUniversalTime().ToString('o')
}

$order = [Console]::In.ReadToEnd() | ConvertFrom-Json
$tasks = @(
    # Asked for all and compared here: a name that is not there would be an error in every language.
    foreach ($task in @(Get-ScheduledTask | Where-Object { ([string] $_.TaskName).StartsWith([string] $order.prefix) })) {
        $info = Get-ScheduledTaskInfo -TaskName $task.TaskName -TaskPath $task.TaskPath
        @{
            name = [string] $task.TaskName
            path = [string] $task.TaskPath
            # 1 is disabled, 3 ready, 4 running.
            state = [int] $task.State
            xml = [string] (Export-ScheduledTask -TaskName $task.TaskName -TaskPath $task.TaskPath)
            last_result = [long] $info.LastTaskResult
            last_run = ConvertTo-UtcText -Moment $info.LastRunTime
            next_run = ConvertTo-UtcText -Moment $info.NextRunTime
        }
    }
)
$answer = ConvertTo-Json -InputObject @{ tasks = [object[]] $tasks } -Compress -Depth 4
[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($answer))
