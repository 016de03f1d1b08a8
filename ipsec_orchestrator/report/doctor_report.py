"""What ``doctor`` found: a table grouped by topic, a line that counts, a JSON document."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ipsec_orchestrator.model.finding import CheckOutcome, Finding
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.report.lines import Line, Tone

HEADINGS = ("check", "host", "outcome", "seen")

_TONES = {
    CheckOutcome.PASSED: Tone.GOOD,
    CheckOutcome.FAILED: Tone.BAD,
    CheckOutcome.UNKNOWN: Tone.WARNING,
    CheckOutcome.NOT_APPLICABLE: Tone.QUIET,
}
# What a large fleet has in common is said once; everybody can name the rest with --json.
_HOSTS_SHOWN = 6


def rows_by_topic(
    findings: Iterable[Finding],
) -> list[tuple[str, list[tuple[tuple[str, ...], Tone]]]]:
    """Give the rows of every topic, in the order of the findings.

    Hosts that passed, or failed, a check with the same words share a row.
    """
    topics: dict[str, dict[tuple[str, CheckOutcome, str, str], list[str]]] = {}
    for found in findings:
        rows = topics.setdefault(found.topic, {})
        hosts = rows.setdefault((found.check_id, found.outcome, found.seen, found.cure), [])
        if found.host is not None:
            hosts.append(found.host)
    return [
        (
            topic,
            [
                (
                    (check_id, _hosts(hosts), outcome.value, f"{seen} {cure}" if cure else seen),
                    _TONES[outcome],
                )
                for (check_id, outcome, seen, cure), hosts in rows.items()
            ],
        )
        for topic, rows in topics.items()
    ]


def count_line(findings: Sequence[Finding]) -> Line:
    """Count outcomes in a line."""
    counts = outcome_counts(findings)
    told = ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number)
    if counts[CheckOutcome.FAILED.value]:
        tone = Tone.BAD
    elif counts[CheckOutcome.UNKNOWN.value]:
        tone = Tone.WARNING
    else:
        tone = Tone.GOOD
    return Line(f"{told or 'Nothing was checked'}.", tone)


def outcome_counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Count findings by outcome; every outcome has a number."""
    counted = Counter(found.outcome for found in findings)
    return {outcome.value: counted[outcome] for outcome in CheckOutcome}


def findings_to_json(findings: Sequence[Finding]) -> dict[str, Json]:
    """Give the document of ``--json``."""
    return {
        "findings": [finding_to_json(found) for found in findings],
        "counts": dict(outcome_counts(findings)),
    }


def finding_to_json(found: Finding) -> dict[str, Json]:
    """Give one finding."""
    return {
        "id": found.check_id,
        "topic": found.topic,
        "title": found.title,
        "outcome": found.outcome.value,
        "seen": found.seen,
        "cure": found.cure,
        "host": found.host,
    }


def guard_lines(findings: Sequence[Finding], skipped: Sequence[str]) -> list[Line]:
    """Say what ``apply`` made sure of, and what it did not."""
    good = [found for found in findings if found.outcome is CheckOutcome.PASSED]
    untold = [found.check_id for found in findings if found.outcome is CheckOutcome.UNKNOWN]
    lines = [
        Line(f"Prerequisites: {len(good)} of {len(findings)} guarding checks passed.", Tone.QUIET)
    ]
    if untold:
        lines.append(
            Line(f"  Could not be told (doctor says why): {', '.join(untold)}", Tone.WARNING)
        )
    if skipped:
        lines.append(Line(f"  Skipped as ordered: {', '.join(skipped)}", Tone.WARNING))
    return lines


def _hosts(names: Sequence[str]) -> str:
    if len(names) <= _HOSTS_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_HOSTS_SHOWN])} and {len(names) - _HOSTS_SHOWN} more"
