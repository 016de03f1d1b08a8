"""The socket between a PowerShell engine and the simulated hosts."""

import json
import socket
import stat
from contextlib import nullcontext
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.memory import seeded_directory
from ipsec_orchestrator.lab.windows import (
    ControlServer,
    RegistryFile,
    SimulatedHost,
    WindowsCommands,
    WindowsSettings,
)
from ipsec_orchestrator.lab.windows.control import CONTROL_VARIABLE


@pytest.fixture
def commands(tmp_path: Path) -> WindowsCommands:
    directory = seeded_directory(SystemClock(), computers=[("vm1", "")])
    host = SimulatedHost(
        WindowsSettings(name="vm1", account="VM1$", locale="ja-JP"),
        registry=RegistryFile(tmp_path / "vm1.json"),
        open_directory=lambda: nullcontext(directory),
        read_template=lambda _: None,
    )
    return WindowsCommands(host)


def ask(server: ControlServer, line: bytes) -> dict[str, object]:
    """Send one line and give the answer."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10.0)
        client.connect(server.environment("vm1")[CONTROL_VARIABLE])
        client.sendall(line)
        with client.makefile("rb") as stream:
            answer: dict[str, object] = json.loads(stream.readline())
    return answer


def test_only_its_owner_may_speak_to_it(tmp_path: Path, commands: WindowsCommands) -> None:
    """The socket has mode 600, and is gone after the end."""
    path = tmp_path / "control"

    with ControlServer(path, {"vm1": commands}):
        mode = stat.S_IMODE(path.stat().st_mode)

    assert mode == 0o600
    assert not path.exists()


def test_long_state_folders_do_no_harm(tmp_path: Path, commands: WindowsCommands) -> None:
    """A path longer than a socket's may be is reached through the open folder."""
    folder = tmp_path / ("long" * 40)
    folder.mkdir()

    with ControlServer(folder / "control", {"vm1": commands}) as server:
        answer = ask(
            server, b'{"host": "VM1", "verb": "get-service", "arguments": {"name": "bfe"}}\n'
        )

    assert answer == {
        "result": [
            {
                "name": "BFE",
                "display_name": "Base Filtering Engine",
                "status": "Running",
                "start_type": "Automatic",
            }
        ]
    }
    assert not (folder / "control").exists()


def test_errors_speak_the_hosts_language(tmp_path: Path, commands: WindowsCommands) -> None:
    """An error has an id that is the same everywhere, and words in the host's language."""
    order = b'{"host": "vm1", "verb": "get-service", "arguments": {"name": "none"}}\n'

    with ControlServer(tmp_path / "control", {"vm1": commands}) as server:
        answer = ask(server, order)

    assert answer == {
        "error": {
            "id": "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand",
            "category": "ObjectNotFound",
            "message": "none という名前のサービスはありません。",
        },
    }


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b"[]\n",
        b'{"host": "vm7", "verb": "refresh", "arguments": {}}\n',
        b'{"host": "vm1", "verb": "format-disk", "arguments": {}}\n',
        b'{"host": "vm1", "verb": "new-gpo", "arguments": {"name": "x"}}\n',
    ],
)
def test_nonsense_is_answered_with_an_error(
    tmp_path: Path,
    commands: WindowsCommands,
    line: bytes,
) -> None:
    """Whatever comes, there is an answer, and the server goes on."""
    with ControlServer(tmp_path / "control", {"vm1": commands}) as server:
        answer = ask(server, line)
        again = ask(server, b'{"host": "vm1", "verb": "get-service", "arguments": {}}\n')

    assert "error" in answer
    assert "result" in again
