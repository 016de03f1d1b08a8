# Run at the start of every PowerShell behind a WinRS command, before the host's own start script.
# powershell.exe on a pipe writes host output to standard output, ended by a line feed alone. The
# listener ends every other line with CR LF; a NUL marks those that it has to leave alone.
function Write-Host {
    param(
        [Parameter(Position = 0, ValueFromPipeline = $true, ValueFromRemainingArguments = $true)]
        [object]$Object,
        [switch]$NoNewline,
        [object]$Separator = ' ',
        [ConsoleColor]$ForegroundColor,
        [ConsoleColor]$BackgroundColor
    )
    process {
        $text = (@($Object) | ForEach-Object { "$_" }) -join "$Separator"
        if (-not $NoNewline) { $text += "`0`n" }
        [Console]::Out.Write($text)
    }
}

if ($env:IPSEC_LAB_INIT) { . $env:IPSEC_LAB_INIT }
