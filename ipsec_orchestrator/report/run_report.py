"""What a run came to: a checklist of stages and a table of hosts."""

from collections.abc import Iterable
from dataclasses import replace

from ipsec_orchestrator.model.inventory import HostRole, Inventory
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult, RunReport, StepOutcome
from ipsec_orchestrator.model.plan import Action, Plan
from ipsec_orchestrator.planning.member_part import MEMBER
from ipsec_orchestrator.planning.rollout_part import WAVE
from ipsec_orchestrator.report.lines import Line, Tone

TABLE_HEADINGS = ("host", "role", "outcome", "policy", "enforced", "reason")

_ENFORCED = {True: "yes", False: "no", None: "not seen"}
_OUTCOME_TONES = {
    HostOutcome.DONE: Tone.GOOD,
    HostOutcome.FAILED: Tone.BAD,
    HostOutcome.UNKNOWN: Tone.WARNING,
}


def table_headings(members: Iterable[MemberResult]) -> tuple[str, ...]:
    """Give the headings of the table; in waves these come first."""
    return ("wave", *TABLE_HEADINGS) if _in_waves(members) else TABLE_HEADINGS


def _in_waves(members: Iterable[MemberResult]) -> bool:
    return any(member.wave is not None for member in members)


def member_rows(members: Iterable[MemberResult]) -> list[tuple[tuple[str, ...], Tone]]:
    """Give the table of hosts: cells and the meaning of each row."""
    members = tuple(members)
    waves = _in_waves(members)
    return [
        (
            (
                *((str(member.wave or ""),) if waves else ()),
                member.host,
                member.role,
                member.outcome.value,
                _policy_word(member),
                "" if is_controller(member) else _ENFORCED[member.enforced],
                _explained(member),
            ),
            _OUTCOME_TONES[member.outcome],
        )
        for member in members
    ]


def standing_members(plan: Plan, inventory: Inventory) -> tuple[MemberResult, ...]:
    """Give the hosts that needed nothing, as the plan saw them: the DC and unchanged members."""
    fqdn = plan.basis.dc.casefold()
    controller = next((host for host in inventory.hosts if host.fqdn.casefold() == fqdn), None)
    found = [
        MemberResult(
            host=controller.name if controller else plan.basis.dc,
            role=HostRole.DOMAIN_CONTROLLER.value,
            outcome=HostOutcome.DONE,
            policy=None,
            enforced=None,
            reason="Everything is as wanted.",
        ),
    ]
    for change in plan.changes:
        if change.kind != MEMBER or change.action is not Action.UNCHANGED:
            continue
        fields = {field.field: field.new for field in change.fields}
        host = inventory.host(change.name)
        found.append(
            MemberResult(
                host=change.name,
                role=host.role.value if host else "",
                outcome=HostOutcome.DONE,
                policy=fields.get("policy"),
                enforced=fields.get("enforced") == "yes",
                reason=change.reason,
            ),
        )
    return tuple(found)


def all_hosts(
    plan: Plan,
    report: RunReport | None,
    inventory: Inventory,
    back: RunReport | None = None,
) -> list[MemberResult]:
    """Give every host that a plan is about: as the run left it, else as the plan saw it.

    Args:
        plan: What was to be done.
        report: What came of it; ``None`` if there was nothing to do.
        inventory: For roles and order.
        back: What came of taking the run back, if that was done.
    """
    seen = {member.host: member for member in standing_members(plan, inventory)}
    if report is not None:
        seen |= {member.host: member for member in report.members}
    if back is not None:
        seen |= {member.host: member for member in back.members}
    waves = waves_by_host(plan)
    order = {host.name: place for place, host in enumerate(inventory.hosts)}
    return sorted(
        (
            member if member.wave else replace(member, wave=waves.get(member.host))
            for member in seen.values()
        ),
        key=lambda member: (member.wave or 0, order.get(member.host, -1)),
    )


