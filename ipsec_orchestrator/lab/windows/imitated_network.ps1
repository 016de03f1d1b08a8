<#
Stands in for the network of a member that is on the lab's wire: sockets, capture sessions, event
logs, firewall rules, scheduled tasks. Dot-sourced by imitations.ps1 where there is a wire. What a
command does is done in the member's guest, which is asked through the lab's control socket.
#>

function global:Invoke-LabSocket {
    # A socket's request; its errors are those of .NET.
    param([string] $Verb, [hashtable] $Arguments = @{})
    try {
        $Arguments['process'] = [string] $env:IPSEC_LAB_PROCESS
        Invoke-LabCommand -Verb $Verb -Arguments $Arguments
    } catch {
        if ($_.FullyQualifiedErrorId -match '^ipsec_orchestrator\.lab\.Socket:(\d+)') {
            throw [System.Net.Sockets.SocketException]::new([int] $Matches[1])
        }
        throw
    }
}

function global:New-LabStream {
    param($Number)
    $stream = [PSCustomObject] @{ Number = $Number; ReadTimeout = 100000; WriteTimeout = 100000 }
    Add-Member -InputObject $stream -MemberType ScriptMethod -Name Read -Value {
        param($Buffer, $Offset, $Count)
        $text = Invoke-LabSocket -Verb 'socket-receive' -Arguments @{ socket = $this.Number; most = $Count; seconds = $this.ReadTimeout / 1000 }
        $bytes = [Convert]::FromBase64String([string] $text)
        [Array]::Copy($bytes, 0, $Buffer, $Offset, $bytes.Length)
        $bytes.Length
    }
    Add-Member -InputObject $stream -MemberType ScriptMethod -Name Write -Value {
        param($Buffer, $Offset, $Count)
        Invoke-LabSocket -Verb 'socket-send' -Arguments @{ socket = $this.Number; content = [Convert]::ToBase64String($Buffer, $Offset, $Count); seconds = $this.WriteTimeout / 1000 } | Out-Null
    }
    $stream
}

function global:New-LabWireClient {
    param($Number)
    $client = [PSCustomObject] @{ Number = $Number }
    Add-Member -InputObject $client -MemberType ScriptMethod -Name ConnectAsync -Value {
        param($Address, $Port)
        # The domain controller has no place on the wire; the lab connects to it beside the wire.
        if (-not (Invoke-LabCommand -Verb 'on-wire' -Arguments @{ address = [string] $Address })) {
            return (New-LabTcpClient).ConnectAsync($Address, $Port)
        }
        $task = [PSCustomObject] @{ Client = $this; Address = [string] $Address; Port = [int] $Port }
        Add-Member -InputObject $task -MemberType ScriptMethod -Name Wait -Value {
            param($Milliseconds)
            try {
                $this.Client.Number = Invoke-LabSocket -Verb 'tcp-connect' -Arguments @{ address = $this.Address; port = $this.Port; seconds = $Milliseconds / 1000 }
                $true
            } catch [System.Net.Sockets.SocketException] {
                # A wait that is over before the system gives up is no error of .NET.
                if ($_.Exception.SocketErrorCode -ne [System.Net.Sockets.SocketError]::TimedOut) { throw }
                $false
            }
        } -PassThru
    }
    Add-Member -InputObject $client -MemberType ScriptMethod -Name GetStream -Value { New-LabStream -Number $this.Number }
    Add-Member -InputObject $client -MemberType ScriptMethod -Name Close -Value {
        if ($null -ne $this.Number) { Invoke-LabSocket -Verb 'socket-close' -Arguments @{ socket = $this.Number } | Out-Null }
    }
    $client
}

function global:New-LabTcpListener {
    param([string] $Address, [int] $Port)
    $listener = [PSCustomObject] @{ Address = $Address; Port = $Port; Number = $null; Waiting = $null }
    Add-Member -InputObject $listener -MemberType ScriptMethod -Name Start -Value {
        $this.Number = Invoke-LabSocket -Verb 'tcp-listen' -Arguments @{ address = $this.Address; port = $this.Port }
    }
    Add-Member -InputObject $listener -MemberType ScriptMethod -Name Pending -Value {
        if ($null -eq $this.Waiting) { $this.Waiting = Invoke-LabSocket -Verb 'tcp-accept' -Arguments @{ socket = $this.Number } }
        $null -ne $this.Waiting
    }
    Add-Member -InputObject $listener -MemberType ScriptMethod -Name AcceptTcpClient -Value {
        $number = $this.Waiting
        $this.Waiting = $null
        New-LabWireClient -Number $number
    }
    Add-Member -InputObject $listener -MemberType ScriptMethod -Name Stop -Value {
        Invoke-LabSocket -Verb 'socket-close' -Arguments @{ socket = $this.Number } | Out-Null
    }
    $listener
}

