"""What ``orchestrate drift`` does: read the files, look, print."""

from pathlib import Path

from ipsec_orchestrator.adapters.specification import read_playbook
from ipsec_orchestrator.app.drift import find_drift
from ipsec_orchestrator.app.left_record import last_record
from ipsec_orchestrator.app.plans import members_of
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection, state_place
from ipsec_orchestrator.cli.output import print_json, print_lines, print_table
from ipsec_orchestrator.cli.progress import telling
from ipsec_orchestrator.model.drift import DriftReport
from ipsec_orchestrator.report.drift_report import (
    HEADINGS,
    drift_lines,
    drift_rows,
    drift_to_json,
)


def look_and_print(
    playbook_file: str, connection: Connection, state: str | None, *, as_json: bool
) -> int:
    """Do all of it and give the exit code."""
    inventory = connection.read_inventory()
    playbook = read_playbook(Path(playbook_file), inventory)
    members = members_of(playbook, inventory, connection.limit)
    record = last_record(run_store(state_place(state)), playbook.name, inventory.domain.name)
    with connection.open(inventory) as world, telling() as tell:
        report = find_drift(playbook, members, world, record, tell)
    if as_json:
        print_json(drift_to_json(report))
    elif report.differences or report.unknown:
        print_table(HEADINGS, drift_rows(report))
    print_lines(drift_lines(report), to_stderr=as_json)
    return exit_code(report)


def exit_code(report: DriftReport) -> Exit:
    """Give 2 with any difference, else 3 if something could not be read, else 0."""
    if report.differences:
        return Exit.DIFFERENCES
    return Exit.SOME_HOSTS if report.unknown else Exit.DONE
