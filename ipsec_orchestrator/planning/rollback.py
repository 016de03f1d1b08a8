"""The plan of ``orchestrate rollback``: from what a run did, and what is there, back to before.

Members keep a policy that vanishes before its assignment does, and notice an assignment by a
higher version only. So, whatever the run was:

1. bring back what it took away or changed in place;
2. switch the assignment back;
3. raise the versions;
4. take the link of a pilot GPO away, and refresh the members until they have what they had;
5. take away what it made: the link first, the GPO last.
"""

from dataclasses import replace

from ipsec_orchestrator.model.plan import Plan, Purpose
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.steps import Step
from ipsec_orchestrator.planning.concerned import via_of
from ipsec_orchestrator.planning.draft import Draft
from ipsec_orchestrator.planning.rollback_gpo import gpo_again, gpo_away, raise_versions
from ipsec_orchestrator.planning.rollback_known import is_link, known_pilot
from ipsec_orchestrator.planning.rollback_members import (
    members_again,
    members_back,
    tasks_away,
    web_back,
)
from ipsec_orchestrator.planning.rollback_parts import Parts
from ipsec_orchestrator.planning.rollback_pilot import PilotUndo, take_apart
from ipsec_orchestrator.planning.rollback_views import RunToUndo, check_untouched
from ipsec_orchestrator.planning.rollback_waves import narrowing_back
from ipsec_orchestrator.planning.rollback_words import changes_of, left_out


def plan_rollback(run: RunToUndo, tool_version: str, via: GpoVia | None = None) -> Plan:
    """Plan taking a run back.

    Args:
        run: What it did, what was there before, what is there now.
        tool_version: Goes into the plan's basis.
        via: The way to the GPO's template, where the run itself did not go there.

    Raises:
        StalePlanError: Somebody else has changed what the run touched.
        PlanError: It made a pilot GPO and changed its link and another one at once.
    """
    whole = run
    known = known_pilot(run, via_of(run.plan.steps) or via or GpoVia.WINRM)
    pilot = take_apart(run) if known is None else PilotUndo(main=known.main)
    run = pilot.main
    check_untouched(run)
    parts = Parts(run)
    way = via_of(run.plan.steps) or via or GpoVia.WINRM
    narrowing = narrowing_back(run, way)
    heard = parts.is_heard() or narrowing is not None
    away = gpo_away(run)
    hidden, revealed = parts.hidden(narrows=narrowing is not None) if heard else ((), ())
    loud, quiet = (
        raise_versions(run, way, hidden=bool(hidden), goes=bool(away)) if heard else ((), ())
    )
    # Who got the change by a pilot feels that it goes, whatever the main GPO has told so far.
    felt = (heard and parts.is_felt()) or bool(pilot.unlink)
    if narrowing is not None:
        members, again = narrowing.late, Draft()
        narrowed = (*narrowing.steps, *revealed, *quiet, *narrowing.early.steps)
        revealed = quiet = ()
    elif known is not None:
        members, again, narrowed = known.members, Draft(), ()
    else:
        members = members_back(run, hidden=bool(hidden)) if felt else Draft()
        again = members_again(run) if felt else Draft()
        narrowed = ()
    steps: tuple[Step, ...] = (
        *gpo_again(run),
        *(known.again if known else ()),
        *(step for step in parts.back if not is_link(step)),
        *(known.back if known else ()),
        *(step for step in parts.back if is_link(step)),
        *parts.switch,
        *hidden,
        *(known.loud if known else ()),
        *loud,
        *pilot.unlink,
        *members.steps,
        *tasks_away(run),
        *pilot.away,
        *narrowed,
        *parts.link_away,
        *parts.away,
        *parts.place_away,
        *revealed,
        *(known.quiet if known else ()),
        *quiet,
        *(() if away else parts.gpo_last),
        *away,
        *again.steps,
        *web_back(run),
    )
    warnings = narrowing.warnings if narrowing else ()
    return Plan(
        purpose=Purpose.ROLLBACK,
        basis=replace(run.plan.basis, tool_version=tool_version, objects=()),
        changes=(*changes_of(steps, whole), *members.changes),
        steps=steps,
        warnings=(*members.warnings, *warnings, *left_out(run)),
    )
