<#
Stands in for commands that only Windows has, in every session of a simulated host (PSLAB_INIT).
Parameters are those of Windows PowerShell 5.1. What a command does is done by the lab: it is asked
through the Unix socket in IPSEC_LAB_CONTROL, one JSON object a line each way.
#>

if (-not $env:SystemRoot) { $env:SystemRoot = 'C:\Windows' }

if ($env:IPSEC_LAB_DRIVE) {
    $files = $ExecutionContext.SessionState.Provider.GetOne('FileSystem')
    $null = $ExecutionContext.SessionState.Drive.New([System.Management.Automation.PSDriveInfo]::new('C', $files, $env:IPSEC_LAB_DRIVE, '', $null), 'Global')
    # A session begins in the user's own folder, which is where the engine was started.
    $null = $ExecutionContext.SessionState.Path.SetLocation([System.IO.Directory]::GetCurrentDirectory())
}

# 5.1 hands the colours of host calls on to the client.
[System.Management.Automation.PSStyle]::Instance.OutputRendering = 'Host'

function global:Invoke-LabCommand {
    param([string] $Verb, [hashtable] $Arguments = @{})
    $request = ConvertTo-Json -InputObject @{ host = $env:IPSEC_LAB_HOST; verb = $Verb; arguments = $Arguments } -Compress -Depth 5
    $socket = [System.Net.Sockets.Socket]::new([System.Net.Sockets.AddressFamily]::Unix, [System.Net.Sockets.SocketType]::Stream, [System.Net.Sockets.ProtocolType]::Unspecified)
    try {
        $socket.Connect([System.Net.Sockets.UnixDomainSocketEndPoint]::new($env:IPSEC_LAB_CONTROL))
        $stream = [System.Net.Sockets.NetworkStream]::new($socket)
        $bytes = [System.Text.Encoding]::UTF8.GetBytes($request + "`n")
        $stream.Write($bytes, 0, $bytes.Length)
        $reader = [System.IO.StreamReader]::new($stream, [System.Text.Encoding]::UTF8)
        $answer = ConvertFrom-Json -InputObject $reader.ReadLine()
    } finally {
        $socket.Dispose()
    }
    if ($answer.error) {
        $reason = [System.InvalidOperationException]::new($answer.error.message)
        throw [System.Management.Automation.ErrorRecord]::new($reason, $answer.error.id, $answer.error.category, $null)
    }
    $answer.result
}

function global:ConvertFrom-LabInstance {
    param($Properties, [string] $ClassName)
    $instance = New-Object -TypeName PSObject
    $instance.PSObject.TypeNames.Insert(0, "Microsoft.Management.Infrastructure.CimInstance#$ClassName")
    foreach ($property in $Properties.PSObject.Properties) {
        $value = $property.Value
        if ($value -is [System.Management.Automation.PSCustomObject]) {
            $value = [datetime]::Parse($value.utc, [cultureinfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::RoundtripKind).ToLocalTime()
        }
        Add-Member -InputObject $instance -MemberType NoteProperty -Name $property.Name -Value $value
    }
    $instance
}

function global:Get-CimInstance {
    [CmdletBinding(DefaultParameterSetName = 'Class')]
    param(
        [Parameter(Mandatory = $true, Position = 0, ParameterSetName = 'Class')] [string] $ClassName,
        [Parameter(ParameterSetName = 'Class')] [string] $Filter,
        [Parameter(Mandatory = $true, ParameterSetName = 'Query')] [string] $Query,
        [string] $Namespace = 'root\cimv2',
        [string[]] $Property,
        [uint32] $OperationTimeoutSec
    )
    $found = if ($Query) {
        Invoke-LabCommand -Verb 'cim-query' -Arguments @{ namespace = $Namespace; query = $Query }
    } else {
        Invoke-LabCommand -Verb 'cim-instances' -Arguments @{ namespace = $Namespace; class = $ClassName; filter = $Filter }
    }
    foreach ($item in $found) { ConvertFrom-LabInstance -Properties $item -ClassName $ClassName }
}

function global:Invoke-CimMethod {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, Position = 0)] [Alias('Class')] [string] $ClassName,
        [Parameter(Mandatory = $true, Position = 1)] [Alias('Name')] [string] $MethodName,
        [Parameter(Position = 2)] [System.Collections.IDictionary] $Arguments,
        [string] $Namespace = 'root\cimv2'
    )
    if ($ClassName -ne 'Win32_Process' -or $MethodName -ne 'Create') {
        $reason = [System.InvalidOperationException]::new("$ClassName has no method $MethodName here.")
        $PSCmdlet.ThrowTerminatingError([System.Management.Automation.ErrorRecord]::new($reason, 'HRESULT 0x8004102f,Microsoft.Management.Infrastructure.CimCmdlets.InvokeCimMethodCommand', 'InvalidOperation', $ClassName))
    }
    $started = Invoke-LabCommand -Verb 'start-process' -Arguments @{ command_line = [string] $Arguments['CommandLine'] }
    [PSCustomObject] @{ ProcessId = $started.process_id; ReturnValue = [uint32] $started.return_value; PSComputerName = $null }
}

