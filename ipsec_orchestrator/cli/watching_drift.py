"""What ``orchestrate drift`` does: read the files, look, print."""

from pathlib import Path

from ipsec_orchestrator.adapters.specification import read_playbook
from ipsec_orchestrator.app.left_record import last_record
from ipsec_orchestrator.app.looking import Economy, look
from ipsec_orchestrator.app.plans import members_of
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.app.watermarks import watermarks
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection, state_place
from ipsec_orchestrator.cli.output import print_json, print_lines, print_table
from ipsec_orchestrator.cli.progress import telling
from ipsec_orchestrator.errors import JournalError
from ipsec_orchestrator.model.drift import DriftReport
from ipsec_orchestrator.report.drift_report import (
    HEADINGS,
    drift_lines,
    drift_rows,
    drift_to_json,
)
from ipsec_orchestrator.report.look_report import look_lines, look_to_json, not_kept_line


def look_and_print(
    playbook_file: str,
    connection: Connection,
    state: str | None,
    economy: Economy,
    *,
    as_json: bool,
) -> int:
    """Do all of it and give the exit code."""
    inventory = connection.read_inventory()
    playbook = read_playbook(Path(playbook_file), inventory)
    members = members_of(playbook, inventory, connection.limit)
    place = state_place(state)
    domain = inventory.domain.name
    record = last_record(run_store(place), playbook.name, domain)
    kept = watermarks(place)
    since = kept.get(playbook.name, domain)
    with connection.open(inventory) as world, telling() as tell:
        found = look(playbook, members, world, record, tell, economy=economy, since=since)
    report = found.report
    if as_json:
        spared = look_to_json(found.whole, found.read_whole, found.chosen) if economy.spares else {}
        print_json(drift_to_json(report) | spared)
    elif report.differences or report.unknown:
        print_table(HEADINGS, drift_rows(report))
    print_lines(drift_lines(report), to_stderr=as_json)
    if economy.spares:
        print_lines(look_lines(found.whole, found.read_whole, found.chosen), to_stderr=as_json)
    try:
        kept.put(found.watermark)
    except JournalError as error:
        print_lines([not_kept_line(error.path, error.reason)], to_stderr=True)
    return exit_code(report)


def exit_code(report: DriftReport) -> Exit:
    """Give 2 with any difference, else 3 if something could not be read, else 0."""
    if report.differences:
        return Exit.DIFFERENCES
    return Exit.SOME_HOSTS if report.unknown else Exit.DONE
