"""Proofs on the lab's real wire: what goes over it is real IKE and ESP, and tcpdump is the judge.

Every sabotage is done to the lab and has to be found out from outside, by the program alone.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ipsec_orchestrator.adapters.specification import read_inventory
from ipsec_orchestrator.app.options import ConnectOptions
from ipsec_orchestrator.app.session import connected
from ipsec_orchestrator.facts.proof_answers import LEFTOVERS, parse_leftovers
from ipsec_orchestrator.lab.wire.prerequisites import missing_prerequisites
from tests.lab.wire.on_the_wire import Sniffer
from tests.lacking import lacking
from tests.system.conftest import (
    PLAYBOOK,
    POWERSHELL_VARIABLE,
    PROGRAM,
    Laboratory,
    MakeLab,
    document,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

PAIR = ("--pairs", "vm1:host1", "--timeout", "4")
KILLED_PROOF = """
import sys
from pathlib import Path
from ipsec_orchestrator.adapters.specification import read_inventory, read_playbook
from ipsec_orchestrator.app.options import ConnectOptions
from ipsec_orchestrator.app.session import connected
from ipsec_orchestrator.engine.prove import prove
from ipsec_orchestrator.engine.prove_order import Limits, ProofOrder
from ipsec_orchestrator.proof.flows import control_flows, flows_of
from secrets import token_hex
inventory = read_inventory([Path(sys.argv[1])])
playbook = read_playbook(Path(sys.argv[2]), inventory)
hosts = [host for host in inventory.hosts if host.name in ("vm1", "host1")]
flows = control_flows(flows_of(playbook, playbook.policies[0], hosts), 8099)
order = ProofOrder(policy="x", new_id=lambda: token_hex(16), limits=Limits(guard_seconds=20))
def tell(flow, text):
    print(text, flush=True)
with connected(inventory, ConnectOptions()) as world:
    list(prove(flows, order, world, tell))
"""


@pytest.fixture(scope="module")
def _wire_can_run() -> None:
    missing = missing_prerequisites(3)
    if missing:
        lacking("; ".join(item.sentence for item in missing))
    if shutil.which("tcpdump") is None:
        lacking("The independent sniffer is missing: apt-get install tcpdump.")


@pytest.fixture(scope="module")
def wired(_wire_can_run: None, make_lab: MakeLab) -> Laboratory:
    """A lab with a wire, its scripts answered without PowerShell, shared."""
    return make_lab("wired", "--wire")


@pytest.fixture(scope="module")
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


def verdicts(lab: Laboratory, *options: str, code: int, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as play
    """Prove and give the pairs of ``--json``."""
    if code == 0 and "--timeout" not in options:
        # Everything is to be answered: a busy machine may take its time.
        options = (*options, "--timeout", "60")
    said = lab.play("prove", "--json", *options, **more)
    assert said.returncode == code, said.stdout + said.stderr
    assert "Traceback" not in said.stderr
    found: list[dict[str, Any]] = document(said)["pairs"]
    return found


def words(pairs: list[dict[str, Any]]) -> dict[str, tuple[str, str | None]]:
    """Verdict and diagnosis by flow."""
    return {
        f"{pair['source']}>{pair['destination']}": (pair["verdict"], pair["diagnosis"])
        for pair in pairs
    }


def leftovers(lab: Laboratory) -> dict[str, tuple[str, ...]]:
    """What proofs have on the hosts, as the hosts themselves say."""
    inventory = read_inventory([lab.inventory])
    with connected(inventory, ConnectOptions()) as world:
        call = world.scripts(LEFTOVERS)
        return {
            name: parse_leftovers(world.members.run(host, call))
            for name in lab.members
            if (host := inventory.host(name)) is not None
        }


def is_clean(lab: Laboratory) -> bool:
    """Whether nothing is left, on the hosts and in their folders."""
    folders = list((lab.layout.root / "programdata").glob("*/*"))
    return not folders and not any(leftovers(lab).values())


def ends_clean(lab: Laboratory, seconds: float) -> bool:
    """Whether nothing is left before that time is over; looking takes its own time."""
    deadline = time.monotonic() + seconds
    while not is_clean(lab):
        if time.monotonic() > deadline:
            return False
    return True


def packets(evidence: Path, host: str, expression: str) -> set[str]:
    """What tcpdump shows of one host's captures in an evidence folder."""
    found: set[str] = set()
    for file in evidence.glob(f"flows/*/*-{host}.pcapng"):
        done = subprocess.run(
            ["tcpdump", "-n", "-r", str(file), expression],
            capture_output=True,
            text=True,
            check=True,
        )
        found |= set(done.stdout.splitlines())
    return found


