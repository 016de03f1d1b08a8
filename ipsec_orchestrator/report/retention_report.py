"""What may go of the record, as a table for people and as JSON."""

from collections.abc import Iterable

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.retention import Pruning
from ipsec_orchestrator.report.lines import Line, Tone


def pruning_lines(pruning: Pruning, *, removed: bool) -> list[Line]:
    """Say what went or may go, what stays though it is old, and how to go on.

    Args:
        pruning: What was found.
        removed: Whether it is gone by now.
    """
    lines = [
        Line(
            f"{kept.record.run_id} of {kept.record.playbook} stays, because {kept.reason}.",
            Tone.QUIET,
        )
        for kept in pruning.kept
    ]
    lines += [Line(path, Tone.DELETE) for path in pruning.files]
    told = f"{_counted(pruning.runs, 'run')} and {_counted(pruning.files, 'file')} of passes and proofs"
    if not pruning.runs and not pruning.files:
        lines.append(Line("Nothing is old enough to go.", Tone.GOOD))
    elif removed:
        lines.append(Line(f"Removed: {told}.", Tone.GOOD))
    else:
        lines.append(Line(f"{told} may go. Nothing was removed; --yes removes.", Tone.WARNING))
    return lines


def pruning_to_json(pruning: Pruning, *, removed: bool) -> dict[str, Json]:
    """Give the document of ``runs prune --json``."""
    return {
        "removed": removed,
        "runs": [record.run_id for record in pruning.runs],
        "kept": [{"id": kept.record.run_id, "reason": kept.reason} for kept in pruning.kept],
        "files": list(pruning.files),
    }


def _counted(things: Iterable[object], word: str) -> str:
    number = len(tuple(things))
    return f"{number} {word}{'' if number == 1 else 's'}"
