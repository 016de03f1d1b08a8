"""The process that is a running lab: domain, hosts, fresh tickets; ends with all of them.

Started by ``lab up`` in a session of its own. Whoever wants something of it speaks through a Unix
socket, one JSON object a line each way.
"""

import json
import logging
import os
import signal
import socketserver
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from typing_extensions import override

from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.lab.azure import AzureImitation, scene_of
from ipsec_orchestrator.lab.azure.lab_side import PORT as AZURE_PORT
from ipsec_orchestrator.lab.domain.claim import open_layout
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.lab_hosts import lab_hosts
from ipsec_orchestrator.lab.lab_inventory import azure_files
from ipsec_orchestrator.lab.lab_settings import (
    LabSettings,
    faults_from_json,
    faults_to_json,
    settings_file,
)
from ipsec_orchestrator.lab.simulation import Simulation
from ipsec_orchestrator.model.json import Json

_LOG: Final = logging.getLogger("ipsec_orchestrator.lab")
TICKET_SECONDS: Final = 3600.0
_REQUEST_BYTES: Final = 100_000
_ARGUMENTS: Final = 3


def channel_path(layout: LabLayout) -> Path:
    """Give the socket of the process that runs a lab."""
    return layout.root / "supervisor"


@contextmanager
def channel_address(layout: LabLayout) -> Generator[str]:
    """Give that socket a short name: Unix allows 107 bytes, and state folders may lie deeper.

    Raises:
        FileNotFoundError: The lab has no folder.
    """
    folder = os.open(layout.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{channel_path(layout).name}"
    finally:
        os.close(folder)


def log_path(layout: LabLayout) -> Path:
    """Give the log of the process that runs a lab."""
    return layout.root / "supervisor.log"


class _Connection(socketserver.StreamRequestHandler):
    @override
    def handle(self) -> None:
        line = self.rfile.readline(_REQUEST_BYTES)
        if isinstance(self.server, _Channel) and line:
            self.wfile.write(json.dumps(self.server.answer(line)).encode() + b"\n")


class _Channel(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, layout: LabLayout, simulation: Simulation) -> None:
        channel_path(layout).unlink(missing_ok=True)
        old = os.umask(0o177)
        try:
            with channel_address(layout) as address:
                super().__init__(address, _Connection)
        finally:
            os.umask(old)
        self._simulation = simulation

    def answer(self, line: bytes) -> Json:
        """Carry out one request."""
        request: Json = json.loads(line)
        try:
            match request:
                case {"verb": "status"}:
                    faults = self._simulation.faults()
                    return {
                        "pid": os.getpid(),
                        "faults": {name: faults_to_json(f) for name, f in faults.items()},
                    }
                case {"verb": "faults", "host": str(host), "faults": Mapping() as faults}:
                    self._simulation.set_faults(host, faults_from_json(faults))
                    return {"done": True}
                case {"verb": "reboot", "host": str(host)}:
                    self._simulation.reboot(host)
                    return {"done": True}
                case _:
                    return {"error": "there is no such request"}
        except OrchestratorError as error:
            return {"error": str(error)}


def supervise(layout: LabLayout) -> None:
    """Run a lab until a SIGTERM or SIGINT comes.

    Raises:
        OrchestratorError: The domain or a host did not start; nothing is left running.
    """
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    os.environ["KRB5_CONFIG"] = str(layout.krb5_conf)
    settings = LabSettings.from_json(settings_file(layout.root).read_text(encoding="utf-8"))
    domain = Domain.open(layout)
    hosts = lab_hosts(layout, settings.members)
    with ExitStack() as stack:
        stack.callback(domain.stop)
        domain.start()
        stack.enter_context(
            AzureImitation(
                azure_files(layout),
                layout.dc_address,
                scene_of(hosts),
                port=AZURE_PORT,
            ),
        )
        simulation = Simulation(layout, hosts, settings)
        stack.callback(simulation.stop)
        simulation.start()
        _serve(layout, domain, simulation, stopping)


def _serve(
    layout: LabLayout,
    domain: Domain,
    simulation: Simulation,
    stopping: threading.Event,
) -> None:
    with _Channel(layout, simulation) as channel:
        thread = threading.Thread(
            target=channel.serve_forever,
            kwargs={"poll_interval": 0.1},
            daemon=True,
        )
        thread.start()
        _LOG.warning("the lab is up")
        while not stopping.wait(TICKET_SECONDS):
            try:
                domain.renew_admin_ticket()
            except OrchestratorError:
                _LOG.exception("the ticket was not renewed")
        channel.shutdown()
        thread.join()
    channel_path(layout).unlink(missing_ok=True)


def main() -> None:
    """``python -m ipsec_orchestrator.lab.supervisor STATE_DIR NAME``."""
    if len(sys.argv) != _ARGUMENTS:
        sys.exit("usage: python -m ipsec_orchestrator.lab.supervisor STATE_DIR NAME")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    try:
        supervise(open_layout(Path(sys.argv[1]), sys.argv[2]))
    except OrchestratorError as error:
        _LOG.error("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
