"""``orchestrate reconcile --every`` as a process: it shows metrics, tells, and ends when told to."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.pass_store import pass_store
from ipsec_orchestrator.cli.entry import run
from ipsec_orchestrator.cli.exit_codes import Exit
from tests.receivers import web_receiver

ROOT = Path(__file__).parents[2]
PLAYBOOK = ROOT / "playbooks" / "azure-onpremises.yml"
NOWHERE = """
domain: {name: nowhere.invalid, controllers: [dc1], pdc: dc1, ldap: {address: 127.0.0.1, port: 9}}
networks: {azure: 10.0.1.0/24, on-premises: 10.2.27.0/25}
hosts:
  dc1: {role: domain-controller}
  vm1: {role: azure-vm}
  vm2: {role: azure-vm}
  host1: {role: on-premises}
"""


def until(come: Callable[[], bool]) -> None:
    """Wait until something has come."""
    for _ in range(600):
        if come():
            return
        time.sleep(0.1)
    pytest.fail("it did not come within a minute")


def failed_passes(port: int) -> float:
    """Ask the service whether its last pass failed; 0 while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    except urllib.error.URLError:
        return 0
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("outcome") == "failed"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_the_service_shows_what_it_knows_until_it_is_stopped(tmp_path: Path) -> None:
    """A domain that can't be reached is a failed pass in the metrics and one message."""
    (tmp_path / "inventory.yml").write_text(NOWHERE, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with web_receiver(None) as web:
        service = subprocess.Popen(
            [
                *(sys.executable, "-m", "ipsec_orchestrator", "reconcile", str(PLAYBOOK)),
                *("-i", "inventory.yml", "--every", "1s", "--state", "state"),
                *("--metrics-port", str(port), "--event-log", "ecs:log.json"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "IPSEC_ORCHESTRATOR_USER": "alice@NOWHERE.INVALID",
                "IPSEC_ORCHESTRATOR_PASSWORD": "x",
                "IPSEC_ORCHESTRATOR_NOTIFY": f"json://127.0.0.1:{web.port}/T0PSECRET",
            },
        )
        try:
            until(lambda: failed_passes(port) == 1 and bool(web.taken))
            service.send_signal(signal.SIGTERM)
            said, _ = service.communicate(timeout=60)
        finally:
            service.kill()
            service.wait()

    assert service.returncode == 0, said
    assert [taken["title"] for taken in web.taken] == [
        "Alarm: azure-onpremises (nowhere.invalid): the pass failed"
    ]
    lines = (tmp_path / "log.json").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event.action"] for line in lines] == ["failed"]
    assert "T0PSECRET" not in said
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_an_inventory_that_can_not_be_used_any_more_is_a_failed_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whose pass it is, is known from the one before; people and logs hear of it."""
    monkeypatch.setenv("IPSEC_ORCHESTRATOR_USER", "alice@NOWHERE.INVALID")
    monkeypatch.setenv("IPSEC_ORCHESTRATOR_PASSWORD", "x")
    inventory, log = tmp_path / "inventory.yml", tmp_path / "log.json"
    inventory.write_text(NOWHERE, encoding="utf-8")
    state = ("--state", str(tmp_path / "state"), "--event-log", f"ecs:{log}")
    command = ["reconcile", str(PLAYBOOK), "-i", str(inventory), *state]
    codes = [run(command)]
    inventory.write_text(NOWHERE.replace("hosts:", "host:"), encoding="utf-8")
    codes.append(run(command))

    newest, first = pass_store(StatePlace(folder=tmp_path / "state")).passes()
    assert codes == [Exit.ERROR, Exit.ERROR]
    assert (newest.playbook, newest.domain) == (first.playbook, first.domain)
    assert first.reason != newest.reason
    assert f"{inventory}:" in newest.reason
    assert f"{inventory}:" in log.read_text(encoding="utf-8").splitlines()[-1]
    assert "Did you mean 'hosts'?" in capfd.readouterr().err
