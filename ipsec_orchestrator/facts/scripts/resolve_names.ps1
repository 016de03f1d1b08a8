<#
Asks the host's DNS servers, and nothing else, for names and for addresses. Reads only. An answer
that is an error is given by its id, which Windows does not localize.
#>
[CmdletBinding()]
param(
    [string[]] $Names = @(),
    [string[]] $Addresses = @()
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function Resolve-One {
    param([string] $Question, [string] $Kind, [string] $Property)
    try {
        $records = @(Resolve-DnsName -Name $Question -Type $Kind -DnsOnly -NoHostsFile -QuickTimeout)
        return @{
            question = $Question
            answers = [object[]] @($records | ForEach-Object { $_.$Property } | Where-Object { $_ } | ForEach-Object { [string] $_ })
            error_id = $null
        }
    } catch {
        return @{ question = $Question; answers = [object[]] @(); error_id = [string] $_.FullyQualifiedErrorId }
    }
}

$answer = @{
    names = [object[]] @(foreach ($name in $Names) { Resolve-One -Question $name -Kind 'A_AAAA' -Property 'IPAddress' })
    addresses = [object[]] @(foreach ($address in $Addresses) { Resolve-One -Question $address -Kind 'PTR' -Property 'NameHost' })
}
ConvertTo-Json -InputObject $answer -Compress -Depth 5
