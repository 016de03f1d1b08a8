"""Labs with a real wire, with and without PowerShell, and what watches them."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ipsec_orchestrator.lab.wire.prerequisites import missing_prerequisites
from tests.lab.wire.on_the_wire import Sniffer
from tests.lacking import lacking
from tests.system.conftest import (
    POWERSHELL_VARIABLE,
    Laboratory,
    MakeLab,
    document,
)
from tests.system.wire.proofs import Start, prove_process


@pytest.fixture(scope="session")
def _wire_can_run() -> None:
    missing = missing_prerequisites(3)
    if missing:
        lacking("; ".join(item.sentence for item in missing))
    if shutil.which("tcpdump") is None:
        lacking("The independent sniffer is missing: apt-get install tcpdump.")


@pytest.fixture(scope="session")
def wired(_wire_can_run: None, make_lab: MakeLab) -> Laboratory:
    """A lab with a wire, its scripts answered without PowerShell, shared."""
    return make_lab("wired", "--wire")


@pytest.fixture(scope="session")
def wired_powershell(_wire_can_run: None, make_lab: MakeLab) -> Laboratory:
    """A lab with a wire whose scripts run in PowerShell, shared."""
    powershell = os.environ.get(POWERSHELL_VARIABLE) or shutil.which("pwsh")
    if powershell is None:
        lacking(f"no PowerShell: neither {POWERSHELL_VARIABLE} nor pwsh")
    return make_lab("wired-powershell", "--wire", powershell=powershell)


@pytest.fixture
def lab(wired: Laboratory) -> Laboratory:
    """The lab as it was when it was made, and all well."""
    wired.reset()
    return wired


@pytest.fixture(params=["canned", "powershell"])
def any_lab(request: pytest.FixtureRequest) -> Laboratory:
    """Either lab as it was when it was made."""
    name = "wired" if request.param == "canned" else "wired_powershell"
    found: Laboratory = request.getfixturevalue(name)
    found.reset()
    return found


@pytest.fixture
def sniff(tmp_path: Path) -> Callable[[Laboratory], Sniffer]:
    """What puts tcpdump on a lab's bridge."""

    def start(lab: Laboratory) -> Sniffer:
        wire = document(lab.orchestrate("lab", "status", "--json"))["wire"]
        return Sniffer(wire["namespace"], wire["bridge"], tmp_path / "bridge.pcap")

    return start


@pytest.fixture
def prove_in() -> Iterator[Callable[[Laboratory], Start]]:
    """What starts ``orchestrate prove`` in a lab and leaves it running; killed if it still runs."""
    started: list[subprocess.Popen[str]] = []

    def choose(lab: Laboratory) -> Start:
        def start(*options: str) -> subprocess.Popen[str]:
            started.append(prove_process(lab, *options))
            return started[-1]

        return start

    yield choose
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def proving(any_lab: Laboratory, prove_in: Callable[[Laboratory], Start]) -> Start:
    """What starts ``orchestrate prove`` in either lab."""
    return prove_in(any_lab)
