<#
Tries the way to other hosts: opens and closes TCP connections, pings, and looks for the largest ping
that goes through in one piece. Sends no content and changes nothing. Results are numbers: 0 for
success, else the number of the socket error or of the ping status.
A target is an address and, after blanks, the TCP ports to try: '10.0.1.20 8080 5985'.
#>
[CmdletBinding()]
param(
    [string[]] $Targets = @(),
    [int] $TimeoutMilliseconds = 1500
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
# A frame of Ethernet carries 1500 bytes; IPv4 and ICMP take 28 of them, IPv6 and ICMPv6 48.
$frame = 1500
$smallest = 32

function Get-SocketError {
    param($Reason)
    while ($null -ne $Reason) {
        if ($Reason -is [System.Net.Sockets.SocketException]) { return [int] $Reason.SocketErrorCode }
        $Reason = $Reason.InnerException
    }
    return -1
}

function Connect-Port {
    param([System.Net.IPAddress] $Address, [int] $Port)
    $client = New-Object -TypeName System.Net.Sockets.TcpClient -ArgumentList $Address.AddressFamily
    try {
        $connecting = $client.ConnectAsync($Address, $Port)
        if ($connecting.Wait($TimeoutMilliseconds)) { return 0 }
        # WSAETIMEDOUT: nobody said anything.
        return 10060
    } catch {
        return Get-SocketError -Reason $_.Exception
    } finally {
        $client.Close()
    }
}

function Send-Ping {
    param([System.Net.IPAddress] $Address, [int] $Size)
    $ping = New-Object -TypeName System.Net.NetworkInformation.Ping
    try {
        $options = New-Object -TypeName System.Net.NetworkInformation.PingOptions -ArgumentList 64, $true
        $reply = $ping.Send($Address, $TimeoutMilliseconds, (New-Object -TypeName byte[] -ArgumentList $Size), $options)
        return [int] $reply.Status
    } catch {
        return Get-SocketError -Reason $_.Exception
    } finally {
        $ping.Dispose()
    }
}

function Find-LargestPing {
    # Between a size that goes through and one that does not, to within 8 bytes.
    param([System.Net.IPAddress] $Address, [int] $Largest)
    $low = $smallest
    $high = $Largest
    while ($high - $low -gt 8) {
        $middle = [int] [math]::Floor(($low + $high) / 2)
        if ((Send-Ping -Address $Address -Size $middle) -eq 0) { $low = $middle } else { $high = $middle }
    }
    return $low
}

function Get-Path {
    param([string] $Target)
    $words = $Target.Split(' ')
    $address = [System.Net.IPAddress]::Parse($words[0])
    $ports = @($words | Select-Object -Skip 1 | ForEach-Object { [int] $_ })
    $header = if ($address.AddressFamily -eq [System.Net.Sockets.AddressFamily]::InterNetworkV6) { 48 } else { 28 }
    $ping = Send-Ping -Address $address -Size $smallest
    $full = $null
    $largest = $null
    if ($ping -eq 0) {
        $full = Send-Ping -Address $address -Size ($frame - $header)
        $largest = if ($full -eq 0) { $frame } else { $header + (Find-LargestPing -Address $address -Largest ($frame - $header)) }
    }
    return @{
        address = $words[0]
        ping = $ping
        full_ping = $full
        path_mtu_bytes = $largest
        ports = [object[]] @(foreach ($port in $ports) { @{ port = $port; result = Connect-Port -Address $address -Port $port } })
    }
}

$answer = @{ targets = [object[]] @(foreach ($target in $Targets) { Get-Path -Target $target }) }
ConvertTo-Json -InputObject $answer -Compress -Depth 5