function global:gpupdate {
    $force = @($args | Where-Object { $_ -eq '/force' }).Count -gt 0
    $done = Invoke-LabCommand -Verb 'refresh' -Arguments @{ force = $force }
    $global:LASTEXITCODE = if ($done.completed) { 0 } else { 1 }
}
Set-Alias -Name 'gpupdate.exe' -Value 'gpupdate' -Scope Global

function global:ConvertFrom-LabService {
    param($Service, [string] $AskedFor)
    # ServiceController keeps the name that it was made with.
    $name = if ($AskedFor) { $AskedFor } else { $Service.name }
    $found = [PSCustomObject] @{ Name = $name; ServiceName = $name; DisplayName = $Service.display_name; Status = $Service.status; StartType = $Service.start_type }
    $found.PSObject.TypeNames.Insert(0, 'System.ServiceProcess.ServiceController')
    $found
}

function global:Get-Service {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)] [Alias('ServiceName')] [string[]] $Name = @(''))
    process {
        foreach ($wanted in $Name) {
            foreach ($found in Invoke-LabCommand -Verb 'get-service' -Arguments @{ name = $wanted }) { ConvertFrom-LabService -Service $found -AskedFor $wanted }
        }
    }
}

function global:Set-Service {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, Position = 0, ValueFromPipelineByPropertyName = $true)] [Alias('ServiceName', 'SN')] [string] $Name,
        [Alias('StartMode', 'SM', 'ST')] [ValidateSet('Automatic', 'Manual', 'Disabled')] [string] $StartupType = '',
        [ValidateSet('Running', 'Stopped')] [string] $Status = '',
        [switch] $PassThru
    )
    $service = Invoke-LabCommand -Verb 'set-service' -Arguments @{ name = $Name; start_type = $StartupType; status = $Status }
    if ($PassThru) { ConvertFrom-LabService -Service $service }
}

function global:Start-Service {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([Parameter(Mandatory = $true, Position = 0, ValueFromPipelineByPropertyName = $true)] [Alias('ServiceName')] [string[]] $Name, [switch] $PassThru)
    foreach ($wanted in $Name) { Set-Service -Name $wanted -Status Running -PassThru:$PassThru }
}

function global:Stop-Service {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([Parameter(Mandatory = $true, Position = 0, ValueFromPipelineByPropertyName = $true)] [Alias('ServiceName')] [string[]] $Name, [switch] $Force, [switch] $NoWait, [switch] $PassThru)
    foreach ($wanted in $Name) { Set-Service -Name $wanted -Status Stopped -PassThru:$PassThru }
}

