"""Services that simulated hosts try on each other: real ports and pages behind the shown addresses."""

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.memory import seeded_directory
from ipsec_orchestrator.facts.probed_services import ProbedService, parse_probed_services
from ipsec_orchestrator.lab.windows import (
    NetworkPlace,
    RegistryFile,
    SimulatedHost,
    SimulatedNetwork,
    WindowsCommands,
    WindowsSettings,
)
from ipsec_orchestrator.lab.windows.canned_health import probe_services
from ipsec_orchestrator.model.json import Json


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """A web server that knows one page."""
    server = HTTPServer(("127.0.0.1", 0), _Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def vm1(tmp_path: Path) -> WindowsCommands:
    """A member in whose network host1 really listens."""
    directory = seeded_directory(SystemClock(), units=["IPSecOU"], computers=[("vm1", "IPSecOU")])
    network = SimulatedNetwork(
        [
            NetworkPlace(
                fqdn="host1.ipsectest.com",
                shown=ip_address("10.2.27.10"),
                real=ip_address("127.0.0.1"),
            )
        ]
    )
    return WindowsCommands(
        SimulatedHost(
            WindowsSettings(name="vm1", account="VM1$"),
            registry=RegistryFile(tmp_path / "vm1.json"),
            open_directory=lambda: nullcontext(directory),
            read_template=lambda _: None,
            network=network,
        )
    )


def test_ports_and_pages_answer_as_they_are(vm1: WindowsCommands, port: int) -> None:
    """By address and by name; a page that is not there is an answer, a closed port is none."""
    checks = [
        f"tcp 10.2.27.10 {port}",
        f"tcp host1.ipsectest.com {port}",
        f"http http://host1.ipsectest.com:{port}/health",
        f"http http://10.2.27.10:{port}/other",
        "http http://10.2.27.10:1/",
    ]
    found = parse_probed_services(probe_services(vm1, {"Checks": list[Json](checks)}))

    assert found == (
        ProbedService(check=checks[0], result=0),
        ProbedService(check=checks[1], result=0),
        ProbedService(check=checks[2], result=0, status=200),
        ProbedService(check=checks[3], result=0, status=404),
        ProbedService(check=checks[4], result=10061),
    )
