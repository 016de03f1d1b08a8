"""WS-Management itself: shells, commands, limits, faults."""

import base64
import http.client
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Final, TypeAlias

import pytest
from pypsrp.complex_objects import RunspacePoolState
from pypsrp.exceptions import WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import Process, SignalCode, WinRS
from pypsrp.wsman import NAMESPACES, OptionSet, SelectorSet, WSMan, WSManAction

from ipsec_orchestrator.lab.winrm import (
    CannedBackend,
    CannedCall,
    CannedResult,
    EngineBackend,
    Quotas,
    WinrmHost,
)

ECHO: Final = 'param($Text) "$Text"'
SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"

StartHost: TypeAlias = Callable[..., WinrmHost]
Connect: TypeAlias = Callable[..., WSMan]


def test_configuration_can_be_read(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """``winrm/config`` tells the limits that the host enforces."""
    wsman = connect(start_host(canned, quotas=Quotas(max_envelope_kilobytes=300)))

    wsman.update_max_payload_size()

    assert wsman.max_envelope_size == 300 * 1024


def test_unknown_shells(start_host: StartHost, canned: CannedBackend, connect: Connect) -> None:
    """A shell id that does not exist gives fault 2150858843."""
    selectors = SelectorSet()
    selectors.add_option("ShellId", "11111111-1111-1111-1111-111111111111")

    with pytest.raises(WSManFaultError) as caught:
        connect(start_host(canned)).delete(f"{SHELL}/cmd", selector_set=selectors)

    assert caught.value.code == 2150858843


def test_unknown_commands(start_host: StartHost, backend: object, connect: Connect) -> None:
    """A command id that does not exist gives fault 2150858843."""
    with WinRS(connect(start_host(backend))) as shell:
        process = Process(shell, "powershell", id="11111111-1111-1111-1111-111111111111")
        with pytest.raises(WSManFaultError) as caught:
            process.poll_invoke()

    assert caught.value.code == 2150858843


@pytest.mark.parametrize(
    "request_and_code",
    [
        (WSManAction.GET, "http://schemas.microsoft.com/wbem/wsman/1/nothing", 2150858752),
        (WSManAction.CREATE, "http://schemas.microsoft.com/powershell/JEARole", 2150858752),
        (WSManAction.PUT, "http://schemas.microsoft.com/wbem/wsman/1/config", 2150858753),
    ],
)
def test_unknown_resources_and_actions(
    start_host: StartHost,
    canned: CannedBackend,
    connect: Connect,
    request_and_code: tuple[str, str, int],
) -> None:
    """Each is refused with the code that Windows has for it."""
    action, resource, code = request_and_code
    wsman = connect(start_host(canned))

    with pytest.raises(WSManFaultError) as caught:
        wsman.invoke(action, resource, None)

    assert caught.value.code == code


@pytest.mark.parametrize("timeout", ["-1", "x", "PT5S"])
def test_invalid_timeouts(
    start_host: StartHost, canned: CannedBackend, connect: Connect, timeout: str
) -> None:
    """The header is quoted in the fault."""
    wsman = connect(start_host(canned))
    wsman.operation_timeout = timeout  # type: ignore[assignment] # deliberately no number

    with pytest.raises(WSManFaultError) as caught:
        wsman.get_server_config()

    assert caught.value.code == 2150858767
    assert f"PT{timeout}S" in str(caught.value.reason)


def test_operation_timeout(start_host: StartHost, canned: CannedBackend, connect: Connect) -> None:
    """A Receive that finds nothing in its time gives fault 2150858793, and a later one the output."""
    release = threading.Event()

    def answer(call: CannedCall) -> CannedResult:
        release.wait(30)
        return canned.answer(call)

    with RunspacePool(connect(start_host(CannedBackend(answer=answer)))) as pool:
        shell = PowerShell(pool)
        shell.add_script(ECHO).add_parameter("Text", "late")
        shell.begin_invoke()
        with pytest.raises(WSManFaultError) as caught:
            pool.shell.receive("stdout", command_id=shell.id.upper(), timeout=1)
        release.set()
        output = shell.end_invoke()

    assert caught.value.code == 2150858793
    assert output == ["late"]


def test_shell_quota(start_host: StartHost, canned: CannedBackend, connect: Connect) -> None:
    """One shell too many is refused with fault 2150859173; a deleted one makes room."""
    host = start_host(canned, quotas=Quotas(max_shells_per_user=2))
    pools = [RunspacePool(connect(host)) for _ in range(3)]
    for pool in pools[:2]:
        pool.open()

    with pytest.raises(WSManFaultError) as caught:
        pools[2].open()
    pools[0].close()
    another = RunspacePool(connect(host))
    another.open()

    assert caught.value.code == 2150859173
    assert another.state == RunspacePoolState.OPENED


def test_command_quota(start_host: StartHost, canned: CannedBackend, connect: Connect) -> None:
    """Pipelines that were not closed count; the fault names the quota."""
    host = start_host(canned, quotas=Quotas(max_commands_per_shell=2))

    with RunspacePool(connect(host)) as pool:
        for _ in range(2):
            shell = PowerShell(pool)
            shell.add_script(ECHO).add_parameter("Text", "x").invoke()
        with pytest.raises(WSManFaultError, match="concurrent commands per shell"):
            PowerShell(pool).add_script(ECHO).add_parameter("Text", "x").invoke()


def test_requests_beyond_the_envelope_limit(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """A request larger than MaxEnvelopeSizekb gives HTTP 413 without a fault."""
    host = start_host(canned, quotas=Quotas(max_envelope_kilobytes=100))
    wsman = connect(host, max_envelope_size=400 * 1024)

    # Not closed by a with: pypsrp could not, because a refused message spoils its encryption.
    pool = RunspacePool(wsman)
    pool.open()

    with pytest.raises(WinRMTransportError) as caught:
        PowerShell(pool).add_script(ECHO).add_parameter("Text", "x" * 250000).invoke()

    assert caught.value.code == 413


def test_answers_keep_to_the_clients_envelope_limit(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """Much output comes in answers that each fit into what client and host agree on."""
    wsman = connect(start_host(canned, quotas=Quotas(max_envelope_kilobytes=150)))
    sizes: list[int] = []

    with RunspacePool(wsman) as pool:
        shell = PowerShell(pool)
        shell.add_script('"x" * 300000')
        shell.begin_invoke()
        while shell.state not in {4, 5}:
            response = wsman.transport.send(_receive(wsman, pool, shell))
            sizes.append(len(response))
            state = ET.fromstring(response).find(".//rsp:CommandState", NAMESPACES)  # noqa: S314 - our own
            if state is not None:
                break

    assert len(sizes) > 1
    assert max(sizes) <= 150 * 1024


def _receive(wsman: WSMan, pool: RunspacePool, shell: PowerShell) -> bytes:
    """Build a Receive by hand, to see the size of its answer."""
    selectors = SelectorSet()
    selectors.add_option("ShellId", pool.id)
    _, header = wsman._create_header(
        WSManAction.RECEIVE, pool.shell.resource_uri, OptionSet(), selectors
    )
    envelope = ET.Element(f"{{{NAMESPACES['s']}}}Envelope")
    envelope.append(header)
    body = ET.SubElement(envelope, f"{{{NAMESPACES['s']}}}Body")
    receive = ET.SubElement(body, f"{{{NAMESPACES['rsp']}}}Receive")
    stream = ET.SubElement(receive, f"{{{NAMESPACES['rsp']}}}DesiredStream")
    stream.set("CommandId", shell.id.upper())
    stream.text = "stdout"
    return ET.tostring(envelope)


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        "<s:Envelope",
        "text",
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>',
    ],
)
def test_documents_that_are_no_envelopes(
    start_host: StartHost, canned: CannedBackend, connect: Connect, document: str
) -> None:
    """Broken XML, and any document type, is refused as not matching the schema."""
    wsman = connect(start_host(canned))

    with pytest.raises(WinRMTransportError) as caught:
        wsman.transport.send(document.encode())

    fault = WSMan._parse_wsman_fault(caught.value.response_text)
    assert fault.code == 2150858817


def test_users_can_not_reach_each_others_shells(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """A shell belongs to whoever made it: others are told access denied and don't see it."""
    host = start_host(canned)
    other = connect(host, username=r"IPSECTEST\other")

    with RunspacePool(connect(host)) as pool:
        selectors = SelectorSet()
        selectors.add_option("ShellId", pool.id)
        with pytest.raises(WSManFaultError) as caught:
            other.delete(pool.shell.resource_uri, selector_set=selectors)
        seen = RunspacePool.get_runspace_pools(other)

    assert caught.value.code == 5
    assert seen == []


def test_pools_can_be_disconnected_and_reconnected(
    start_host: StartHost, backend: object, connect: Connect
) -> None:
    """A disconnected pool goes on and serves its client again."""
    pool = RunspacePool(connect(start_host(backend)))
    pool.open()
    pool.disconnect()
    pool.connect()

    with PowerShell(pool) as shell:
        output = shell.add_script(ECHO).add_parameter("Text", "again").invoke()
    pool.close()

    assert output == ["again"]


def test_pools_can_be_taken_over(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """Another session of the same user finds a disconnected pool and uses it."""
    host = start_host(canned)
    first = RunspacePool(connect(host))
    first.open()
    first.disconnect()

    (found,) = RunspacePool.get_runspace_pools(connect(host))
    found.connect()
    with PowerShell(found) as shell:
        output = shell.add_script(ECHO).add_parameter("Text", "mine now").invoke()
    found.close()

    assert output == ["mine now"]


def test_pool_sizes_are_negotiated(
    start_host: StartHost, engine: EngineBackend, connect: Connect
) -> None:
    """Numbers of runspaces can be asked for and set."""
    with RunspacePool(connect(start_host(engine))) as pool:
        pool.max_runspaces = 4
        available = pool.get_available_runspaces()

    assert available == 4


def test_pipeline_input_is_never_lost(
    start_host: StartHost, engine: EngineBackend, connect: Connect
) -> None:
    """Input that is sent right after its pipeline waits until the pipeline is made."""
    with RunspacePool(connect(start_host(engine))) as pool:
        outputs = []
        for index in range(20):
            shell = PowerShell(pool).add_script("process { $_ }")
            values = [index, "end"]
            outputs.append(shell.invoke(values))  # type: ignore[arg-type] # takes lists, unannotated

    assert outputs == [[index, "end"] for index in range(20)]


def test_standard_input_is_streamed(
    start_host: StartHost, engine: EngineBackend, connect: Connect
) -> None:
    """``powershell -`` runs what comes on standard input, piece by piece."""
    with WinRS(connect(start_host(engine))) as shell:
        process = Process(shell, "powershell.exe", ["-"])
        process.begin_invoke()
        process.send(b"'one';", end=False)
        process.send(b"'two'", end=True)
        process.end_invoke()

    assert process.stdout.split() == [b"one", b"two"]
    assert process.rc == 0


def test_commands_can_be_interrupted(
    start_host: StartHost, engine: EngineBackend, connect: Connect
) -> None:
    """Ctrl+C ends a command with the exit code that Windows gives it."""
    with WinRS(connect(start_host(engine))) as shell:
        process = Process(shell, "powershell", ["while ($true) { }"])
        process.begin_invoke()
        process.signal(SignalCode.CTRL_C)
        process.end_invoke()

    assert process.rc == -1073741510


def test_identity_is_told_without_authentication(
    start_host: StartHost, canned: CannedBackend
) -> None:
    """The anonymous Identify answers with product and protocol."""
    host = start_host(canned)
    connection = http.client.HTTPConnection(host.settings.address, host.http_port, timeout=10)

    connection.request("POST", "/wsman-anon/identify", b"<x/>")
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()

    assert answer.status == 200
    assert "<wsmid:ProductVendor>Microsoft Corporation" in text


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /wsman HTTP/1.1\r\n\r\n", b"405"),
        (b"POST /other HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"404"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST /wsman HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST /wsman HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST /wsman HTTP/1.1\r\nX: " + b"y" * 70000, b"431"),
    ],
)
def test_bad_http(
    start_host: StartHost, canned: CannedBackend, request_bytes: bytes, status: bytes
) -> None:
    """Requests that are no business of WinRM get the status that says why."""
    host = start_host(canned)
    connection = http.client.HTTPConnection(host.settings.address, host.http_port, timeout=10)
    connection.connect()

    connection.sock.sendall(request_bytes)
    answer = connection.sock.recv(4096)
    connection.close()

    assert answer.split(b" ")[1] == status


def test_every_encoded_command_form_is_understood(
    start_host: StartHost, engine: EngineBackend, connect: Connect
) -> None:
    """Abbreviated parameters mean the same as with powershell.exe."""
    encoded = base64.b64encode("'ran'".encode("utf-16-le")).decode()
    lines = [
        ["-NoP", "-NonI", "-enc", encoded],
        ["-ExecutionPolicy", "Bypass", "-e", encoded],
        ["-nologo", "-c", "'ran'"],
    ]
    with WinRS(connect(start_host(engine))) as shell:
        outputs = []
        for line in lines:
            process = Process(shell, "PowerShell.exe", line)
            process.invoke()
            outputs.append(process.stdout.strip())

    assert outputs == [b"ran"] * 3
