"""What both backends do alike, over PSRP and over WinRS."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeAlias

import certifi
import pytest
import winrm
from pypsrp.complex_objects import ObjectMeta, PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from winrm.protocol import Protocol as WinrsProtocol

from ipsec_orchestrator.lab.winrm import CannedBackend, EngineBackend, WinrmHost

USER: Final = r"IPSECTEST\Administrator"
PASSWORD: Final = "Correct-Horse-1"  # noqa: S105 - of an account that the test makes
ECHO: Final = 'param($Text) "$Text"'
LARGE: Final = '"x" * 300000'
THROW: Final = "Write-Output before; throw 'broken'"
# What a client sends over WinRS: canned hosts do the same without running it.
BOOTSTRAP: Final = """
$document = [Console]::In.ReadToEnd() | ConvertFrom-Json
$parameters = @{}
foreach ($one in $document.parameters.PSObject.Properties) { $parameters[$one.Name] = $one.Value }
try { & ([scriptblock]::Create($document.script)) @parameters } catch {
    $failure = @{
        message = $_.Exception.Message; fully_qualified_error_id = $_.FullyQualifiedErrorId
    }
    [Console]::Error.WriteLine((ConvertTo-Json -InputObject $failure -Compress))
    exit 1
}
"""

Backend: TypeAlias = EngineBackend | CannedBackend
StartHost: TypeAlias = Callable[..., WinrmHost]
Connect: TypeAlias = Callable[..., WSMan]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a client got: output, and the error's id and message where it failed."""

    output: Sequence[str]
    error_id: str = ""
    message: str = ""


Run: TypeAlias = Callable[[WinrmHost, str, Mapping[str, str]], Outcome]


def run_in(pool: RunspacePool, script: str, parameters: Mapping[str, str]) -> Outcome:
    """Run one pipeline of a pool."""
    with PowerShell(pool) as shell:
        shell.add_script(script).add_parameters(dict(parameters))
        output = [str(item) for item in shell.invoke()]
        if shell.state == PSInvocationState.COMPLETED:
            return Outcome(output)
        record = shell.streams.error[0]
        return Outcome(output, str(record.fq_error), str(record))


@pytest.fixture(params=["psrp", "winrs"])
def run(request: pytest.FixtureRequest, connect: Connect) -> Run:
    """Each transport in turn."""

    def run_psrp(host: WinrmHost, script: str, parameters: Mapping[str, str]) -> Outcome:
        with RunspacePool(connect(host)) as pool:
            return run_in(pool, script, parameters)

    def run_winrs(host: WinrmHost, script: str, parameters: Mapping[str, str]) -> Outcome:
        protocol = WinrsProtocol(
            f"http://{host.settings.address}:{host.http_port}/wsman",
            transport="ntlm",
            username=USER,
            password=PASSWORD,
            message_encryption="always",
            ca_trust_path=certifi.where(),  # or pywinrm warns of variables that other tests read
            proxy=None,
        )
        encoded = base64.b64encode(BOOTSTRAP.encode("utf-16-le")).decode()
        shell = protocol.open_shell(codepage=65001)
        arguments = ("-NoProfile", "-NonInteractive", "-EncodedCommand", encoded)
        command = protocol.run_command(shell, "powershell", arguments)
        document = json.dumps({"script": script, "parameters": parameters}).encode()
        protocol.send_command_input(shell, command, document, end=True)
        output, errors, code = protocol.get_command_output(shell, command)
        protocol.cleanup_command(shell, command)
        protocol.close_shell(shell)
        lines = output.decode().splitlines()
        if code == 0:
            return Outcome(lines)
        error = json.loads(errors)
        return Outcome(lines, error["fully_qualified_error_id"], error["message"])

    return run_psrp if request.param == "psrp" else run_winrs


def test_parameters_arrive_and_output_returns_unharmed(
    start_host: StartHost, backend: Backend, run: Run
) -> None:
    """Text outside ASCII survives the way there and back."""
    text = "Grüße an こんにちは <&>\"'"

    outcome = run(start_host(backend), ECHO, {"Text": text})

    assert outcome == Outcome([text])


def test_large_output_arrives_whole(start_host: StartHost, backend: Backend, run: Run) -> None:
    """300 kB, twice what one envelope holds, come in several answers and lose nothing."""
    assert run(start_host(backend), LARGE, {}) == Outcome(["x" * 300000])


