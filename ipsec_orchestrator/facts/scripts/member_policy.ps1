<#
What a member says about its legacy IPsec policy: registry, cache, services, and the log of the
last Group Policy run. Reads only. What is not there is null; what Windows refuses to tell is null
with the id of its error as reason, so that one closed namespace does not hide the rest.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# [MS-GPIPSEC] 1.9: the client side extension of IPsec policies.
$extension = '{e437bc1c-aa7d-11d2-a382-00c04f991e27}'
$policyKey = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\IPSec'

function ConvertTo-UtcText {
    param($Moment)
    if ($null -eq $Moment) { return $null }
    return ([datetime] $Moment).ToUniversalTime().ToString('o')
}

function Read-KeyValue {
    # All values of a key; binary ones as base64. Null if there is no such key.
    param([string] $Path)
    if (-not (Test-Path -LiteralPath $Path)) { return $null }
    $key = Get-Item -LiteralPath $Path
    $values = @{}
    foreach ($name in $key.GetValueNames()) {
        $value = $key.GetValue($name)
        if ($value -is [byte[]]) {
            $values[$name] = [Convert]::ToBase64String($value)
        } elseif ($value -is [array]) {
            $values[$name] = [string[]] $value
        } else {
            $values[$name] = $value
        }
    }
    return $values
}

function Read-Rsop {
    # All instances of a class of the Resultant Set of Policy, or why there are none to be had.
    param([string] $ClassName)
    try {
        $found = @(Get-CimInstance -Namespace 'root\rsop\computer' -ClassName $ClassName)
        return @{ reason = $null; instances = $found }
    } catch {
        return @{ reason = [string] $_.FullyQualifiedErrorId; instances = @() }
    }
}

$services = @(
    Get-CimInstance -ClassName Win32_Service -Filter "Name='PolicyAgent' OR Name='IKEEXT' OR Name='BFE'" |
        ForEach-Object { @{ name = [string] $_.Name; state = [string] $_.State; start_mode = [string] $_.StartMode } }
)

$cache = $null
if (Test-Path -LiteralPath "$policyKey\Policy\Cache") {
    $cache = @(
        foreach ($child in Get-ChildItem -LiteralPath "$policyKey\Policy\Cache") {
            @{ key = [string] $child.PSChildName; values = Read-KeyValue -Path "$policyKey\Policy\Cache\$($child.PSChildName)" }
        }
    )
}

$statuses = Read-Rsop -ClassName 'RSOP_ExtensionStatus'
$status = $null
foreach ($instance in $statuses.instances) {
    if ($instance.extensionGuid -eq $extension) {
        $status = @{
            begin_time = ConvertTo-UtcText -Moment $instance.beginTime
            end_time = ConvertTo-UtcText -Moment $instance.endTime
            error = $instance.error
            logging_status = $instance.loggingStatus
        }
    }
}

$settings = Read-Rsop -ClassName 'RSOP_IPSECPolicySetting'
$precedences = @(
    foreach ($instance in $settings.instances) {
        # The class holds every object of every policy; only policies can win or lose.
        if ($instance.className -eq 'ipsecPolicy') {
            @{
                precedence = $instance.precedence
                ipsec_id = [string] $instance.ipsecID
                ipsec_name = [string] $instance.ipsecName
                gpo_id = [string] $instance.GPOID
            }
        }
    }
)

# Runs that had to be confirmed leave a key each, until they are confirmed or put right.
$deadMen = @()
$records = 'HKLM:\SOFTWARE\ipsec_orchestrator\DeadMan'
if (Test-Path -LiteralPath $records) {
    $deadMen = @(
        foreach ($child in Get-ChildItem -LiteralPath $records) {
            $values = Read-KeyValue -Path "$records\$($child.PSChildName)"
            @{ run = [string] $child.PSChildName; deadline = $values['Deadline']; fired = $values.ContainsKey('Fired') }
        }
    )
}

$flags = Read-KeyValue -Path "HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\GPExtensions\$extension"
# gpsvc's own record of its last run for the computer; of no extension, so of all of them.
$run = Read-KeyValue -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\State\Machine\Extension-List\{00000000-0000-0000-0000-000000000000}'
$logging = Read-KeyValue -Path 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\System'

$answer = @{
    time = ConvertTo-UtcText -Moment (Get-Date)
    culture = [string] (Get-Culture).Name
    ui_culture = [string] (Get-UICulture).Name
    ps_version = [string] $PSVersionTable.PSVersion
    services = [object[]] $services
    assigned = Read-KeyValue -Path "$policyKey\GPTIPSECPolicy"
    cache = $cache
    extension_status = @{ reason = $statuses.reason; status = $status }
    policy_settings = @{ reason = $settings.reason; settings = [object[]] $precedences }
    dead_men = [object[]] $deadMen
    last_run = if ($null -eq $run) { $null } else { @{ status = $run['Status']; end_low = $run['EndTimeLo']; end_high = $run['EndTimeHi'] } }
    rsop_logging = if ($null -eq $logging) { $null } else { $logging['RSoPLogging'] }
    extension_flags = if ($null -eq $flags) { $null } else {
        @{
            no_gpo_list_changes = $flags['NoGPOListChanges']
            no_slow_link = $flags['NoSlowLink']
            no_background_policy = $flags['NoBackgroundPolicy']
        }
    }
}
ConvertTo-Json -InputObject $answer -Compress -Depth 8