function global:Out-String {
    # 5.1 fills the lines of a table up to their width, cuts long values with three dots, and leaves
    # two lines blank after it; the engine does none of these.
    [CmdletBinding()]
    param(
        [switch] $Stream,
        [ValidateRange(2, 2147483647)] [int] $Width,
        [Parameter(ValueFromPipeline = $true)] [psobject] $InputObject
    )
    begin {
        $options = @{ Stream = $true }
        if ($Width) { $options.Width = $Width }
        $inner = { Microsoft.PowerShell.Utility\Out-String @options }.GetSteppablePipeline($MyInvocation.CommandOrigin)
        $inner.Begin($true)
        # A client that names the switch without a value sends null.
        $asLines = $PSBoundParameters.ContainsKey('Stream')
        $text = [System.Text.StringBuilder]::new()
        $table = [System.Collections.Generic.List[string]]::new()
        $state = @{ blank = $false; inside = $false }
        function Write-Line($Lines) { if ($asLines) { $Lines } else { foreach ($one in $Lines) { $null = $text.Append($one + "`r`n") } } }
        function Write-Table {
            $widest = ($table | Measure-Object -Property Length -Maximum).Maximum
            Write-Line @(foreach ($row in $table) { ($row -creplace '..\u2026(?= |$)', '...').PadRight($widest) })
            $table.Clear()
        }
        function Step-Line([string] $Line) {
            if ($state.inside) {
                if ($Line) { $table.Add($Line); return }
                Write-Table
                Write-Line @('', '')
                $state.inside = $false
            } elseif ($table.Count) {
                if ($Line -match '^ *-+( +-+)* *$') { $table.Add($Line); $state.inside = $true; return }
                # It was no heading.
                Write-Line @($table[0], $Line)
                $table.Clear()
            } elseif ($state.blank -and $Line) { $table.Add($Line); return } else { Write-Line @($Line) }
            $state.blank = -not $Line
        }
    }
    process {
        $lines = $inner.Process($InputObject)
        if ($InputObject -is [string] -and $state.inside) {
            # A text does not end the table that it stands in.
            Write-Table
            Write-Line $lines
        } else { foreach ($line in $lines) { Step-Line $line } }
    }
    end {
        foreach ($line in $inner.End()) { Step-Line $line }
        if ($table.Count) { Write-Table }
        if (-not $asLines) { $text.ToString() }
    }
}

function global:Get-Culture { [PSCustomObject] @{ Name = if ($env:IPSEC_LAB_LOCALE) { $env:IPSEC_LAB_LOCALE } else { 'en-US' } } }

function global:Get-UICulture { Get-Culture }

if ($env:IPSEC_LAB_CLOCK_SKEW_SECONDS -and [double]::Parse($env:IPSEC_LAB_CLOCK_SKEW_SECONDS, [cultureinfo]::InvariantCulture) -ne 0) {
    function global:Get-Date {
        [CmdletBinding()]
        param([Parameter(Position = 0)] [datetime] $Date, [string] $Format, [string] $UFormat)
        $now = if ($PSBoundParameters.ContainsKey('Date')) { $Date } else {
            (Microsoft.PowerShell.Utility\Get-Date).AddSeconds([double]::Parse($env:IPSEC_LAB_CLOCK_SKEW_SECONDS, [cultureinfo]::InvariantCulture))
        }
        if ($Format) { $now.ToString($Format) } elseif ($UFormat) { Microsoft.PowerShell.Utility\Get-Date -Date $now -UFormat $UFormat } else { $now }
    }
}

if ($env:IPSEC_LAB_HEALTH) { . $env:IPSEC_LAB_HEALTH }
if ($env:IPSEC_LAB_GROUP_POLICY) { . $env:IPSEC_LAB_GROUP_POLICY }
if ($env:IPSEC_LAB_DIRECTORY_LOG) { . $env:IPSEC_LAB_DIRECTORY_LOG }

if ($env:IPSEC_LAB_TASKS) { . $env:IPSEC_LAB_TASKS }
if ($env:IPSEC_LAB_NETWORK) { . $env:IPSEC_LAB_NETWORK }
