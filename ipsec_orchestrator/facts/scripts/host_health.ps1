<#
What a host says about itself beside its IPsec policy: limits of WinRM, pending restart, triggers of
services, other IPsec settings, firewall, audit policy, Group Policy's own log and last run.
Changes nothing; the audit policy is saved into a temporary file, because that form alone has
numbers instead of words, and the file is deleted. What is not there is null; what Windows refuses
to tell is null with the id of its error as reason.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$extension = '{e437bc1c-aa7d-11d2-a382-00c04f991e27}'
$services = 'HKLM:\SYSTEM\CurrentControlSet\Services'
$software = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion'
$policies = 'HKLM:\SOFTWARE\Policies\Microsoft'

function Read-Value {
    # One value of a key; null if key or value is not there.
    param([string] $Path, [string] $Name)
    if (-not (Test-Path -LiteralPath $Path)) { return $null }
    return (Get-Item -LiteralPath $Path).GetValue($Name)
}

function Read-ChannelState {
    # 1 if an event log is on. Its key has a slash in its name, which PowerShell's paths can't have.
    param([string] $Channel)
    $channels = "$software\WINEVT\Channels"
    if (-not (Test-Path -LiteralPath $channels)) { return $null }
    $key = (Get-Item -LiteralPath $channels).OpenSubKey($Channel)
    if ($null -eq $key) { return $null }
    return $key.GetValue('Enabled')
}

function Get-Answer {
    # What a question gives, or the id of the error that it ends with.
    param([scriptblock] $Question)
    try {
        return @{ reason = $null; found = [object[]] @(& $Question) }
    } catch {
        return @{ reason = [string] $_.FullyQualifiedErrorId; found = [object[]] @() }
    }
}

function Read-Trigger {
    # What starts a service besides people: type and action as numbers, the GUID of the event.
    param([string] $Service)
    $folder = "$services\$Service\TriggerInfo"
    if (-not (Test-Path -LiteralPath $folder)) { return }
    foreach ($child in Get-ChildItem -LiteralPath $folder) {
        $key = Get-Item -LiteralPath "$folder\$($child.PSChildName)"
        $bytes = $key.GetValue('GUID')
        @{
            service = $Service
            type = $key.GetValue('Type')
            action = $key.GetValue('Action')
            subtype = if ($bytes -is [byte[]]) { [string] (New-Object -TypeName System.Guid -ArgumentList (, $bytes)) } else { $null }
        }
    }
}

function Read-AuditSetting {
    # Subcategory and setting (0 none, 1 success, 2 failure, 3 both) of the system audit policy.
    $file = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), [System.IO.Path]::GetRandomFileName())
    try {
        $null = auditpol.exe /backup "/file:$file" 2>$null
        if ($LASTEXITCODE -ne 0) { throw "auditpol ended with $LASTEXITCODE" }
        foreach ($line in [System.IO.File]::ReadAllLines($file)) {
            # Every other column is in the language of the host.
            $match = [regex]::Match($line, '\{([0-9A-Fa-f-]{36})\}.*,\s*(\d)\s*$')
            if ($match.Success) {
                @{ subcategory = $match.Groups[1].Value.ToLowerInvariant(); setting = [int] $match.Groups[2].Value }
            }
        }
    } finally {
        [System.IO.File]::Delete($file)
    }
}

function Read-BlockRule {
    # Firewall rules that block, as the registry writes them: Action=Block|Active=TRUE|Dir=In|...
    foreach ($path in "$services\SharedAccess\Parameters\FirewallPolicy\FirewallRules", "$policies\WindowsFirewall\FirewallRules") {
        if (-not (Test-Path -LiteralPath $path)) { continue }
        $key = Get-Item -LiteralPath $path
        foreach ($name in $key.GetValueNames()) {
            $rule = [string] $key.GetValue($name)
            if ($rule.Contains('|Action=Block|') -and $rule.Contains('|Active=TRUE|')) { $rule }
        }
    }
}

