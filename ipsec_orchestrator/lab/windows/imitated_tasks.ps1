<#
The cmdlets of the module ScheduledTasks that this program uses, on the Task Scheduler of the
simulated host. All tasks are in the root folder.
#>

function global:ConvertFrom-LabTask {
    param($Task)
    [PSCustomObject] @{ TaskName = $Task.name; TaskPath = '\'; State = [int] $Task.state; URI = '\' + $Task.name }
}

function global:ConvertFrom-LabMoment {
    param($Text)
    if ($null -eq $Text) { return $null }
    [datetime]::Parse([string] $Text, [cultureinfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::RoundtripKind).ToLocalTime()
}

function global:Register-ScheduledTask {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([Parameter(Mandatory = $true)] [string] $TaskName, [string] $TaskPath, [Parameter(Mandatory = $true)] [string] $Xml, [switch] $Force)
    $task = Invoke-LabCommand -Verb 'task-register' -Arguments @{ name = $TaskName; xml = $Xml; replacing = [bool] $Force }
    ConvertFrom-LabTask -Task $task
}

function global:Get-ScheduledTask {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string[]] $TaskName, [string[]] $TaskPath)
    foreach ($found in Invoke-LabCommand -Verb 'task-list') {
        if (-not $TaskName -or $TaskName -contains $found.name) { ConvertFrom-LabTask -Task $found }
    }
}

function global:Get-ScheduledTaskInfo {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true, Position = 0)] [string] $TaskName, [string] $TaskPath)
    $found = Invoke-LabCommand -Verb 'task-info' -Arguments @{ name = $TaskName }
    [PSCustomObject] @{
        TaskName = $found.name
        TaskPath = '\'
        LastRunTime = ConvertFrom-LabMoment -Text $found.last_run
        LastTaskResult = [uint32] $found.last_result
        NextRunTime = ConvertFrom-LabMoment -Text $found.next_run
        NumberOfMissedRuns = [uint32] 0
    }
}

function global:Export-ScheduledTask {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true, Position = 0)] [string] $TaskName, [string] $TaskPath)
    [string] (Invoke-LabCommand -Verb 'task-export' -Arguments @{ name = $TaskName })
}

function global:Unregister-ScheduledTask {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipelineByPropertyName = $true)] [string] $TaskName,
        [Parameter(ValueFromPipelineByPropertyName = $true)] [string] $TaskPath
    )
    process { Invoke-LabCommand -Verb 'task-remove' -Arguments @{ name = $TaskName } | Out-Null }
}
