"""Reading everything that is recorded in a state folder."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from ipsec_orchestrator import __version__
from ipsec_orchestrator.app.confirmations import confirmations
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.pass_store import pass_store
from ipsec_orchestrator.app.proof_store import proof_store
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.model.member_state import LastOutcome, MemberState
from ipsec_orchestrator.model.record_view import RecordView
from ipsec_orchestrator.model.watch import WatchPass
from ipsec_orchestrator.planning.drift.members import MEMBER

Tell = Callable[[str], None]
_Key: TypeAlias = tuple[str, str, str]


def read_record(
    place: StatePlace, made: datetime, tell: Tell | None = None, *, playbook: str = ""
) -> RecordView:
    """Read all of it, or what is about one playbook.

    Args:
        place: The state folder.
        made: The present time, UTC.
        tell: Hears of damage, and what was done about it.
        playbook: Name of the playbook; empty for all.

    Raises:
        BackendError: A file can't be read.
    """
    store = run_store(place, tell=tell)
    runs = tuple(run for run in store.runs() if playbook in {"", run.playbook})
    passes = pass_store(place, tell=tell).passes(playbook=playbook)
    outcomes = (each for each in store.last_outcomes() if playbook in {"", each.playbook})
    return RecordView(
        made=made,
        tool_version=__version__,
        folder=str(place.folder),
        runs=runs,
        passes=passes,
        proofs=proof_store(place, tell=tell).proofs(playbook=playbook),
        pending=tuple(
            each for each in confirmations(place).all() if playbook in {"", each.playbook}
        ),
        members=member_states(outcomes, passes),
    )


def member_states(
    outcomes: Iterable[LastOutcome], passes: Iterable[WatchPass]
) -> tuple[MemberState, ...]:
    """Join what runs did with members and what passes saw of them.

    Args:
        outcomes: One a member and playbook.
        passes: Newest first.
    """
    found: dict[_Key, MemberState] = {
        (each.playbook, each.domain.casefold(), each.host): MemberState(
            playbook=each.playbook, domain=each.domain, host=each.host, last=each
        )
        for each in outcomes
    }
    for each in passes:
        _take_reads(each, found)
        _take_unread(each, found)
    return tuple(found[key] for key in sorted(found))


def _take_reads(each: WatchPass, found: dict[_Key, MemberState]) -> None:
    differing: dict[str, int] = {}
    for difference in each.report.differences:
        if difference.thing == MEMBER:
            differing[difference.name] = differing.get(difference.name, 0) + 1
    for host in each.members_read:
        key = each.playbook, each.domain.casefold(), host
        known = found.get(key)
        if known is None:
            known = MemberState(playbook=each.playbook, domain=each.domain, host=host)
        elif known.read is not None:
            continue
        found[key] = replace(known, read=each.started, differences=differing.get(host, 0))


def _take_unread(each: WatchPass, found: dict[_Key, MemberState]) -> None:
    for unread in each.report.unknown:
        key = each.playbook, each.domain.casefold(), unread.object
        known = found.get(key)
        # A DC that can't be read is no member; a later pass may have read the member.
        if known is not None and known.read is None and not known.unread:
            found[key] = replace(known, unread=unread.reason)