def test_large_parameters_arrive_whole(
    start_host: StartHost, canned: CannedBackend, run: Run
) -> None:
    """A parameter that fills most of an envelope reaches the script."""
    text = "p" * 60000

    assert run(start_host(canned), ECHO, {"Text": text}) == Outcome([text])


def test_terminating_errors_are_told_with_their_id(
    start_host: StartHost, backend: Backend, run: Run
) -> None:
    """Output before the error is kept, and the error carries its id and message."""
    outcome = run(start_host(backend), THROW, {})

    assert outcome == Outcome(["before"], "broken", "broken")


def test_unknown_scripts_fail_on_canned_hosts(
    start_host: StartHost, canned: CannedBackend, run: Run
) -> None:
    """A script that nobody prepared for looks like a command that does not exist."""
    assert run(start_host(canned), "Get-Something", {}).error_id == "CommandNotFoundException"


def test_fifty_pipelines_in_one_pool(
    start_host: StartHost, backend: Backend, connect: Connect
) -> None:
    """A pool serves one pipeline after the other and mixes nothing up."""
    with RunspacePool(connect(start_host(backend))) as pool:
        outcomes = [run_in(pool, ECHO, {"Text": f"number {index}"}) for index in range(50)]

    assert outcomes == [Outcome([f"number {index}"]) for index in range(50)]


def test_twenty_clients_at_once(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """Clients that come together each get their own answer."""
    host = start_host(canned)

    def ask(index: int) -> Outcome:
        with RunspacePool(connect(host)) as pool:
            return run_in(pool, ECHO, {"Text": f"client {index}"})

    with ThreadPoolExecutor(20) as executor:
        outcomes = list(executor.map(ask, range(20)))

    assert outcomes == [Outcome([f"client {index}"]) for index in range(20)]


def test_canned_answers_know_host_and_user(
    start_host: StartHost, canned: CannedBackend, run: Run
) -> None:
    """The callable is told which host is asked and who asks."""
    outcome = run(start_host(canned), "whoami", {})

    assert outcome == Outcome([rf"{USER} on vm1"])


def test_secure_strings_reach_canned_answers_in_the_clear(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """A secure string is exchanged under the session key and decrypted for the callable."""
    with RunspacePool(connect(start_host(canned))) as pool:
        pool.exchange_keys()
        with PowerShell(pool) as shell:
            secret = pool.serialize("geheim", ObjectMeta("SS"))
            shell.add_script(ECHO).add_parameter("Text", secret)
            output = shell.invoke()

    assert output == ["geheim"]


def test_a_failing_callable_fails_its_pipeline(
    start_host: StartHost, canned: CannedBackend, run: Run
) -> None:
    """A bug in a canned answer ends the script in an error instead of leaving the client waiting."""
    assert run(start_host(canned), "raise", {}).error_id == "CannedAnswerFailed"


def test_stopped_pipelines_report_it(
    start_host: StartHost, engine: EngineBackend, connect: Connect
) -> None:
    """Ctrl+C ends a script that would run for ever."""
    with RunspacePool(connect(start_host(engine))) as pool:
        shell = PowerShell(pool)
        shell.add_script("while ($true) { }")
        shell.begin_invoke()
        shell.stop()

    assert shell.state == PSInvocationState.STOPPED


@pytest.mark.parametrize("program", ["ipconfig", r"C:\Windows\System32\ipconfig.exe", "dir"])
def test_other_programs_are_not_recognized(
    start_host: StartHost, backend: Backend, program: str
) -> None:
    """Without cmd.exe every program but PowerShell ends with exit code 1."""
    host = start_host(backend)
    session = winrm.Session(
        f"http://{host.settings.address}:{host.http_port}/wsman",
        auth=(USER, PASSWORD),
        transport="ntlm",
        ca_trust_path=None,
        proxy=None,
    )

    answer = session.run_cmd(program, ["/all"])

    assert answer.status_code == 1
    assert answer.std_err.startswith(f"'{program}' is not recognized".encode())


def test_pywinrm_scripts_run(start_host: StartHost, engine: EngineBackend) -> None:
    """``run_ps`` gives output, host output and the exit code of a script."""
    host = start_host(engine)
    session = winrm.Session(
        f"http://{host.settings.address}:{host.http_port}/wsman",
        auth=(USER, PASSWORD),
        transport="ntlm",
        message_encryption="auto",
        ca_trust_path=None,
        proxy=None,
    )

    answer = session.run_ps("'öffentlich'; Write-Host shown; exit 7")

    assert answer.status_code == 7
    assert answer.std_out.decode().splitlines() == ["öffentlich", "shown"]
