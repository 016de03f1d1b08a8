"""What the record's page says at a glance, what somebody must look at, and the latest passes."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from ipsec_orchestrator.model.evidence import Verdict
from ipsec_orchestrator.model.member_state import MemberState
from ipsec_orchestrator.model.record_view import RecordView
from ipsec_orchestrator.model.run import RunRecord, RunState
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.report.page_parts import element, moment, table, text
from ipsec_orchestrator.report.record_pairs import evidence_link
from ipsec_orchestrator.report.record_tables import (
    TONES,
    Column,
    LongTable,
    shortened,
    word_badge,
)

_PASSES: Final = 50
_NOT_ENDED: Final = "not ended"
_BY_WEIGHT: Final = ("quiet", "good", "note", "warn", "bad")
_MEMBERS: Final = ("failed", "differs", "unread", "unknown", "as left", "done")


def at_a_glance(view: RecordView) -> str:
    """Give a card for each playbook."""
    cards = [_card(view, playbook, domain) for playbook, domain in view.targets]
    if not cards:
        return element("p", "Nothing is recorded yet.")
    return element("h2", "State at a glance") + element("div", *cards, class_="cards")


def _card(view: RecordView, playbook: str, domain: str) -> str:
    def ours(each: RunRecord | WatchPass | MemberState) -> bool:
        return (each.playbook, each.domain.casefold()) == (playbook, domain)

    run = next((each for each in view.runs if ours(each)), None)
    seen = next((each for each in view.passes if ours(each)), None)
    members = Counter(each.word for each in view.members if ours(each))
    words = [word for word in _MEMBERS if members[word]]
    if run is not None:
        words.append(run.state.value)
    if seen is not None:
        words.append(_outcome(seen))
    tones = [TONES[word][0] for word in words] or ["quiet"]
    counted = " ".join(
        element("span", f"{word_badge(word)} {members[word]}", class_="nobreak")
        for word in _MEMBERS
        if members[word]
    )
    facts = {
        "last run": _run_fact(run) if run else "",
        "last pass": _pass_fact(seen) if seen else "",
        "last proof": _proof_fact(view, playbook, domain),
        "members": counted,
    }
    rows = (element("dt", name) + element("dd", value) for name, value in facts.items() if value)
    return element(
        "section",
        element("h3", text(f"{playbook} in {domain}")),
        element("dl", *rows, class_="facts"),
        class_=f"card t-{max(tones, key=_BY_WEIGHT.index)}",
    )


def _run_fact(run: RunRecord) -> str:
    return f"{word_badge(run.state.value)} {text(run.command)}, {moment(_utc(run.started))}"


def _pass_fact(seen: WatchPass) -> str:
    number = len(seen.report.differences)
    found = f"{number} difference{'' if number == 1 else 's'}"
    return f"{word_badge(_outcome(seen))} {found}, {moment(_utc(seen.started))}"


def _proof_fact(view: RecordView, playbook: str, domain: str) -> str:
    for proof in view.proofs:
        if (proof.playbook, proof.domain.casefold()) != (playbook, domain):
            continue
        flows = [flow for flow in proof.flows if flow.tells]
        if flows:
            encrypted = sum(flow.verdict is Verdict.ENCRYPTED for flow in flows)
            link = evidence_link(proof)
            more = f", {element('a', 'evidence', href=link)}" if link else ""
            told = f"{encrypted} of {len(flows)} flows encrypted"
            return f"{told}, {moment(_utc(proof.began))}{more}"
    return ""


def to_look_at(view: RecordView) -> str:
    """Give what somebody must decide or look at; empty if there is nothing."""
    notes = [element("p", text(note), class_="alarm") for note in dict.fromkeys(_notes(view))]
    return element("h2", "To be looked at") + "".join(notes) if notes else ""


def _notes(view: RecordView) -> Iterator[str]:
    for pending in view.pending:
        yield (
            f"The run {pending.run_id} of {pending.playbook} waits for its confirmation until "
            f"{_utc(pending.deadline):%Y-%m-%d %H:%M:%S} UTC on {len(pending.hosts)} members: "
            f"orchestrate confirm {pending.run_id}"
        )
    for run in view.runs:
        if run.state is RunState.INTERRUPTED and run.begun:
            yield (
                f"The run {run.run_id} of {run.playbook} was interrupted: orchestrate resume "
                f"{run.run_id}, or orchestrate rollback {run.run_id}."
            )
    for playbook, domain in view.targets:
        last = next(
            (
                each
                for each in view.passes
                if (each.playbook, each.domain.casefold()) == (playbook, domain) and each.ended
            ),
            None,
        )
        if last is None:
            continue
        yield from (f"{playbook}: {alarm}" for alarm in last.alarms)
        if last.outcome is PassOutcome.HELD or last.outcome is PassOutcome.FAILED:
            yield f"{playbook}: the last pass was {last.outcome.value}: {last.reason}"
        if last.plan_file and last.outcome is PassOutcome.ASKED:
            yield f"{playbook}: a plan waits for somebody to apply it: {last.plan_file}"


def passes_section(view: RecordView) -> str:
    """Give the latest passes as a table; empty if there are none."""
    if not view.passes:
        return ""
    rows = [
        (
            moment(_utc(each.started)),
            text(each.playbook),
            word_badge(_outcome(each)),
            text(len(each.report.differences)),
            text(len(each.report.unknown)),
            text(len(each.members_read)),
            text(each.missed or ""),
            text(each.run_id),
            text(each.reason),
        )
        for each in view.passes[:_PASSES]
    ]
    caption = f"The latest {len(rows)} of {len(view.passes)} passes"
    headings = (
        "began",
        "playbook",
        "outcome",
        "differences",
        "unread",
        "members read",
        "missed before",
    )
    listed = table(caption, (*headings, "repaired by", "why"), rows)
    return element("section", element("h2", "Passes of the watch"), listed)


def members_table(view: RecordView) -> LongTable:
    """Give all members, those that need attention first."""
    weight = {word: place for place, word in enumerate(_MEMBERS)}
    ordered = sorted(view.members, key=lambda each: weight[each.word])
    return LongTable(
        own_id="members",
        title="Members",
        note="As the last run left them, or the last pass of the watch found them.",
        columns=(
            Column(heading="host"),
            Column(heading="state", kind="state"),
            Column(heading="differences"),
            Column(heading="last run", kind="time"),
            Column(heading="last read", kind="time"),
            Column(heading="playbook"),
            Column(heading="domain"),
            Column(heading="why"),
        ),
        rows=[
            (
                each.host,
                each.word,
                str(each.differences),
                _utc(each.last.time).isoformat() if each.last else "",
                _utc(each.read).isoformat() if each.read else "",
                each.playbook,
                each.domain,
                shortened(each.unread or (each.last.reason if each.last else "")),
            )
            for each in ordered
        ],
    )


def runs_table(view: RecordView) -> LongTable:
    """Give all runs, newest first."""
    return LongTable(
        own_id="runs",
        title="Runs",
        note="Newest first. orchestrate runs show tells what each of them did.",
        columns=(
            Column(heading="run"),
            Column(heading="state", kind="state"),
            Column(heading="command"),
            Column(heading="began", kind="time"),
            Column(heading="ended", kind="time"),
            Column(heading="playbook"),
            Column(heading="domain"),
            Column(heading="broke off"),
        ),
        rows=[
            (
                run.run_id,
                run.state.value,
                run.command if run.undoes is None else f"rollback of {run.undoes}",
                _utc(run.started).isoformat(),
                _utc(run.ended).isoformat() if run.ended else "",
                run.playbook,
                run.domain,
                shortened(run.error or ""),
            )
            for run in view.runs
        ],
    )


def _outcome(seen: WatchPass) -> str:
    return seen.outcome.value if seen.outcome else _NOT_ENDED


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(microsecond=0)