def esp_numbers(lines: set[str]) -> set[str]:
    """SPI and sequence number of each packet, which no two packets share."""
    return {line[line.index("ESP(") : line.index(")", line.index("ESP("))] for line in lines}


def test_clear_before_encrypted_after(
    any_lab: Laboratory, sniff: Callable[[Laboratory], Sniffer], tmp_path: Path
) -> None:
    """The same port is clear before and ESP after; a sniffer that is not ours counts the same."""
    lab = any_lab
    before = verdicts(lab, "--control", "--port", "8080", *PAIR, code=0)
    lab.apply()
    with sniff(lab) as sniffer:
        kept = ("--evidence", str(tmp_path / "evidence"), "--keep-payload")
        after = verdicts(lab, *kept, *PAIR, code=0)
        sniffer.stop()
        clear = sniffer.lines("tcp port 8080")
    control = verdicts(lab, "--control", *PAIR, code=0)

    assert words(before) == {"host1>vm1": ("clear", None), "vm1>host1": ("clear", None)}
    assert words(after) == {"host1>vm1": ("encrypted", None), "vm1>host1": ("encrypted", None)}
    assert words(control) == {"host1>vm1": ("clear", None), "vm1>host1": ("clear", None)}
    assert clear == []
    for flow in after:
        way = f"esp and src {flow['source_address']} and dst {flow['destination_address']}"
        on_the_wire = set(sniffer.lines(way))
        sent, received = (
            packets(tmp_path / "evidence", flow[end], way) for end in ("source", "destination")
        )
        # A packet that a busy machine loses between a guest and the bridge was sent all the same.
        assert received
        assert esp_numbers(received) <= esp_numbers(on_the_wire) <= esp_numbers(sent)
    assert {found["encryption"] for flow in after for found in flow["associations"]} == {"3DES"}
    assert any("pre-shared key" in note for flow in after for note in flow["notes"])
    assert is_clean(lab)


def test_all_pairs_both_ways(lab: Laboratory, tmp_path: Path) -> None:
    """After apply all four flows of the how-to are encrypted; the evidence folder is written."""
    lab.apply()
    pairs = verdicts(lab, "--evidence", str(tmp_path / "evidence"), code=0)

    assert set(words(pairs)) == {"host1>vm1", "vm1>host1", "host1>vm2", "vm2>host1"}
    assert {pair["verdict"] for pair in pairs} == {"encrypted"}
    assert (tmp_path / "evidence" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("fault", "diagnosis"),
    [
        ("esp-dropped=host1", "ESP blocked on the way"),
        ("other-methods", "no common method"),
        ("large-dropped=host1", "large packets are lost on the way"),
        ("ike-dropped=host1", "IKE unanswered"),
    ],
)
def test_sabotage_is_found_out_and_named(lab: Laboratory, fault: str, diagnosis: str) -> None:
    """Whatever is done to the wire or to one member, both directions name it."""
    lab.fault("vm1", fault)
    lab.apply()
    pairs = verdicts(lab, *PAIR, code=2)
    lab.fault("vm1")
    # The key exchange that was going on is repeated at growing intervals only.
    healed = verdicts(lab, *PAIR, "--timeout", "30", code=0)

    assert words(pairs) == {
        "host1>vm1": ("no answer", diagnosis),
        "vm1>host1": ("no answer", diagnosis),
    }
    assert {pair["verdict"] for pair in healed} == {"encrypted"}
    assert is_clean(lab)


def test_a_member_without_the_policy_is_named(lab: Laboratory) -> None:
    """One whose agent does not run has the policy in its registry and not in force."""
    lab.fault("vm1", "policyagent-stopped")
    lab.play("apply", "--yes", "--json")
    pairs = verdicts(lab, *PAIR, code=2)
    lab.fault("vm1")

    assert words(pairs) == {
        "host1>vm1": ("no answer", "policy absent on one side"),
        "vm1>host1": ("no answer", "policy absent on one side"),
    }