def waves_by_host(plan: Plan) -> dict[str, int]:
    """Give the number of each host's wave, as far as the plan has waves."""
    return {
        change.name: int(field.new)
        for change in plan.changes
        if change.kind == MEMBER
        for field in change.fields
        if field.field == WAVE and field.new
    }


def is_controller(member: MemberResult) -> bool:
    """Tell whether a row is that of the DC, which holds policies but takes none here."""
    return member.role == HostRole.DOMAIN_CONTROLLER.value


def _explained(member: MemberResult) -> str:
    """Say why, what was known at last, and what to do."""
    return " ".join(filter(None, (member.reason, member.last_known, member.cure)))


def _policy_word(member: MemberResult) -> str:
    """Name the policy; "none" only where a look at the member showed that."""
    if is_controller(member):
        return ""
    if member.policy is None:
        return "not seen" if member.enforced is None else "none"
    return member.policy


def ending_lines(report: RunReport) -> list[Line]:
    """Say in a line or two how the run ended and how to go on."""
    done = sum(step.outcome is StepOutcome.DONE for step in report.steps)
    already = sum(step.outcome is StepOutcome.ALREADY for step in report.steps)
    skipped = [step for step in report.steps if step.outcome is StepOutcome.SKIPPED]
    lines: list[Line] = []
    if report.error is not None:
        lines += [
            Line(f"Stopped: {report.error}", Tone.BAD),
            Line(
                f"{done} steps were done and stay done; {len(skipped)} were not begun. "
                f"`orchestrate resume {report.run_id}` goes on from there, `orchestrate rollback "
                f"{report.run_id}` brings back what was before.",
                Tone.QUIET,
            ),
        ]
        return lines
    if report.stopped is not None:
        return [
            Line(f"The rollout stopped: {report.stopped}.", Tone.BAD),
            *_unfinished_lines(report),
            Line(
                "What it did was taken back, as the playbook wants it:"
                if report.rollback
                else f"{done} steps were done and stay done: the waves so far keep the policy. "
                f"{len(skipped)} steps were not begun: nobody else gets it. Run the same command "
                "again to go on from there, or orchestrate remove to take everything back.",
                Tone.QUIET,
            ),
        ]
    words = f"{done} steps done" + (f", {already} were so already" if already else "")
    lines.append(Line(f"{words}.", Tone.GOOD if report.all_members_done else Tone.PLAIN))
    if skipped:
        lines.append(
            Line(
                f"{len(skipped)} steps wait: {skipped[0].reason}. "
                f"`orchestrate resume {report.run_id}` does them later.",
                Tone.WARNING,
            ),
        )
    return [*lines, *_unfinished_lines(report)]


def _unfinished_lines(report: RunReport) -> list[Line]:
    return [
        Line(f"{m.host}: {m.outcome.value}: {_explained(m)}", Tone.BAD)
        for m in report.members
        if m.outcome is not HostOutcome.DONE
    ]


def run_to_json(report: RunReport) -> dict[str, Json]:
    """Give a run as the document of ``--json``."""
    return {
        "run": report.run_id,
        "error": report.error,
        "stopped": report.stopped,
        "steps": [
            {
                "number": step.number,
                "stage": step.stage.value,
                "title": step.title,
                "object": step.object,
                "outcome": step.outcome.value,
                "reason": step.reason,
            }
            for step in report.steps
        ],
        "members": [member_to_json(member) for member in report.members],
        "seconds_by_phase": {
            phase: round(seconds, 3) for phase, seconds in report.seconds_by_phase
        },
    }


def member_to_json(member: MemberResult) -> dict[str, Json]:
    """Give one member's outcome."""
    return {
        "host": member.host,
        "role": member.role,
        "outcome": member.outcome.value,
        "policy": member.policy,
        "enforced": member.enforced,
        "reason": member.reason,
        "last_known": member.last_known,
        "cure": member.cure,
        "seconds": round(member.seconds, 3),
        "wave": member.wave,
    }
