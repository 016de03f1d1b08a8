"""The record of all proofs as files.

Below the state folder lie ``proofs/YYYY-MM.jsonl``, by the month in which a proof began: one line a
proof, ``proof``. The evidence itself stays in the folder that the administrator has named.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from typing_extensions import override

from ipsec_orchestrator.adapters.file_lock import wait_for_lock
from ipsec_orchestrator.adapters.month_files import MonthFiles
from ipsec_orchestrator.errors import JournalError
from ipsec_orchestrator.model.evidence import Verdict
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.proof_record import ProofRecord, ProvedFlow
from ipsec_orchestrator.model.run import RunEvent
from ipsec_orchestrator.planning.json_shapes import mapping, sequence
from ipsec_orchestrator.ports import Clock, Proofs

Tell = Callable[[str], None]
_KIND: Final = "proof"


class ProofFiles(Proofs):
    """Proofs below a state folder; nothing is made before the first one."""

    def __init__(self, folder: Path, clock: Clock, tell: Tell) -> None:
        """Nothing is opened yet.

        Args:
            folder: The state folder.
            clock: For the times of events.
            tell: Hears of damage and what was done about it.
        """
        self._folder = folder / "proofs"
        self._files = MonthFiles(self._folder, clock, tell)
        self._clock = clock
        self._tell = tell

    @override
    def put(self, proof: ProofRecord) -> None:
        with self._files.locked() as lock:
            try:
                wait_for_lock(lock)
            except OSError as error:
                raise JournalError(
                    path=str(self._folder / "lock"), reason=error.strerror or str(error)
                ) from error
            with self._files.opened(proof.began) as month:
                month.file.append(
                    RunEvent(kind=_KIND, time=self._clock.now(), fields=proof_to_json(proof))
                )

    @override
    def proofs(
        self, *, playbook: str = "", domain: str = "", since: datetime | None = None
    ) -> tuple[ProofRecord, ...]:
        found: list[ProofRecord] = []
        for path, event in self._files.events(since=since):
            if event.kind != _KIND:
                continue
            try:
                found.append(proof_from_json(event.fields))
            except (KeyError, TypeError, ValueError) as error:
                self._tell(f"{path} has a proof that can't be read: {error}.")
        chosen = (
            each
            for each in found
            if playbook in {"", each.playbook}
            and domain.casefold() in {"", each.domain.casefold()}
            and (since is None or each.began >= since)
        )
        return tuple(sorted(chosen, key=lambda each: (each.began, each.proof_id), reverse=True))


def proof_to_json(proof: ProofRecord) -> dict[str, Json]:
    """Give all of a record; :func:`proof_from_json` gives it back."""
    return {
        "proof": proof.proof_id,
        "playbook": proof.playbook,
        "domain": proof.domain,
        "began": proof.began.isoformat(),
        "ended": proof.ended.isoformat(),
        "evidence": proof.evidence,
        "flows": [
            {
                "source": flow.source,
                "destination": flow.destination,
                "protocol": flow.protocol,
                "port": flow.port,
                "addresses": flow.addresses,
                "protected": flow.is_protected,
                "second_path": flow.is_second_path,
                "as_expected": flow.as_expected,
                "verdict": flow.verdict.value,
                "reason": flow.reason,
            }
            for flow in proof.flows
        ],
    }


def proof_from_json(found: Mapping[str, Json]) -> ProofRecord:
    """Give the record that :func:`proof_to_json` wrote.

    Raises:
        KeyError: Something is missing.
        TypeError: Something has the wrong shape.
        ValueError: A word, a number or a time is none.
    """
    return ProofRecord(
        proof_id=str(found["proof"]),
        playbook=str(found["playbook"]),
        domain=str(found["domain"]),
        began=datetime.fromisoformat(str(found["began"])),
        ended=datetime.fromisoformat(str(found["ended"])),
        evidence=str(found["evidence"]),
        flows=tuple(
            ProvedFlow(
                source=str(flow["source"]),
                destination=str(flow["destination"]),
                protocol=int(str(flow["protocol"])),
                port=int(str(flow["port"])),
                addresses=str(flow["addresses"]),
                is_protected=bool(flow["protected"]),
                is_second_path=bool(flow["second_path"]),
                as_expected=bool(flow["as_expected"]),
                verdict=Verdict(str(flow["verdict"])),
                reason=str(flow["reason"]),
            )
            for flow in map(mapping, sequence(found["flows"]))
        ),
    )
