<#
The security associations of a pair of addresses as raw CIM values, and whether an adapter may do
IPsec in hardware. What Windows refuses to tell is null with the id of its error. Reads only.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)] [string] $LocalAddress,
    [Parameter(Mandatory = $true)] [string] $PeerAddress
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function Read-Instance {
    # Instances of a class, or the id of the error.
    param([string] $ClassName)
    try {
        return @{ problem = $null; found = @(Get-CimInstance -Namespace 'root\StandardCimv2' -ClassName $ClassName) }
    } catch {
        return @{ problem = [string] $_.FullyQualifiedErrorId; found = @() }
    }
}

function Select-Pair {
    # Addresses are compared as values: the same one has several spellings in IPv6.
    process {
        $one = [System.Net.IPAddress]::Parse($_.LocalEndpoint)
        $other = [System.Net.IPAddress]::Parse($_.RemoteEndpoint)
        if ($one.Equals([System.Net.IPAddress]::Parse($LocalAddress)) -and $other.Equals([System.Net.IPAddress]::Parse($PeerAddress))) { $_ }
    }
}

$quick = Read-Instance -ClassName 'MSFT_NetQuickModeSA'
$main = Read-Instance -ClassName 'MSFT_NetMainModeSA'
$offload = Read-Instance -ClassName 'MSFT_NetAdapterIPsecOffloadV2SettingData'

$answer = @{
    quick_mode = @{
        problem = $quick.problem
        associations = [object[]] @(
            foreach ($found in ($quick.found | Select-Pair)) {
                @{
                    id = [string] $found.QmSaId
                    local_address = [string] $found.LocalEndpoint
                    remote_address = [string] $found.RemoteEndpoint
                    local_port = $found.LocalPort
                    remote_port = $found.RemotePort
                    protocol = $found.IpProtocol
                    first_transform = $found.FirstTransformType
                    first_cipher = $found.FirstCipherAlgorithm
                    first_integrity = $found.FirstIntegrityAlgorithm
                }
            }
        )
    }
    main_mode = @{
        problem = $main.problem
        associations = [object[]] @(
            foreach ($found in ($main.found | Select-Pair)) {
                @{
                    local_address = [string] $found.LocalEndpoint
                    remote_address = [string] $found.RemoteEndpoint
                    key_module = $found.KeyModule
                    cipher = $found.CipherAlgorithm
                    hash = $found.HashAlgorithm
                    group = $found.GroupId
                }
            }
        )
    }
    offload = @{
        problem = $offload.problem
        enabled = @($offload.found | Where-Object { $_.Enabled }).Count -gt 0
    }
}
ConvertTo-Json -InputObject $answer -Compress -Depth 5
