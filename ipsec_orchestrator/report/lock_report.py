"""Locks that runs hold, as text and as JSON."""

from collections.abc import Iterable, Iterator

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.run_lock import StoredLock
from ipsec_orchestrator.report.lines import Line, Tone


def lock_lines(locks: Iterable[StoredLock]) -> Iterator[Line]:
    """Say which GPOs somebody is at work on; nothing if there are none."""
    found = tuple(locks)
    for held in found:
        gpo = f"the GPO {held.lock.gpo!r}" if held.lock else "a GPO"
        yield Line(f"A run is at work on {gpo}: {held.holder}.", Tone.WARNING)
    if found:
        yield Line()


def lock_to_json(held: StoredLock) -> dict[str, Json]:
    """Give a lock as it stands in ``--json``; all but ``object`` is ``null`` if unreadable."""
    lock = held.lock
    return {
        "object": held.dn,
        "gpo": lock.gpo if lock else None,
        "run": lock.run_id if lock else None,
        "owner": lock.owner if lock else None,
        "host": lock.host if lock else None,
        "since": lock.since.isoformat() if lock else None,
        "tool_version": lock.tool_version if lock else None,
    }
