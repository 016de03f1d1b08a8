"""Which runs may go: those that are old, and that nothing which may still happen builds on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeAlias

from ipsec_orchestrator.model.retention import KeptRun, Pruning, Retention
from ipsec_orchestrator.model.run import RunRecord

_Target: TypeAlias = tuple[str, str]


def prunable(
    records: Iterable[RunRecord], needed: Mapping[str, str], retention: Retention, now: datetime
) -> Pruning:
    """Choose the runs that may go.

    Runs stand to each other: one takes another back or overtakes it. So of a playbook no run goes
    that is later than one that stays because it is needed.

    Args:
        records: All runs, newest first.
        needed: Id of a run that is needed -> why.
        retention: How long runs are kept; without any limit nothing goes.
        now: UTC.
    """
    records = tuple(records)
    floors = _floors(record for record in records if record.run_id in needed)
    runs: list[RunRecord] = []
    kept: list[KeptRun] = []
    seen: Counter[_Target] = Counter()
    for record in records:
        target = target_of(record)
        seen[target] += 1
        if not _is_old(record, seen[target], retention, now):
            continue
        floor = floors.get(target)
        if floor is None or _key(record) < _key(floor):
            runs.append(record)
        else:
            reason = needed.get(record.run_id) or f"{floor.run_id} before it is needed"
            kept.append(KeptRun(record=record, reason=reason))
    return Pruning(runs=tuple(runs), kept=tuple(kept))


def target_of(record: RunRecord) -> tuple[str, str]:
    """Give playbook and domain of a run, comparable."""
    return record.playbook, record.domain.casefold()


def _floors(needed: Iterable[RunRecord]) -> dict[_Target, RunRecord]:
    """Give the oldest needed run of each playbook."""
    found: dict[_Target, RunRecord] = {}
    for record in needed:
        before = found.get(target_of(record))
        if before is None or _key(record) < _key(before):
            found[target_of(record)] = record
    return found


def _key(record: RunRecord) -> tuple[datetime, str]:
    return record.started, record.run_id


def _is_old(record: RunRecord, place: int, retention: Retention, now: datetime) -> bool:
    limits: list[bool] = []
    if retention.keep is not None:
        limits.append((record.ended or record.started) < now - retention.keep)
    if retention.keep_last is not None:
        limits.append(place > retention.keep_last)
    return bool(limits) and all(limits)
