# Run by the WinRS adapter: standard input is one JSON document in ASCII with script and parameters.
# The answer goes to standard output as UTF-8 bytes, whatever code page the console has; an error is
# one line of ASCII JSON on standard error, and exit code 1.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
function Write-Stream {
    param($Stream, [string] $Text)
    $bytes = [Text.Encoding]::UTF8.GetBytes($Text)
    $Stream.Write($bytes, 0, $bytes.Length)
    $Stream.Flush()
}
try {
    $order = ConvertFrom-Json -InputObject (-join @($input))
    $parameters = @{}
    foreach ($property in $order.parameters.PSObject.Properties) { $parameters[$property.Name] = $property.Value }
    $answer = & ([scriptblock]::Create($order.script)) @parameters
    Write-Stream -Stream ([Console]::OpenStandardOutput()) -Text ([string] $answer + "`n")
} catch {
    $failure = @{ message = $_.Exception.Message; fully_qualified_error_id = $_.FullyQualifiedErrorId }
    $text = ConvertTo-Json -InputObject $failure -Compress
    Write-Stream -Stream ([Console]::OpenStandardError()) -Text ($text + "`n")
    exit 1
}
