"""Pending confirmations as files: one small JSON document a run.

A folder of its own beside the records of runs, because every command looks into it before it does
anything else: mostly there is no folder, and then that is all it costs.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from typing_extensions import override

from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.ports.confirmations import Confirmations


class ConfirmationFolder(Confirmations):
    """Confirmations in a folder, which is made with the first one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @override
    def put(self, pending: PendingConfirmation) -> None:
        path = self.folder / f"{pending.run_id}.json"
        try:
            if not pending.hosts:
                path.unlink(missing_ok=True)
                return
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            with fresh.open("w", encoding="utf-8") as file:
                json.dump(_to_json(pending), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            raise BackendError(
                f"{path} can't be written: {error.strerror}.",
                cure="Choose another state folder with --state.",
            ) from error

    @override
    def all(self) -> tuple[PendingConfirmation, ...]:
        found: list[PendingConfirmation] = []
        for path in self.folder.glob("*.json") if self.folder.is_dir() else ():
            # One that is being forgotten, or was never written whole, is none.
            with suppress(OSError, ValueError, KeyError, TypeError):
                found.append(_from_json(json.loads(path.read_text(encoding="utf-8"))))
        return tuple(sorted(found, key=lambda pending: (pending.deadline, pending.run_id)))


def _to_json(pending: PendingConfirmation) -> dict[str, Any]:
    return {
        "run": pending.run_id,
        "playbook": pending.playbook,
        "domain": pending.domain,
        "deadline": pending.deadline.astimezone(UTC).isoformat(),
        "hosts": list(pending.hosts),
    }


def _from_json(found: Mapping[str, Any]) -> PendingConfirmation:
    return PendingConfirmation(
        run_id=str(found["run"]),
        playbook=str(found["playbook"]),
        domain=str(found["domain"]),
        deadline=datetime.fromisoformat(found["deadline"]),
        hosts=tuple(str(host) for host in found["hosts"]),
    )
