"""pypsrp's own tests, which run against any Windows host that is named by variables, run on ours.

They come from pypsrp's source package, fetched for the test, in a process of their own. Its tests
that replay recordings are left out: they ask no server.
"""

import os
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.memory import seeded_directory
from ipsec_orchestrator.lab.windows import (
    ControlServer,
    RegistryFile,
    SimulatedHost,
    WindowsCommands,
    WindowsSettings,
    engine_environment,
)
from ipsec_orchestrator.lab.winrm import EngineBackend, WindowsDrive, WinrmHost
from tests.lacking import lacking

USER: Final = r"IPSECTEST\Administrator"
PASSWORD: Final = "Correct-Horse-1"  # noqa: S105 - of an account that the test makes
SOURCE: Final = "pypsrp==0.9.1"
HELPERS: Final = ("xmldiff", "pytest-mock", "PyYAML")

NO_CMD: Final = "runs cmd.exe or one of its built-in commands"

EXPECTED_TO_FAIL: Final = {
    "test_client_execute_cmd": NO_CMD,
    "test_client_execute_cmd_environment": NO_CMD,
    "test_client_execute_ps_environment": NO_CMD,
    "test_psrp_multiple_commands": NO_CMD,
    "test_winrs_environment": NO_CMD,
    "test_winrs_standard": NO_CMD,
    "test_winrs_stderr_rc": NO_CMD,
}
LIVE_TESTS: Final = 35

# Keeps the tests whose connection may be a real host's: their first fixture parameter is true.
ONLY_LIVE: Final = """
def pytest_collection_modifyitems(config, items):
    def live(item):
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        return parameters.get("wsman_conn", [False])[0]
    items[:] = [item for item in items if live(item)]
"""

StartHost: TypeAlias = Callable[..., WinrmHost]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pypsrp's tests and what they need, unpacked."""
    folder = tmp_path_factory.mktemp("pypsrp")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    get_source = ["download", "--no-deps", "--no-binary", ":all:", "-d", str(folder), SOURCE]
    get_helpers = ["install", "--target", str(folder / "site"), "--no-deps", *HELPERS, "lxml"]
    for command in (get_source, get_helpers):
        done = subprocess.run([*pip, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            lacking(f"pip could not fetch {SOURCE} and its test tools: {reason[0]}")
    with tarfile.open(next(folder.glob("pypsrp-*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    (folder / "only_live.py").write_text(ONLY_LIVE)
    return folder


@pytest.fixture
def windows(engine: EngineBackend, tmp_path: Path) -> Iterator[EngineBackend]:
    """A backend with everything that a host of the lab has."""
    directory = seeded_directory(SystemClock(), units=[], computers=[])
    host = SimulatedHost(
        WindowsSettings(name="vm1", account="vm1$"),
        registry=RegistryFile(tmp_path / "vm1.json"),
        open_directory=lambda: nullcontext(directory),
        read_template=lambda _: None,
    )
    commands = WindowsCommands(host, None)
    with ControlServer(tmp_path / "control", {"vm1": commands}) as control:
        yield EngineBackend(
            executable=engine.executable,
            environment={**engine.environment, **engine_environment(commands, control)},
            drive=WindowsDrive(folder=tmp_path / "drive"),
        )


@pytest.mark.timeout(400)
def test_pypsrps_live_tests_pass(
    start_host: StartHost, windows: EngineBackend, suite: Path, tmp_path: Path
) -> None:
    """All pass but those whose reasons are listed, and none of these passes unnoticed."""
    host = start_host(windows, http_port=5985)
    report = tmp_path / "report.xml"
    tests = next(suite.glob("pypsrp-*/tests"))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(suite), str(suite / "site")]),
        "PYPSRP_SERVER": host.settings.address,
        "PYPSRP_PORT": "5985",  # the suite takes every other port for HTTPS
        "PYPSRP_USERNAME": USER,
        "PYPSRP_PASSWORD": PASSWORD,
        "PYPSRP_AUTH": "negotiate",
    }

    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "tests_pypsrp", "-q", "-c", os.devnull),
            *("-p", "only_live", "-p", "no:cacheprovider", "-p", "no:randomly"),
            *("--rootdir", str(tests), "--timeout=60", f"--junitxml={report}"),
        ],
        cwd=tests,
        env=environment,
        capture_output=True,
        timeout=380,
        check=False,
    )
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314 - written by our own pytest
    failed = {
        case.get("name", "").partition("[")[0]
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    }

    assert len(cases) == LIVE_TESTS
    assert not any(case.find("skipped") is not None for case in cases)
    assert failed == set(EXPECTED_TO_FAIL)
