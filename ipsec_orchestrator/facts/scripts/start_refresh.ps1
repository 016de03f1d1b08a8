<#
Starts a Group Policy refresh of the computer and does not wait for it. The process is made by WMI:
a child of the remote shell would live in the shell's job and die with it. Without a console it
can't ask anything either.
#>
[CmdletBinding()]
param([bool] $Force)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$before = (Get-Date).ToUniversalTime().ToString('o')
$order = '"' + $env:SystemRoot + '\System32\gpupdate.exe" /target:computer /wait:0'
if ($Force) { $order += ' /force' }
$started = Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{ CommandLine = $order }

$answer = @{
    time = $before
    return_value = [int] $started.ReturnValue
    process_id = $started.ProcessId
}
ConvertTo-Json -InputObject $answer -Compress -Depth 2
