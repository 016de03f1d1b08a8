"""Child processes and threads: none is left when its time is over."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import Process, WinRS
from pypsrp.wsman import WSMan

from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.lab.winrm import (
    CannedBackend,
    EngineBackend,
    HostSettings,
    Quotas,
    WinrmHost,
    WinrmService,
)

ECHO: Final = 'param($Text) "$Text"'
CLIENT: Final = """
import sys
from pypsrp.powershell import RunspacePool
from pypsrp.wsman import WSMan
address, port, password = sys.argv[1], int(sys.argv[2]), sys.stdin.readline().strip()
wsman = WSMan(address, port=port, ssl=False, username="IPSECTEST\\\\Administrator",
              password=password, auth="ntlm", no_proxy=True)
RunspacePool(wsman).open()
print("open", flush=True)
sys.stdin.readline()
"""
PASSWORD: Final = "Correct-Horse-1"  # noqa: S105 - of an account that the test makes

StartHost: TypeAlias = Callable[..., WinrmHost]
Connect: TypeAlias = Callable[..., WSMan]


@pytest.fixture
def marked(engine: EngineBackend) -> EngineBackend:
    """An engine whose children can be told from everybody else's."""
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    return replace(engine, environment={**engine.environment, "IPSEC_LAB_TEST_MARK": mark})


def children(engine: EngineBackend) -> Iterator[int]:
    """Find the live processes with that engine's mark."""
    mark = f"IPSEC_LAB_TEST_MARK={engine.environment['IPSEC_LAB_TEST_MARK']}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)
        except OSError:
            continue  # ended meanwhile, or another user's


def wait_for_no_children(engine: EngineBackend, *, seconds: float) -> bool:
    """Wait until none is left, at most so long."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while any(children(engine)):
        if time.monotonic() > deadline:
            return False
        pause.wait(0.1)
    return True


def test_deleting_a_shell_ends_its_process(
    start_host: StartHost, marked: EngineBackend, connect: Connect
) -> None:
    """One process a pool, and none when the pool is closed."""
    with RunspacePool(connect(start_host(marked))):
        during = len(list(children(marked)))

    assert during == 1
    assert not list(children(marked))


def test_stopping_a_host_ends_all_processes(
    start_host: StartHost, marked: EngineBackend, connect: Connect
) -> None:
    """Busy pools and commands end with their host, and waiting clients are let go."""
    host = start_host(marked)
    pool = RunspacePool(connect(host))
    pool.open()
    PowerShell(pool).add_script("while ($true) { }").begin_invoke()
    shell = WinRS(connect(host))
    shell.open()
    Process(shell, "powershell", ["while ($true) { }"]).begin_invoke()
    during = len(list(children(marked)))

    host.stop()

    assert during >= 2  # more while a start script has not handed over yet
    assert not list(children(marked))


def test_a_killed_client_leaves_no_process(start_host: StartHost, marked: EngineBackend) -> None:
    """A client that vanishes without Delete loses its shell when that has been idle too long."""
    host = start_host(marked, quotas=Quotas(idle_timeout_seconds=1.0))
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, host.settings.address, str(host.http_port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    with client, client.stdin, client.stdout:
        client.stdin.write(PASSWORD + "\n")
        client.stdin.flush()
        assert client.stdout.readline() == "open\n"
        during = len(list(children(marked)))
        client.kill()

    assert during == 1
    assert wait_for_no_children(marked, seconds=10)


def test_shells_in_use_do_not_idle_out(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """A Receive that waits keeps its shell alive."""
    host = start_host(canned, quotas=Quotas(idle_timeout_seconds=1.0))

    with RunspacePool(connect(host)) as pool:
        with pytest.raises(WSManFaultError) as caught:
            pool.shell.receive("stdout", timeout=4)
        with PowerShell(pool) as shell:
            output = shell.add_script(ECHO).add_parameter("Text", "alive").invoke()

    assert caught.value.code == 2150858793
    assert output == ["alive"]


def test_a_dying_engine_is_reported(
    start_host: StartHost, marked: EngineBackend, connect: Connect
) -> None:
    """A PowerShell that ends by itself gives fault 1726, as a crashed wsmprovhost does."""
    pool = RunspacePool(connect(start_host(marked)))
    pool.open()
    (child,) = children(marked)
    os.kill(child, signal.SIGKILL)

    with pytest.raises(WSManFaultError) as caught:
        PowerShell(pool).add_script("1").invoke()

    assert caught.value.code == 1726


def test_output_waits_for_a_client_that_comes_back(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """What a Receive could not deliver, because its client had gone, the next one gets."""
    wsman = connect(start_host(canned), read_timeout=1, operation_timeout=20)
    pool = RunspacePool(wsman)
    pool.open()
    shell = PowerShell(pool)
    shell.add_script(ECHO).add_parameter("Text", "kept")
    shell.begin_invoke()
    # The first Receive takes the output; a second waits and is abandoned by its client.
    output = shell.end_invoke()

    assert output == ["kept"]


def test_many_hosts_cost_few_threads(tmp_path: Path, canned: CannedBackend) -> None:
    """200 hosts listen with as many threads as one."""
    accounts = tmp_path / "accounts"
    accounts.write_text("")
    before = threading.active_count()
    hosts = [
        HostSettings(
            name=f"host{number}",
            fqdn=f"host{number}.ipsectest.com",
            address=f"127.{128 + os.getpid() % 64}.251.{number}",
            http_port=0,
            backend=canned,
        )
        for number in range(1, 201)
    ]

    with WinrmService(hosts, ntlm_user_file=accounts) as service:
        added = threading.active_count() - before
        for name in ("host1", "host200"):
            host = service.hosts[name]
            socket.create_connection((host.settings.address, host.http_port or 0), 5).close()

    assert added == 2


def test_a_taken_port_is_named(tmp_path: Path, canned: CannedBackend) -> None:
    """Starting on an address in use fails in one sentence and leaves nothing listening."""
    accounts = tmp_path / "accounts"
    accounts.write_text("")
    address = f"127.{128 + os.getpid() % 64}.252.1"
    with socket.create_server((address, 0)) as taken:
        port = taken.getsockname()[1]
        settings = [
            HostSettings(name="free", fqdn="f", address=address, http_port=0, backend=canned),
            HostSettings(name="taken", fqdn="t", address=address, http_port=port, backend=canned),
        ]
        service = WinrmService(settings, ntlm_user_file=accounts)
        with pytest.raises(BackendError, match=f"{address}:{port} can't be listened on"):
            service.start()
        free = service.hosts["free"].http_port

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, free or 0), 5)
