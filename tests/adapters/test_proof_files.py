"""The record of proofs on disk: what is in it, damage, several processes."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.adapters.proof_files import ProofFiles, proof_from_json, proof_to_json
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.proof_store import proof_record, proof_store
from ipsec_orchestrator.model.evidence import Verdict
from ipsec_orchestrator.model.proof_record import ProofRecord, ProvedFlow
from ipsec_orchestrator.proof.judge import judge
from tests.proof_scene import BEGIN, FLOW, scene
from tests.worlds import SteppingClock

MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(max_size=20)
PROOFS = st.builds(
    ProofRecord,
    proof_id=TEXTS,
    playbook=TEXTS,
    domain=TEXTS,
    began=MOMENTS,
    ended=MOMENTS,
    evidence=TEXTS,
    flows=st.lists(
        st.builds(
            ProvedFlow,
            source=TEXTS,
            destination=TEXTS,
            protocol=st.integers(0, 255),
            port=st.integers(0, 65535),
            is_protected=st.booleans(),
            as_expected=st.booleans(),
            addresses=TEXTS,
            is_second_path=st.booleans(),
            verdict=st.sampled_from(Verdict),
            reason=TEXTS,
        ),
        max_size=3,
    ).map(tuple),
)


def made(number: int, began: datetime = BEGIN, playbook: str = "p") -> ProofRecord:
    """What is recorded of the scene's one flow."""
    return proof_record(
        str(number),
        playbook,
        "corp",
        [judge(scene())],
        began=began,
        ended=began + timedelta(minutes=1),
        evidence="/proof",
    )


@given(proof=PROOFS)
def test_json_gives_a_proof_back(proof: ProofRecord) -> None:
    """Whatever was tried and found."""
    assert proof_from_json(proof_to_json(proof)) == proof


def test_looking_makes_nothing(tmp_path: Path) -> None:
    """There are no proofs, and no folder comes of asking."""
    place = StatePlace(folder=tmp_path / "state")

    assert proof_store(place).proofs() == ()
    assert not place.folder.exists()


def test_proofs_are_kept_with_their_verdicts(tmp_path: Path) -> None:
    """Newest first; chosen by playbook, domain and time."""
    place = StatePlace(folder=tmp_path / "state")
    later = BEGIN + timedelta(days=40)
    old, new, other = made(1), made(2, later), made(3, later + timedelta(days=1), playbook="q")
    for proof in (old, new, other):
        proof_store(place).put(proof)

    assert proof_store(place).proofs() == (other, new, old)
    assert proof_store(place).proofs(playbook="p", domain="CORP") == (new, old)
    assert proof_store(place).proofs(since=later) == (other, new)
    assert proof_store(place).proofs(domain="elsewhere") == ()
    (flow,) = old.flows
    assert (flow.verdict, flow.is_protected, flow.as_expected) == (Verdict.ENCRYPTED, True, True)
    assert flow.addresses == f"{FLOW.source_address} -> {FLOW.destination_address}"


def test_a_damaged_line_takes_no_other_with_it(tmp_path: Path) -> None:
    """It is told, and set aside by the next proof."""
    said: list[str] = []
    store = ProofFiles(tmp_path, SteppingClock(), said.append)
    for number in range(3):
        store.put(made(number))
    (path,) = (tmp_path / "proofs").glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"proof": "1"', b'"proof": "7"'))

    assert [proof.proof_id for proof in store.proofs()] == ["2", "0"]
    assert said == [f"{path} is damaged in line 2; the rest is read."]
    store.put(made(4))
    said.clear()
    assert [proof.proof_id for proof in store.proofs()] == ["4", "2", "0"]
    assert said == []
    assert len(list(path.parent.glob("*.damaged-*"))) == 1


WRITER = """
import sys
from pathlib import Path
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.proof_store import proof_store
from tests.adapters.test_proof_files import made
for number in range(8):
    proof_store(StatePlace(folder=Path(sys.argv[1]))).put(made(int(sys.argv[2]) + number))
"""


def test_processes_share_a_record(tmp_path: Path) -> None:
    """Four at once: each waits for its turn, nothing is lost."""
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(10 * number)])
        for number in range(4)
    ]

    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    found = proof_store(StatePlace(folder=tmp_path)).proofs()
    assert sorted(int(proof.proof_id) for proof in found) == [
        10 * number + each for number in range(4) for each in range(8)
    ]
