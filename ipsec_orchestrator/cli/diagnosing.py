"""What ``orchestrate doctor`` does: read the files, examine, print."""

from collections.abc import Sequence
from pathlib import Path

from ipsec_orchestrator.adapters.specification import read_playbook
from ipsec_orchestrator.app.doctor import diagnose, hosts_to_examine
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection
from ipsec_orchestrator.cli.output import print_json, print_lines, print_table
from ipsec_orchestrator.cli.progress import telling
from ipsec_orchestrator.model.finding import CheckOutcome, Finding
from ipsec_orchestrator.report.doctor_report import (
    HEADINGS,
    count_line,
    findings_to_json,
    rows_by_topic,
)


def diagnose_and_print(
    playbook_file: str | None,
    connection: Connection,
    only: Sequence[str],
    ports: Sequence[int],
    *,
    as_json: bool,
) -> int:
    """Do all of it and give the exit code."""
    inventory = connection.read_inventory()
    playbook = read_playbook(Path(playbook_file), inventory) if playbook_file else None
    hosts = hosts_to_examine(inventory, playbook, connection.limit)
    with connection.open_to_examine(inventory) as world, telling() as tell:
        findings = diagnose(world, playbook, hosts, only, tell, ports=ports)
    if as_json:
        print_json(findings_to_json(findings))
    else:
        for topic, rows in rows_by_topic(findings):
            print_table(HEADINGS, rows, title=topic)
        print_lines([count_line(findings)])
    return exit_code(findings)


def exit_code(findings: Sequence[Finding]) -> Exit:
    """Give 2 if a check failed, else 3 if one could not be told, else 0."""
    outcomes = {found.outcome for found in findings}
    if CheckOutcome.FAILED in outcomes:
        return Exit.DIFFERENCES
    return Exit.SOME_HOSTS if CheckOutcome.UNKNOWN in outcomes else Exit.DONE
