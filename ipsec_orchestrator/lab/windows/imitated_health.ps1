<#
Stands in for the Windows-only commands and .NET objects that doctor uses; dot-sourced by
imitations.ps1. What goes over the network goes through the lab, which knows the addresses.
#>

function global:Get-WSManInstance {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true, Position = 0)] [Alias('RURI')] [uri] $ResourceURI)
    Invoke-LabCommand -Verb 'winrm-config'
}

function global:Get-NetIPsecRule {
    [CmdletBinding()]
    param([switch] $All, [string] $PolicyStore, [switch] $TracePolicyStore)
    foreach ($rule in Invoke-LabCommand -Verb 'ipsec-rules') { $rule }
}

function global:Get-NetFirewallProfile {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [Alias('Profile')] [string[]] $Name, [switch] $All, [string] $PolicyStore)
    foreach ($found in Invoke-LabCommand -Verb 'firewall-profiles') { $found }
}

function global:auditpol {
    $target = @($args | Where-Object { $_ -like '/file:*' })[0]
    [System.IO.File]::WriteAllText($target.Substring(6), (Invoke-LabCommand -Verb 'audit-backup'))
    $global:LASTEXITCODE = 0
}
Set-Alias -Name 'auditpol.exe' -Value 'auditpol' -Scope Global

function global:Resolve-DnsName {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, Position = 0)] [string] $Name,
        [Parameter(Position = 1)] [string] $Type = 'A_AAAA',
        [switch] $DnsOnly,
        [switch] $NoHostsFile,
        [switch] $QuickTimeout
    )
    $property = if ($Type -eq 'PTR') { 'NameHost' } else { 'IPAddress' }
    foreach ($found in Invoke-LabCommand -Verb 'resolve' -Arguments @{ name = $Name; type = $Type }) {
        [PSCustomObject] @{ Name = $Name; $property = $found }
    }
}

function global:New-LabTcpClient {
    $client = [PSCustomObject] @{ Connected = $false }
    Add-Member -InputObject $client -MemberType ScriptMethod -Name ConnectAsync -Value {
        param($Address, $Port)
        $task = [PSCustomObject] @{ Outcome = Invoke-LabCommand -Verb 'connect' -Arguments @{ address = [string] $Address; port = [int] $Port } }
        Add-Member -InputObject $task -MemberType ScriptMethod -Name Wait -Value {
            param($Milliseconds)
            if ($this.Outcome -eq 10060) { return $false }
            if ($this.Outcome -ne 0) { throw [System.Net.Sockets.SocketException]::new([int] $this.Outcome) }
            return $true
        }
        $task
    }
    Add-Member -InputObject $client -MemberType ScriptMethod -Name Close -Value { }
    $client
}

function global:New-LabPing {
    $ping = [PSCustomObject] @{ Site = $null }
    Add-Member -InputObject $ping -MemberType ScriptMethod -Name Send -Value {
        param($Address, $Timeout, $Buffer, $Options)
        [PSCustomObject] @{ Status = Invoke-LabCommand -Verb 'ping' -Arguments @{ address = [string] $Address; size = $Buffer.Length } }
    }
    Add-Member -InputObject $ping -MemberType ScriptMethod -Name Dispose -Value { }
    $ping
}

function global:Invoke-WebRequest {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, Position = 0)] [uri] $Uri,
        [switch] $UseBasicParsing,
        [int] $TimeoutSec
    )
    $found = Invoke-LabCommand -Verb 'http' -Arguments @{ url = [string] $Uri }
    if ($found.result -ne 0) {
        $inner = [System.Net.Sockets.SocketException]::new([int] $found.result)
        throw [System.Net.WebException]::new('The remote server can not be reached.', $inner)
    }
    if ($found.status -ge 400) {
        $reason = [System.InvalidOperationException]::new("The remote server returned $($found.status).")
        Add-Member -InputObject $reason -MemberType NoteProperty -Name Response -Value ([PSCustomObject] @{ StatusCode = [int] $found.status })
        throw $reason
    }
    [PSCustomObject] @{ StatusCode = [int] $found.status }
}

function global:New-Object {
    [CmdletBinding(DefaultParameterSetName = 'Net')]
    param(
        [Parameter(Mandatory = $true, Position = 0, ParameterSetName = 'Net')] [string] $TypeName,
        [Parameter(Position = 1, ParameterSetName = 'Net')] [Alias('Args')] [object[]] $ArgumentList,
        [Parameter(Mandatory = $true, ParameterSetName = 'Com')] [string] $ComObject,
        [Parameter(ParameterSetName = 'Com')] [switch] $Strict,
        [System.Collections.IDictionary] $Property
    )
    switch ($TypeName) {
        # Only these two would leave the machine.
        'System.Net.Sockets.TcpClient' { return New-LabTcpClient }
        'System.Net.NetworkInformation.Ping' { return New-LabPing }
    }
    Microsoft.PowerShell.Utility\New-Object @PSBoundParameters
}
