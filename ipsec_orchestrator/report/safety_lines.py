"""What of administration stays open, as lines of a plan."""

from collections.abc import Iterator

from ipsec_orchestrator.model.plan import Danger, Risk, Safety
from ipsec_orchestrator.report.lines import Line, Tone


def safety_lines(safety: Safety) -> list[Line]:
    """Give one line if everything stays open, else a line for each thing that does not."""
    lines = [*_open_lines(safety), *_risk_lines(safety.risks), *_danger_lines(safety.dangers)]
    return [Line(), *lines] if lines else []


def _open_lines(safety: Safety) -> Iterator[Line]:
    if safety.policy is None:
        return
    left = safety.flows - len(safety.risks)
    many = left if not safety.risks else f"{left} of {safety.flows}"
    likely = f", {safety.likely} of them only probably" if safety.likely else ""
    count = len(safety.members)
    yield Line(
        f"Administration: {many} flows of {count} host{'' if count == 1 else 's'} stay open"
        f"{likely}.",
        Tone.GOOD if not safety.risks else Tone.WARNING,
    )
    if safety.strangers:
        yield Line(
            f"Nothing is known of {safety.strangers} computers that are not in the inventory.",
            Tone.WARNING,
        )


def _risk_lines(risks: tuple[Risk, ...]) -> Iterator[Line]:
    if risks:
        yield Line("Would not stay open", Tone.BAD)
    for risk in risks:
        word = "accepted" if risk.is_accepted else "risk"
        if not risk.can_be_accepted:
            word = "can't be accepted"
        yield Line(f"  ! {risk.word} ({word}): {risk.text}", _tone(is_taken=risk.is_accepted))
        if risk.cure:
            yield Line(f"      {risk.cure}", Tone.QUIET)


def _danger_lines(dangers: tuple[Danger, ...]) -> Iterator[Line]:
    if dangers:
        yield Line("Needs a confirmation of its own", Tone.BAD)
    for danger in dangers:
        word = "confirmed" if danger.is_confirmed else danger.option
        yield Line(f"  ! {danger.text} ({word})", _tone(is_taken=danger.is_confirmed))


def _tone(*, is_taken: bool) -> Tone:
    return Tone.WARNING if is_taken else Tone.BAD
