"""The run store: one JSONL journal a run, and an index over all of them in SQLite.

Below the state folder lie ``runs/RUN-ID.jsonl`` and ``runs.sqlite``. The journals are the truth.
Whatever the index holds came from an event of a journal and can be had from it again, so a store
that is damaged is set aside and built anew. Whoever adds to it keeps to that:

* write an event with ``Journal.append`` (``replay`` ignores kinds that it does not know);
* if it is to be found without reading journals, add a table in ``schema`` as a new migration and
  fill it in ``ingest``, from the event alone.

An event is in the journal, then in the index, each flushed to the disk, before ``append``
returns; if either fails ``append`` raises :class:`~ipsec_orchestrator.errors.JournalError`.
A process that dies between the two leaves an index that is behind, which the next reader of the
store notices and puts right: the lock on the journal is then free, but the run has no end.

Tables (times are ISO 8601 in UTC):

============ ========================================================================
``runs``     one row a run: command, playbook, domain, dc, state, started, ended, undoes,
             error, steps, begun; ``state`` is what its own journal says
``plans``    run, plan (JSON)
``backups``  what was there before the first write: run, place, content (JSON)
``steps``    run, number, outcome, changed, reason
``hosts``    run, host, outcome, reason, time
============ ========================================================================
"""

from ipsec_orchestrator.adapters.sqlite_runs.store import SqliteRuns

__all__ = ["SqliteRuns"]