def test_fallback_to_clear_is_named(lab: Laboratory, tmp_path: Path) -> None:
    """Where the playbook allows clear and IKE does not pass, traffic flows, and it is said how."""
    text = PLAYBOOK.read_text(encoding="utf-8")
    soft = tmp_path / PLAYBOOK.name
    soft.write_text(
        text.replace("allow_fallback: false", "allow_fallback: true").replace(
            "accept_inbound: false", "accept_inbound: true"
        ),
        encoding="utf-8",
    )
    lab.apply(playbook=soft)
    lab.fault("vm1", "ike-dropped=host1")
    pairs = verdicts(lab, *PAIR, code=2, playbook=soft)
    lab.fault("vm1")

    assert {pair["verdict"] for pair in pairs} == {"clear"}
    # The second flow finds a key exchange going on, and need not begin one that could be seen.
    assert "fallback to clear" in {pair["diagnosis"] for pair in pairs}


def test_lying_members_are_found_out(lab: Laboratory) -> None:
    """Both report associations and send in clear: the wire says otherwise."""
    lab.apply()
    verdicts(lab, *PAIR, code=0)
    for host in ("vm1", "host1"):
        lab.fault(host, "lies")
    pairs = verdicts(lab, *PAIR, code=2)
    for host in ("vm1", "host1"):
        lab.fault(host)

    false = "associations are reported, but clear packets were seen"
    assert words(pairs) == {"host1>vm1": ("clear", false), "vm1>host1": ("clear", false)}


def test_one_lying_member_is_found_out(lab: Laboratory) -> None:
    """What it sends in clear is dropped by the other, whatever associations it reports."""
    lab.apply()
    verdicts(lab, *PAIR, code=0)
    lab.fault("vm1", "lies")
    pairs = verdicts(lab, *PAIR, code=2)
    lab.fault("vm1")

    false = "associations are reported, but clear packets were seen"
    assert words(pairs)["vm1>host1"] == ("no answer", false)
    assert words(pairs)["host1>vm1"][0] == "no answer"


def test_what_can_not_be_seen_is_unknown(lab: Laboratory) -> None:
    """With foreign capture sessions at both ends nothing is proved, and nothing is disturbed."""
    lab.apply()
    for host in ("vm1", "host1"):
        lab.fault(host, "capture-taken")
    pairs = verdicts(lab, *PAIR, code=3)
    for host in ("vm1", "host1"):
        lab.fault(host)

    assert {pair["verdict"] for pair in pairs} == {"unknown"}
    assert all("DiagnosticsOfSomebodyElse" in pair["reason"] for pair in pairs)


@pytest.fixture
def proving(any_lab: Laboratory) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """What starts a program that proves; killed at the end if it still runs."""
    started: list[subprocess.Popen[str]] = []

    def start(*command: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                command,
                env={
                    **any_lab.environment,
                    "IPSEC_ORCHESTRATOR_STATE": str(any_lab.state_dir),
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ),
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    """Read what a program says until it says that."""
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if text in line:
            return
    raise AssertionError("".join(said))


def test_nothing_is_left_after_ctrl_c(
    any_lab: Laboratory, proving: Callable[..., subprocess.Popen[str]]
) -> None:
    """Ctrl-C in the middle of a proof ends it, and the hosts are as before when it has ended."""
    inventory = str(any_lab.inventory)
    process = proving(
        str(PROGRAM), "prove", str(PLAYBOOK), "-i", inventory, "--control", "--pairs", "vm1:host1"
    )
    wait_for(process, "sending from")
    assert any(leftovers(any_lab).values())
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=120)

    assert process.returncode == 1, said
    assert "Traceback" not in said
    assert is_clean(any_lab)


def test_nothing_is_left_after_kill_9(
    any_lab: Laboratory, proving: Callable[..., subprocess.Popen[str]]
) -> None:
    """When the program dies on the spot, the hosts take everything away by themselves in time."""
    inventory = str(any_lab.inventory)
    process = proving(sys.executable, "-c", KILLED_PROOF, inventory, str(PLAYBOOK))
    wait_for(process, "sending from")
    process.kill()
    process.wait(10)

    assert any(leftovers(any_lab).values())
    assert ends_clean(any_lab, 90)


@pytest.mark.timeout(600)
def test_the_way_to_the_domain_controller_is_open_beside_the_wire(
    wired_powershell: Laboratory,
) -> None:
    """Doctor finds every way open from members on a wire, on which dc1 has no place."""
    wired_powershell.reset()

    said = wired_powershell.orchestrate(
        "doctor", PLAYBOOK, "-i", wired_powershell.inventory, "--json"
    )

    tried = [found for found in document(said)["findings"] if found["id"] == "connectivity.tcp"]
    assert {found["host"]: found["outcome"] for found in tried} == {
        "host1": "passed",
        "vm1": "passed",
        "vm2": "passed",
    }, tried
