<#
The temporary listener of a proof: answers requests on one port with as many bytes as they brought
and the digest of what arrived, notes down their random texts, and ends by itself. Its firewall rule
lets in the one peer only, is made before it listens and removed before it ends.
#>
[CmdletBinding()]
param([Parameter(Mandatory = $true)] [string] $Order)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$json = [System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($Order))
$wanted = ConvertFrom-Json -InputObject $json
$latin = [System.Text.Encoding]::GetEncoding(28591)
$stop = Join-Path -Path $wanted.folder -ChildPath 'stop.txt'
$received = Join-Path -Path $wanted.folder -ChildPath 'received.txt'
$said = Join-Path -Path $wanted.folder -ChildPath 'listener.txt'
$age = [System.Diagnostics.Stopwatch]::StartNew()
$largest = 1048576

function Test-Ended {
    return (Test-Path -LiteralPath $stop) -or $age.Elapsed.TotalSeconds -ge $wanted.lifetime_seconds
}

function Get-Digest {
    param([byte[]] $Content)
    # This class is allowed under the FIPS policy as well.
    $algorithm = New-Object -TypeName System.Security.Cryptography.SHA256CryptoServiceProvider
    return [BitConverter]::ToString($algorithm.ComputeHash($Content)).Replace('-', '')
}

function Read-Request {
    # The whole request as text, one character a byte; empty if it is none, or is too large.
    param($Stream)
    $buffer = New-Object -TypeName byte[] -ArgumentList 65536
    $text = New-Object -TypeName System.Text.StringBuilder
    $needed = $largest
    while ($text.Length -lt $needed) {
        $count = $Stream.Read($buffer, 0, $buffer.Length)
        if ($count -le 0) { break }
        [void] $text.Append($latin.GetString($buffer, 0, $count))
        if ($needed -eq $largest) {
            $head = $text.ToString()
            $end = $head.IndexOf("`r`n`r`n")
            if ($end -ge 0 -and $head -match '(?i)\r\ncontent-length: *(\d{1,7})\r\n') {
                $needed = $end + 4 + [int] $Matches[1]
            }
        }
    }
    if ($text.Length -ne $needed) { return '' }
    return $text.ToString()
}

function Send-Answer {
    param($Stream)
    $request = Read-Request -Stream $Stream
    if ($request -match '^POST /([0-9a-f]{32}) HTTP/1\.1\r\n') {
        $nonce = $Matches[1]
        $body = $latin.GetBytes($request.Substring($request.IndexOf("`r`n`r`n") + 4))
        Add-Content -LiteralPath $received -Value $nonce
        $head = "HTTP/1.1 200 OK`r`nContent-Type: application/octet-stream`r`nContent-Length: $($body.Length)`r`nX-Digest: $(Get-Digest -Content $body)`r`nConnection: close`r`n`r`n"
        $answer = $latin.GetBytes($head + ('.' * $body.Length))
    } else {
        $answer = $latin.GetBytes("HTTP/1.1 400 Bad Request`r`nContent-Length: 0`r`nConnection: close`r`n`r`n")
    }
    $Stream.Write($answer, 0, $answer.Length)
}

function Start-TcpService {
    $listener = New-Object -TypeName System.Net.Sockets.TcpListener -ArgumentList ([System.Net.IPAddress]::Parse($wanted.local_address)), $wanted.port
    $listener.Start()
    try {
        Set-Content -LiteralPath $said -Value 'listening'
        while (-not (Test-Ended)) {
            if (-not $listener.Pending()) {
                Start-Sleep -Milliseconds 50
                continue
            }
            $client = $listener.AcceptTcpClient()
            try {
                $stream = $client.GetStream()
                $stream.ReadTimeout = 10000
                $stream.WriteTimeout = 10000
                Send-Answer -Stream $stream
            } catch {
                # A connection that breaks is the sender's evidence, not the end of the service.
                Add-Content -LiteralPath $said -Value ([string] $_.FullyQualifiedErrorId)
            } finally {
                $client.Close()
            }
        }
    } finally {
        $listener.Stop()
    }
}

function Start-UdpService {
    $place = New-Object -TypeName System.Net.IPEndPoint -ArgumentList ([System.Net.IPAddress]::Parse($wanted.local_address)), $wanted.port
    $datagrams = New-Object -TypeName System.Net.Sockets.UdpClient -ArgumentList $place
    try {
        Set-Content -LiteralPath $said -Value 'listening'
        while (-not (Test-Ended)) {
            if ($datagrams.Available -eq 0) {
                Start-Sleep -Milliseconds 50
                continue
            }
            $peer = New-Object -TypeName System.Net.IPEndPoint -ArgumentList ([System.Net.IPAddress]::Any), 0
            $content = $datagrams.Receive([ref] $peer)
            if ($latin.GetString($content) -match '^[0-9a-f]{32}') {
                Add-Content -LiteralPath $received -Value $Matches[0]
                [void] $datagrams.Send($content, $content.Length, $peer)
            }
        }
    } finally {
        $datagrams.Close()
    }
}

try {
    New-NetFirewallRule -Name $wanted.name -DisplayName $wanted.name -Group 'ipsec_orchestrator' -Direction Inbound -Action Allow -Enabled True -Profile Any -Protocol $wanted.protocol -LocalPort $wanted.port -RemoteAddress $wanted.peer_address | Out-Null
    if ($wanted.protocol -eq 'TCP') { Start-TcpService } else { Start-UdpService }
} catch {
    Set-Content -LiteralPath $said -Value ([string] $_.FullyQualifiedErrorId)
} finally {
    Remove-NetFirewallRule -Name $wanted.name -ErrorAction SilentlyContinue
}
ConvertTo-Json -InputObject @{ ended_after_seconds = [int] $age.Elapsed.TotalSeconds } -Compress -Depth 2
