<#
Puts a part of the dead man's switch of a run on this member: its harmless twin with -Twin, else the
task itself. The state from before is written into the registry first; a record that is there already
is kept, because the policy may have changed that state since. The definitions are made where the
plan is made, and are only registered here.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [ValidatePattern('^[0-9a-z-]{1,64}$')] [string] $RunId,
    [Parameter(Mandatory = $true)] [string] $Definition,
    [Parameter(Mandatory = $true)] [AllowEmptyString()] [string] $Deadline,
    [bool] $Twin
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$name = "ipsec_orchestrator.dead-man.$RunId"
if ($Twin) { $name += '.twin' }
$recordKey = "HKLM:\SOFTWARE\ipsec_orchestrator\DeadMan\$RunId"
$assignedKey = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy'

function Write-TextValue {
    param([string] $Name, $Value)
    New-ItemProperty -LiteralPath $recordKey -Name $Name -Value ([string] $Value) -PropertyType String -Force | Out-Null
}

if (-not (Test-Path -LiteralPath $recordKey)) {
    New-Item -Path $recordKey -Force | Out-Null
    $agent = Get-CimInstance -ClassName Win32_Service -Filter "Name='PolicyAgent'"
    Write-TextValue -Name 'StartMode' -Value $agent.StartMode
    Write-TextValue -Name 'State' -Value $agent.State
    if (Test-Path -LiteralPath $assignedKey) {
        $assigned = Get-Item -LiteralPath $assignedKey
        foreach ($pair in @(@('PolicyPath', 'DSIPSECPolicyPath'), @('PolicyName', 'DSIPSECPolicyName'))) {
            $value = $assigned.GetValue($pair[1])
            if ($null -ne $value) { Write-TextValue -Name $pair[0] -Value $value }
        }
    }
}
if ($Deadline) { Write-TextValue -Name 'Deadline' -Value $Deadline }
if ($Twin) {
    # A twin of an earlier attempt must not speak for this one.
    Remove-ItemProperty -LiteralPath $recordKey -Name 'TwinFired' -ErrorAction SilentlyContinue
}

Register-ScheduledTask -TaskName $name -Xml $Definition -Force | Out-Null

$answer = @{ time = (Get-Date).ToUniversalTime().ToString('o'); name = $name }
ConvertTo-Json -InputObject $answer -Compress -Depth 2
