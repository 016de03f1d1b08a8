"""Evidence is kept with the policy that the domain has, and what was judged."""

import json
from pathlib import Path
from uuid import UUID

from ipsec_orchestrator.adapters.evidence_folder import verify_evidence
from ipsec_orchestrator.app.evidence import save_evidence
from ipsec_orchestrator.engine.prove import Proof
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.proof.judge import judge
from tests.proof_scene import BEGIN, scene
from tests.worlds import MemoryDomain


def test_the_evidence_has_the_verdicts_and_the_domains_policy(
    domain: MemoryDomain,
    howto: Playbook,
    tmp_path: Path,
) -> None:
    """After apply the folder tells what was found, and the policy as it is stored."""
    domain.apply(howto)
    evidence = scene()
    folder = tmp_path / "evidence"

    save_evidence(
        folder,
        [Proof(evidence, judge(evidence))],
        howto,
        domain.world,
        run_id=UUID(int=7),
        began_at=BEGIN,
    )

    assert verify_evidence(folder) == ()
    verdicts = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    assert [pair["verdict"] for pair in verdicts["pairs"]] == ["encrypted"]
    (policy,) = json.loads((folder / "policy.json").read_text(encoding="utf-8"))
    assert policy["name"] == "policy-azure-onpremises"
    assert "azure-onpremises-HTTP8080" in {rule["name"] for rule in policy["rules"]}
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "1 of 1 flows are encrypted" in page


def test_a_domain_without_the_policy_is_told_as_such(
    domain: MemoryDomain,
    howto: Playbook,
    tmp_path: Path,
) -> None:
    """Before apply the folder says that the domain has no such policy."""
    save_evidence(
        tmp_path / "evidence",
        [],
        howto,
        domain.world,
        run_id=UUID(int=7),
        began_at=BEGIN,
    )

    assert json.loads((tmp_path / "evidence" / "policy.json").read_text(encoding="utf-8")) == []
