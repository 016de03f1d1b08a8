"""What ``orchestrate runs prune`` does: look what may go, show it, and remove it if told to."""

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.retention import forget, what_may_go
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.cli.carrying_out import say
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.output import print_json, print_lines, print_table
from ipsec_orchestrator.model.retention import Retention
from ipsec_orchestrator.report.retention_report import pruning_lines, pruning_to_json
from ipsec_orchestrator.report.runs_list import RUNS_HEADINGS, runs_rows


def prune_and_print(place: StatePlace, retention: Retention, *, yes: bool, as_json: bool) -> Exit:
    """Do all of it and give the exit code."""
    store = run_store(place, tell=say)
    found = what_may_go(place, store, retention, SystemClock().now())
    if not as_json and found.runs:
        print_table(RUNS_HEADINGS, runs_rows(found.runs))
    if yes:
        forget(found, store)
    if as_json:
        print_json(pruning_to_json(found, removed=yes))
    print_lines(pruning_lines(found, removed=yes), to_stderr=as_json)
    return Exit.DONE
