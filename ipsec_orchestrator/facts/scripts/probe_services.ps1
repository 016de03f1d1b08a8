<#
Tries services of other hosts: opens and closes a TCP connection, or asks a web server. Changes nothing.
A check is 'tcp ADDRESS PORT' or 'http URL'. Its result is 0 for an answer, else the number of the
socket error, -1 where there is none; the status is that of HTTP.
#>
[CmdletBinding()]
param(
    [string[]] $Checks = @(),
    [int] $TimeoutMilliseconds = 10000
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function Get-SocketError {
    param($Reason)
    while ($null -ne $Reason) {
        if ($Reason -is [System.Net.Sockets.SocketException]) { return [int] $Reason.SocketErrorCode }
        $Reason = $Reason.InnerException
    }
    return -1
}

function Connect-Service {
    param([string] $Address, [int] $Port)
    $client = New-Object -TypeName System.Net.Sockets.TcpClient
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

function Request-Page {
    # What the server answers counts, good or bad; a page that asks who we are is an answer too.
    param([string] $Url)
    $seconds = [int] [math]::Ceiling($TimeoutMilliseconds / 1000)
    try {
        $page = Invoke-WebRequest -Uri $Url -UseBasicParsing -TimeoutSec $seconds
        return @{ result = 0; status = [int] $page.StatusCode }
    } catch {
        $response = $_.Exception.Response
        if ($null -ne $response) { return @{ result = 0; status = [int] $response.StatusCode } }
        return @{ result = Get-SocketError -Reason $_.Exception; status = $null }
    }
}

$answers = foreach ($check in $Checks) {
    $words = $check.Split(' ')
    if ($words[0] -eq 'http') {
        $found = Request-Page -Url $words[1]
    } else {
        $found = @{ result = Connect-Service -Address $words[1] -Port ([int] $words[2]); status = $null }
    }
    @{ check = $check; result = $found.result; status = $found.status }
}

ConvertTo-Json -InputObject @{ checks = [object[]] @($answers) } -Compress -Depth 4
