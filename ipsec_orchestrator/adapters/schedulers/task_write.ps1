<#
Registers a task, or with an order that has no definition takes it away. Order and answer as for
task_read.ps1.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$order = [Console]::In.ReadToEnd() | ConvertFrom-Json
if ($order.definition) {
    Register-ScheduledTask -TaskName $order.name -TaskPath '\' -Xml $order.definition -Force | Out-Null
}
else {
    Unregister-ScheduledTask -TaskName $order.name -TaskPath '\' -Confirm:$false
}
$answer = ConvertTo-Json -InputObject @{ name = [string] $order.name } -Compress
[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($answer))