$quotas = Get-Answer -Question {
    $settings = Get-WSManInstance -ResourceURI 'winrm/config'
    @{
        max_shells_per_user = [long] $settings.Winrs.MaxShellsPerUser
        max_processes_per_shell = [long] $settings.Winrs.MaxProcessesPerShell
        max_memory_per_shell_megabytes = [long] $settings.Winrs.MaxMemoryPerShellMB
        idle_timeout_milliseconds = [long] $settings.Winrs.IdleTimeout
        max_concurrent_operations_per_user = [long] $settings.Service.MaxConcurrentOperationsPerUser
        max_connections = [long] $settings.Service.MaxConnections
        max_envelope_kilobytes = [long] $settings.MaxEnvelopeSizekb
    }
}
$rules = Get-Answer -Question {
    foreach ($rule in Get-NetIPsecRule -PolicyStore ActiveStore) {
        # Enabled is 1 for on; none, request, require are 0, 1, 2.
        if ([int] $rule.Enabled -eq 1) {
            @{ name = [string] $rule.DisplayName; inbound = [int] $rule.InboundSecurity; outbound = [int] $rule.OutboundSecurity }
        }
    }
}
$profiles = Get-Answer -Question {
    foreach ($found in Get-NetFirewallProfile -PolicyStore ActiveStore) {
        @{ name = [string] $found.Name; enabled = [int] $found.Enabled }
    }
}
$products = Get-Answer -Question {
    foreach ($found in Get-CimInstance -Namespace 'root\SecurityCenter2' -ClassName FirewallProduct) {
        @{ name = [string] $found.displayName; state = [long] $found.productState }
    }
}
$audit = Get-Answer -Question { Read-AuditSetting }
$renames = Read-Value -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager' -Name PendingFileRenameOperations
$computer = 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName'
$flags = "HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\GPExtensions\$extension"
$override = "$policies\Windows\Group Policy\$extension"
# gpsvc's own record of its last run for the computer.
$last = "$software\Group Policy\State\Machine\Extension-List\{00000000-0000-0000-0000-000000000000}"

$answer = @{
    time = (Get-Date).ToUniversalTime().ToString('o')
    quotas = $quotas
    pending_restart = @{
        component_servicing = Test-Path -LiteralPath "$software\Component Based Servicing\RebootPending"
        windows_update = Test-Path -LiteralPath "$software\WindowsUpdate\Auto Update\RebootRequired"
        renamed = (Read-Value -Path "$computer\ActiveComputerName" -Name ComputerName) -ne (Read-Value -Path "$computer\ComputerName" -Name ComputerName)
        file_renames = @($renames | Where-Object { $_ }).Count
    }
    triggers = [object[]] @(Read-Trigger -Service PolicyAgent; Read-Trigger -Service IKEEXT)
    local_policy = Read-Value -Path "$policies\Windows\IPSec\Policy\Local" -Name ActivePolicy
    default_exempt = @{
        ipsec = Read-Value -Path "$services\IPSEC" -Name NoDefaultExempt
        policy_agent = Read-Value -Path "$services\PolicyAgent" -Name NoDefaultExempt
    }
    udp_encapsulation = Read-Value -Path "$services\PolicyAgent" -Name AssumeUDPEncapsulationContextOnSendRule
    extension = @{
        registered = Test-Path -LiteralPath $flags
        no_machine_policy = Read-Value -Path $flags -Name NoMachinePolicy
        no_slow_link = Read-Value -Path $flags -Name NoSlowLink
        no_background_policy = Read-Value -Path $flags -Name NoBackgroundPolicy
        no_gpo_list_changes = Read-Value -Path $flags -Name NoGPOListChanges
        forced_no_slow_link = Read-Value -Path $override -Name NoSlowLink
        forced_no_background_policy = Read-Value -Path $override -Name NoBackgroundPolicy
        forced_no_gpo_list_changes = Read-Value -Path $override -Name NoGPOListChanges
    }
    connection_rules = $rules
    firewall_profiles = $profiles
    block_rules = [object[]] @(Read-BlockRule)
    firewall_products = $products
    audit = $audit
    event_log_enabled = Read-ChannelState -Channel 'Microsoft-Windows-GroupPolicy/Operational'
    last_run = @{
        status = Read-Value -Path $last -Name Status
        end_low = Read-Value -Path $last -Name EndTimeLo
        end_high = Read-Value -Path $last -Name EndTimeHi
    }
}
ConvertTo-Json -InputObject $answer -Compress -Depth 6