function global:New-LabUdpClient {
    param([string] $Address, [int] $Port)
    $number = Invoke-LabSocket -Verb 'udp-open' -Arguments @{ address = $Address; port = $Port }
    $client = [PSCustomObject] @{ Number = $number; Waiting = $null }
    Add-Member -InputObject $client -MemberType ScriptProperty -Name Available -Value {
        if ($null -eq $this.Waiting) { $this.Waiting = Invoke-LabSocket -Verb 'udp-receive' -Arguments @{ socket = $this.Number; seconds = 0.2 } }
        if ($null -eq $this.Waiting) { 0 } else { [Convert]::FromBase64String($this.Waiting.content).Length }
    }
    Add-Member -InputObject $client -MemberType ScriptMethod -Name Receive -Value {
        param($Peer)
        $found = $this.Waiting
        $this.Waiting = $null
        $place = [System.Net.IPEndPoint]::new([System.Net.IPAddress]::Parse($found.address), $found.port)
        if ($Peer -is [ref]) { $Peer.Value = $place } else { $Peer.Address = $place.Address; $Peer.Port = $place.Port }
        , [Convert]::FromBase64String($found.content)
    }
    Add-Member -InputObject $client -MemberType ScriptMethod -Name Send -Value {
        param($Content, $Count, $Target, $Port)
        if ($Target -is [System.Net.IPEndPoint]) { $Port = $Target.Port; $Target = $Target.Address }
        Invoke-LabSocket -Verb 'udp-send' -Arguments @{ socket = $this.Number; content = [Convert]::ToBase64String($Content, 0, $Count); address = [string] $Target; port = [int] $Port } | Out-Null
        $Count
    }
    Add-Member -InputObject $client -MemberType ScriptMethod -Name Close -Value {
        Invoke-LabSocket -Verb 'socket-close' -Arguments @{ socket = $this.Number } | Out-Null
    }
    $client
}

function global:New-Object {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, Position = 0)] [string] $TypeName,
        [Parameter(Position = 1)] [Alias('Args')] [object[]] $ArgumentList,
        [System.Collections.IDictionary] $Property
    )
    switch ($TypeName) {
        'System.Net.Sockets.TcpClient' { return New-LabWireClient -Number $null }
        'System.Net.Sockets.TcpListener' { return New-LabTcpListener -Address ([string] $ArgumentList[0]) -Port $ArgumentList[1] }
        'System.Net.Sockets.UdpClient' { return New-LabUdpClient -Address ([string] $ArgumentList[0].Address) -Port $ArgumentList[0].Port }
        'System.Net.NetworkInformation.Ping' { return New-LabPing }
        default { Microsoft.PowerShell.Utility\New-Object @PSBoundParameters }
    }
}

function global:Get-NetTCPConnection {
    [CmdletBinding()]
    param([string[]] $State, [uint16[]] $LocalPort)
    foreach ($port in Invoke-LabCommand -Verb 'listening' -Arguments @{ protocol = 'TCP' }) {
        if ($LocalPort -contains $port) { [PSCustomObject] @{ LocalPort = $port; State = 'Listen' } }
    }
}

function global:Get-NetUDPEndpoint {
    [CmdletBinding()]
    param([uint16[]] $LocalPort)
    foreach ($port in Invoke-LabCommand -Verb 'listening' -Arguments @{ protocol = 'UDP' }) {
        if ($LocalPort -contains $port) { [PSCustomObject] @{ LocalPort = $port } }
    }
}

function global:New-NetFirewallRule {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([string] $Name, [string] $DisplayName, [string] $Group, [string] $Direction, [string] $Action, [string] $Enabled, [Alias('Profile')] [string[]] $NetworkProfile, [string] $Protocol, [string[]] $LocalPort, [string[]] $RemoteAddress)
    Invoke-LabCommand -Verb 'rule-add' -Arguments @{ name = $Name; group = $Group } | Out-Null
    [PSCustomObject] @{ Name = $Name; DisplayName = $DisplayName; Group = $Group }
}

