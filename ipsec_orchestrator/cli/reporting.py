"""What ``orchestrate report`` does: read the record, draw the page, write it."""

from pathlib import Path

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.private_file import replace_file
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.record_view import read_record
from ipsec_orchestrator.cli.carrying_out import say
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.output import print_json
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.suggestion import did_you_mean
from ipsec_orchestrator.report.record_page import record_page

_ENDINGS = frozenset({".yml", ".yaml"})


def write_report(playbook: str, out: str, place: StatePlace, *, as_json: bool) -> Exit:
    """Do all of it and give the exit code."""
    named = Path(playbook)
    name = named.stem if named.suffix.casefold() in _ENDINGS else playbook
    view = read_record(place, SystemClock().now(), say, playbook=name)
    if name and not view.targets:
        known = {target for target, _ in read_record(place, view.made).targets}
        raise UsageError(
            f"Nothing is recorded of a playbook {name!r} in {place.folder}.",
            cure=f"There is something of: {', '.join(sorted(known)) or 'none'}."
            f"{did_you_mean(name, tuple(known))}",
        )
    page = record_page(view).encode()
    path = Path(out).absolute()
    try:
        replace_file(path, page)
    except OSError as error:
        raise UsageError(
            f"{path} can't be written: {error.strerror}.", cure="Name another file with --out."
        ) from error
    if as_json:
        print_json(
            {
                "file": str(path),
                "bytes": len(page),
                "runs": len(view.runs),
                "passes": len(view.passes),
                "proofs": len(view.proofs),
                "members": len(view.members),
            }
        )
    say(f"Report: {path}")
    return Exit.DONE
