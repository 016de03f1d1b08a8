<#
Sends the requests of one flow, one after the other, and tells how each was answered. TCP requests
are HTTP/1.1 by hand, each on a connection of its own: the same way serves every port and service.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [string] $SourceAddress,
    [Parameter(Mandatory = $true)] [string] $Address,
    [Parameter(Mandatory = $true)] [ValidateRange(1, 65535)] [int] $Port,
    [Parameter(Mandatory = $true)] [ValidateSet('TCP', 'UDP')] [string] $Protocol,
    [Parameter(Mandatory = $true)] [string[]] $Nonces,
    [Parameter(Mandatory = $true)] [int[]] $Sizes,
    [Parameter(Mandatory = $true)] [ValidateRange(100, 600000)] [int] $TimeoutMilliseconds,
    [ValidateSet('POST', 'GET')] [string] $Method = 'POST'
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$latin = [System.Text.Encoding]::GetEncoding(28591)
$here = New-Object -TypeName System.Net.IPEndPoint -ArgumentList ([System.Net.IPAddress]::Parse($SourceAddress)), 0

function Get-Digest {
    param([byte[]] $Content)
    # This class is allowed under the FIPS policy as well.
    $algorithm = New-Object -TypeName System.Security.Cryptography.SHA256CryptoServiceProvider
    return [BitConverter]::ToString($algorithm.ComputeHash($Content)).Replace('-', '')
}

function Read-Answer {
    # Everything until the other side closes, one character a byte.
    param($Stream)
    $buffer = New-Object -TypeName byte[] -ArgumentList 65536
    $text = New-Object -TypeName System.Text.StringBuilder
    while (($count = $Stream.Read($buffer, 0, $buffer.Length)) -gt 0) {
        [void] $text.Append($latin.GetString($buffer, 0, $count))
    }
    return $text.ToString()
}

function Get-AnswerFault {
    # What is wrong with an HTTP answer; null if it is whole. Only our own listener gives a digest.
    param([string] $Answer, [byte[]] $Body)
    if ($Answer -notmatch '^HTTP/1\.[01] \d{3}') { return 'NoHttpAnswer' }
    $end = $Answer.IndexOf("`r`n`r`n")
    if ($end -lt 0) { return 'AnswerCutOff' }
    $head = $Answer.Substring(0, $end + 2)
    if ($head -match '(?i)\r\ncontent-length: *(\d+)\r\n' -and $Answer.Length - $end - 4 -lt [int] $Matches[1]) {
        return 'AnswerCutOff'
    }
    if ($head -match '(?i)\r\nx-digest: *([0-9A-F]{64})\r\n' -and $Matches[1] -ne (Get-Digest -Content $Body)) {
        return 'DigestDiffers'
    }
    return $null
}

function Send-TcpRequest {
    param([string] $Nonce, [int] $Size, [hashtable] $Result)
    $client = New-Object -TypeName System.Net.Sockets.TcpClient -ArgumentList $here
    try {
        $connecting = $client.ConnectAsync([System.Net.IPAddress]::Parse($Address), $Port)
        if (-not $connecting.Wait($TimeoutMilliseconds)) {
            $Result['error'] = 'ConnectTimeout'
            return
        }
        $stream = $client.GetStream()
        $stream.ReadTimeout = $TimeoutMilliseconds
        $stream.WriteTimeout = $TimeoutMilliseconds
        if ($Method -eq 'GET') {
            # A site of ours has a file of each size; the answer is what is large then.
            $body = New-Object -TypeName byte[] -ArgumentList 0
            $head = "GET /$Size.txt?$Nonce HTTP/1.1`r`nHost: $Address`r`nConnection: close`r`n`r`n"
        } else {
            $body = $latin.GetBytes('.' * $Size)
            $head = "POST /$Nonce HTTP/1.1`r`nHost: $Address`r`nContent-Type: application/octet-stream`r`nContent-Length: $Size`r`nConnection: close`r`n`r`n"
        }
        $request = $latin.GetBytes($head) + $body
        $stream.Write($request, 0, $request.Length)
        $answer = Read-Answer -Stream $stream
        if ($answer -match '^HTTP/1\.[01] (\d{3})') { $Result['status'] = [int] $Matches[1] }
        $Result['error'] = Get-AnswerFault -Answer $answer -Body $body
        $Result['answered'] = $null -eq $Result['error']
    } finally {
        $client.Close()
    }
}

function Send-UdpRequest {
    param([string] $Nonce, [int] $Size, [hashtable] $Result)
    $datagrams = New-Object -TypeName System.Net.Sockets.UdpClient -ArgumentList $here
    try {
        $content = $latin.GetBytes($Nonce.PadRight($Size, '.'))
        $patience = [System.Diagnostics.Stopwatch]::StartNew()
        # A datagram is lost while the two sides still negotiate: it is sent again.
        while ($patience.ElapsedMilliseconds -lt $TimeoutMilliseconds) {
            [void] $datagrams.Send($content, $content.Length, $Address, $Port)
            $round = [System.Diagnostics.Stopwatch]::StartNew()
            while ($datagrams.Available -eq 0 -and $round.ElapsedMilliseconds -lt 1000) { Start-Sleep -Milliseconds 20 }
            if ($datagrams.Available -gt 0) {
                $peer = New-Object -TypeName System.Net.IPEndPoint -ArgumentList ([System.Net.IPAddress]::Any), 0
                $answer = $datagrams.Receive([ref] $peer)
                $Result['answered'] = $latin.GetString($answer).StartsWith($Nonce)
                $Result['error'] = if ($Result['answered']) { $null } else { 'OtherAnswer' }
                return
            }
        }
        $Result['error'] = 'NoAnswer'
    } finally {
        $datagrams.Close()
    }
}

$results = @(
    for ($index = 0; $index -lt $Nonces.Count; $index++) {
        $result = @{ size = $Sizes[$index]; status = $null; answered = $false; error = $null }
        $result['sent_at'] = (Get-Date).ToUniversalTime().ToString('o')
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        try {
            if ($Protocol -eq 'TCP') {
                Send-TcpRequest -Nonce $Nonces[$index] -Size $Sizes[$index] -Result $result
            } else {
                Send-UdpRequest -Nonce $Nonces[$index] -Size $Sizes[$index] -Result $result
            }
        } catch {
            # The innermost exception's class and number say what happened, in no language.
            $reason = $_.Exception
            while ($null -ne $reason.InnerException) { $reason = $reason.InnerException }
            $result['error'] = $reason.GetType().Name
            if ($reason -is [System.Net.Sockets.SocketException]) { $result['error'] = [string] $reason.SocketErrorCode }
        }
        $result['milliseconds'] = $clock.Elapsed.TotalMilliseconds
        $result
    }
)
ConvertTo-Json -InputObject @{ requests = [object[]] $results } -Compress -Depth 3
