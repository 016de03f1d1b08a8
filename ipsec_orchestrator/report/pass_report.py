"""A pass of the watch as lines for people and as JSON."""

from typing import Final

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.report.drift_report import drift_to_json
from ipsec_orchestrator.report.lines import Line, Tone

_WORDS: Final = {
    PassOutcome.CLEAN: ("Nothing differs.", Tone.GOOD),
    PassOutcome.REPORTED: ("Told, and left alone.", Tone.CHANGE),
    PassOutcome.ASKED: ("Somebody has to decide.", Tone.CHANGE),
    PassOutcome.REPAIRED: ("Repaired.", Tone.GOOD),
    PassOutcome.HELD: ("Not repaired.", Tone.BAD),
    PassOutcome.FAILED: ("The pass failed.", Tone.BAD),
}


def pass_lines(done: WatchPass) -> list[Line]:
    """Give what came of a pass, below the table of its differences."""
    if done.outcome is None:
        return [Line("The pass did not come to its end.", Tone.BAD)]
    word, tone = _WORDS[done.outcome]
    lines = [Line(f"{word} {done.reason}".rstrip(), tone)]
    if done.plan_file:
        command = f"orchestrate apply {done.plan_file}"
        lines.append(Line(f"The plan lies in {done.plan_file}: `{command}`", Tone.CHANGE))
    if done.run_id:
        look = f"orchestrate runs show {done.run_id}"
        lines.append(Line(f"It is the run {done.run_id}: `{look}`", Tone.QUIET))
    lines += [Line(f"Alarm: {alarm}", Tone.BAD) for alarm in done.alarms]
    if done.missed:
        times = "one pass" if done.missed == 1 else f"{done.missed} passes"
        lines.append(Line(f"Since the pass before {times} did not happen.", Tone.WARNING))
    return lines


def pass_to_json(done: WatchPass) -> dict[str, Json]:
    """Give the document of ``reconcile --json``: that of ``drift`` and what was done about it."""
    return {
        "pass": done.pass_id,
        "playbook": done.playbook,
        "domain": done.domain,
        "started": done.started.isoformat(),
        "ended": done.ended.isoformat() if done.ended else None,
        "outcome": done.outcome.value if done.outcome else None,
        "reason": done.reason or None,
        "plan_file": done.plan_file or None,
        "run": done.run_id or None,
        "alarms": list(done.alarms),
        "missed": done.missed,
        **drift_to_json(done.report),
    }
