"""Which run somebody means."""

from collections.abc import Sequence

from ipsec_orchestrator.errors import RunNotFoundError
from ipsec_orchestrator.model.run import RunRecord

_SHOWN = 10


def chosen_run(records: Sequence[RunRecord], name: str) -> RunRecord:
    """Give the run with that id, with the only id that begins so, or for ``last`` the newest.

    Args:
        records: All runs, newest first.
        name: What was given.

    Raises:
        RunNotFoundError: None, or more than one.
    """
    if name == "last" and records:
        return records[0]
    found = [record for record in records if name and record.run_id.startswith(name)]
    exact = [record for record in found if record.run_id == name]
    if len(exact or found) != 1:
        candidates = tuple(record.run_id for record in found[:_SHOWN])
        raise RunNotFoundError(name=name, candidates=candidates)
    return (exact or found)[0]