function global:Get-NetFirewallRule {
    [CmdletBinding()]
    param([string] $Name, [string] $Group)
    foreach ($found in Invoke-LabCommand -Verb 'rule-find' -Arguments @{ name = $Name; group = $Group }) {
        [PSCustomObject] @{ Name = $found.name; Group = $found.group }
    }
}

function global:Remove-NetFirewallRule {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([Parameter(ValueFromPipelineByPropertyName = $true)] [string] $Name)
    process { Invoke-LabCommand -Verb 'rule-remove' -Arguments @{ name = $Name } | Out-Null }
}

# A command that is not there has to be unknown to the engine itself.
$absentHere = @(Invoke-LabCommand -Verb 'absent')

if ($absentHere -notcontains 'NetEventPacketCapture') {
    function global:Get-NetEventSession {
        [CmdletBinding()]
        param([string] $Name)
        foreach ($found in Invoke-LabCommand -Verb 'session-names') {
            if (-not $Name -or $found -eq $Name) { [PSCustomObject] @{ Name = $found } }
        }
    }

    function global:New-NetEventSession {
        [CmdletBinding(SupportsShouldProcess = $true)]
        param([string] $Name, [string] $CaptureMode, [string] $LocalFilePath, [uint32] $MaxFileSize)
        Invoke-LabCommand -Verb 'session-make' -Arguments @{ name = $Name; path = $LocalFilePath } | Out-Null
        [PSCustomObject] @{ Name = $Name; LocalFilePath = $LocalFilePath }
    }

    function global:Add-NetEventPacketCaptureProvider {
        [CmdletBinding(SupportsShouldProcess = $true)]
        param([string] $SessionName, [string[]] $IpAddresses, [byte[]] $IpProtocols, [uint16] $TruncationLength)
        Invoke-LabCommand -Verb 'session-add' -Arguments @{ name = $SessionName; addresses = $IpAddresses; protocols = [int[]] $IpProtocols; truncation = [int] $TruncationLength } | Out-Null
    }

    function global:Start-NetEventSession {
        [CmdletBinding(SupportsShouldProcess = $true)]
        param([string] $Name)
        Invoke-LabCommand -Verb 'session-start' -Arguments @{ name = $Name } | Out-Null
    }

    function global:Stop-NetEventSession {
        [CmdletBinding(SupportsShouldProcess = $true)]
        param([string] $Name)
        try {
            Invoke-LabCommand -Verb 'session-stop' -Arguments @{ name = $Name } | Out-Null
        } catch {
            # As on Windows this error does not end a script that asked for silence.
            $PSCmdlet.WriteError($_)
        }
    }

    function global:Remove-NetEventSession {
        [CmdletBinding(SupportsShouldProcess = $true)]
        param([string] $Name)
        Invoke-LabCommand -Verb 'session-remove' -Arguments @{ name = $Name } | Out-Null
    }
}

if ($absentHere -notcontains 'pktmon') {
    function global:pktmon {
        $done = Invoke-LabCommand -Verb 'pktmon' -Arguments @{ words = [string[]] @($args | ForEach-Object { $_ }) }
        $global:LASTEXITCODE = $done.code
        $done.lines
    }
    Set-Alias -Name 'pktmon.exe' -Value 'pktmon' -Scope Global
}

function global:ConvertFrom-LabTime {
    param([string] $Text)
    [datetime]::Parse($Text, [cultureinfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::RoundtripKind).ToLocalTime()
}

function global:ConvertTo-LabEventXml {
    param($Fields)
    $text = foreach ($field in $Fields.PSObject.Properties) {
        "<Data Name='$($field.Name)'>$([System.Security.SecurityElement]::Escape([string] $field.Value))</Data>"
    }
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><EventData>$($text -join '')</EventData></Event>"
}

function global:Get-WinEvent {
    [CmdletBinding()]
    param([string[]] $Path, [hashtable] $FilterHashtable, [long] $MaxEvents, [switch] $Oldest)
    if ($Path) {
        foreach ($found in Invoke-LabCommand -Verb 'capture-events' -Arguments @{ path = $Path[0] }) {
            [PSCustomObject] @{
                Id = $found.id
                ProviderName = 'Microsoft-Windows-NDIS-PacketCapture'
                TimeCreated = ConvertFrom-LabTime -Text $found.time
                Keywords = [long] $found.keywords
                Properties = @(
                    [PSCustomObject] @{ Value = $found.miniport }
                    [PSCustomObject] @{ Value = $found.lower }
                    [PSCustomObject] @{ Value = $found.size }
                    [PSCustomObject] @{ Value = [Convert]::FromBase64String($found.fragment) }
                )
            }
        }
        return
    }
    if ($Oldest) {
        # A log that has not been emptied for a while.
        return [PSCustomObject] @{ Id = 1102; TimeCreated = (Get-Date).AddDays(-30) }
    }
    $age = ((Get-Date) - $FilterHashtable['StartTime']).TotalSeconds
    $events = @(Invoke-LabCommand -Verb 'security-events' -Arguments @{ ids = [int[]] $FilterHashtable['Id']; seconds = $age })
    if ($events.Count -eq 0) {
        $reason = [System.Exception]::new('No events were found.')
        $PSCmdlet.ThrowTerminatingError([System.Management.Automation.ErrorRecord]::new($reason, 'NoMatchingEventsFound', 'ObjectNotFound', $null))
    }
    foreach ($found in ($events | Select-Object -First $MaxEvents)) {
        $record = [PSCustomObject] @{
            Id = $found.id
            ProviderName = 'Microsoft-Windows-Security-Auditing'
            TimeCreated = ConvertFrom-LabTime -Text $found.time
            LabText = ConvertTo-LabEventXml -Fields $found.fields
        }
        Add-Member -InputObject $record -MemberType ScriptMethod -Name ToXml -Value { $this.LabText } -PassThru
    }
}

function global:Invoke-LabWebCommand {
    # Its module comes with the feature: until then the command is as unknown as on Windows.
    param([string] $Verb, [hashtable] $Arguments = @{})
    try {
        Invoke-LabCommand -Verb $Verb -Arguments $Arguments
    } catch {
        if ($_.FullyQualifiedErrorId -like 'CommandNotFoundException*') {
            throw [System.Management.Automation.CommandNotFoundException]::new($_.Exception.Message)
        }
        throw
    }
}

function global:Get-WindowsFeature {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string[]] $Name)
    foreach ($feature in $Name) {
        [PSCustomObject] @{ Name = $feature; Installed = [bool] (Invoke-LabCommand -Verb 'web-feature' -Arguments @{ name = $feature }) }
    }
}

function global:Install-WindowsFeature {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([Parameter(Mandatory = $true, Position = 0)] [string[]] $Name, [switch] $IncludeManagementTools, [switch] $Restart)
    $added = @(Invoke-LabCommand -Verb 'web-install' -Arguments @{ names = $Name })
    [PSCustomObject] @{ Success = $true; RestartNeeded = 'No'; ExitCode = 'Success'; FeatureResult = @($added | ForEach-Object { [PSCustomObject] @{ Name = $_ } }) }
}

function global:Uninstall-WindowsFeature {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([Parameter(Mandatory = $true, Position = 0)] [string[]] $Name, [switch] $IncludeManagementTools, [switch] $Restart)
    Invoke-LabCommand -Verb 'web-uninstall' -Arguments @{ names = $Name } | Out-Null
    [PSCustomObject] @{ Success = $true; RestartNeeded = 'No'; ExitCode = 'Success'; FeatureResult = @() }
}

function global:Get-Website {
    [CmdletBinding()]
    param([string] $Name)
    foreach ($found in Invoke-LabWebCommand -Verb 'web-sites') {
        [PSCustomObject] @{ Name = $found.name; Id = [long] $found.id; State = $found.state }
    }
}

function global:New-Website {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true, Position = 0)] [string] $Name, [uint32] $Id, [uint32] $Port, [string] $IPAddress, [string] $PhysicalPath, [switch] $Force)
    Invoke-LabWebCommand -Verb 'web-site-make' -Arguments @{ name = $Name; id = [int] $Id; port = [int] $Port; path = $PhysicalPath } | Out-Null
    [PSCustomObject] @{ Name = $Name; Id = [long] $Id; State = 'Started' }
}

function global:Stop-Website {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true, Position = 0)] [string] $Name)
    Invoke-LabWebCommand -Verb 'web-site-stop' -Arguments @{ name = $Name } | Out-Null
}

function global:Remove-Website {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([Parameter(Mandatory = $true, Position = 0)] [string] $Name)
    Invoke-LabWebCommand -Verb 'web-site-remove' -Arguments @{ name = $Name } | Out-Null
}

function global:Stop-Process {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([int[]] $Id, [switch] $Force)
    foreach ($number in $Id) { Invoke-LabCommand -Verb 'process-stop' -Arguments @{ id = $number } | Out-Null }
}
