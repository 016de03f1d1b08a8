"""Members in a picture: are they where the GPO reaches them, and have they its policy?"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from ipsec_orchestrator.codec.gp_link import parse_gp_link
from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.facts.assigned_set import assigned_set
from ipsec_orchestrator.facts.computers import Computer
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.facts.member_policy import MemberObservation
from ipsec_orchestrator.facts.member_verdict import (
    MemberOutcome,
    WantedOnMember,
    judge_member,
)
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import Entry, dn_key, is_below
from ipsec_orchestrator.model.drift import Unread
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.planning.desired import DesiredPolicy
from ipsec_orchestrator.planning.drift.picture import ABSENT, Picture, Thing, Trait

MEMBER: Final = "member"
ACCOUNT: Final = "computer account"
PLACE: Final = "place"
POLICY: Final = "policy"
CONTENT: Final = "content"
_REACHED: Final = "where the GPO reaches it"
_RUN: Final = "last Group Policy run"
_ENABLED: Final = "enabled"
_ENFORCED: Final = "yes"
_AS_STORED: Final = "as in the directory"


def ideal_members(
    hosts: Iterable[Host], policy: str, observed: Observed, most: timedelta
) -> Picture:
    """Draw members that have a policy, or ``absent``, as they ought to have it.

    It is what a playbook wants, and what a run that ended well has left. Of a member that could
    not be read nothing is drawn but its account.

    Args:
        hosts: Whom the playbook means.
        policy: Name of the policy.
        observed: What was read.
        most: How long the last successful run of Group Policy may be ago.
    """
    things: list[Thing] = []
    for host in hosts:
        things.append(
            Thing(
                kind=ACCOUNT,
                name=host.name,
                object=host.fqdn,
                traits={PLACE: Trait(text=_REACHED), "account": Trait(text=_ENABLED)},
            ),
        )
        if not isinstance(observed.members.get(host.name), MemberObservation):
            continue
        traits = {POLICY: Trait(text=policy), _RUN: Trait(text=_recent(most))}
        if policy != ABSENT:
            traits["enforced"] = Trait(text=_ENFORCED)
            traits[CONTENT] = Trait(text=_AS_STORED)
        things.append(Thing(kind=MEMBER, name=host.name, object=host.fqdn, traits=traits))
    return Picture(things=tuple(things))


def found_members(
    hosts: Iterable[Host],
    observed: Observed,
    assigned: DesiredPolicy | None,
    policies: Iterable[DesiredPolicy],
    most: timedelta,
) -> Picture:
    """Draw what every member has, as far as it was read.

    Args:
        hosts: Whom the playbook means.
        observed: What was read.
        assigned: The policy that they ought to have.
        policies: All policies of the playbook; they may share parts.
        most: As for :func:`ideal_members`.
    """
    sets = (*_wanted(assigned, policies), *_stored(observed))
    things: list[Thing] = []
    blocking = _blocking(observed)
    for host in hosts:
        account = observed.computers.find(host.fqdn)
        things.append(
            Thing(
                kind=ACCOUNT,
                name=host.name,
                object=account.dn if account else host.fqdn,
                traits=dict(_account(account, blocking)),
            ),
        )
        found = observed.members.get(host.name)
        if isinstance(found, MemberObservation):
            things.append(
                Thing(
                    kind=MEMBER,
                    name=host.name,
                    object=host.fqdn,
                    traits={**dict(_member(found, sets)), **dict(_run(found, most))},
                ),
            )
    return Picture(things=tuple(things))


def unread_members(hosts: Iterable[Host], observed: Observed) -> Iterator[Unread]:
    """Name what is not known of members: all of it, or when they last ran Group Policy."""
    for host in hosts:
        match observed.members.get(host.name):
            case MemberObservation(last_run=None):
                yield Unread(
                    object=host.name,
                    reason="No run of Group Policy is recorded there.",
                    cure="Run gpupdate /target:computer there.",
                )
            case str(reason):
                yield Unread(object=host.name, reason=reason)
            case _:
                # It was read, or nobody has asked it.
                continue


def _run(found: MemberObservation, most: timedelta) -> Iterator[tuple[str, Trait]]:
    """Tell how long ago Group Policy ran, by the member's own clock."""
    run = found.last_run
    if run is None:
        return
    age = found.time - run.ended_at
    if run.status:
        yield _RUN, Trait(text=f"failed, error 0x{run.status & 0xFFFF_FFFF:08X}")
    elif age > most:
        yield _RUN, Trait(text=f"{_hours(age)} h ago")
    else:
        yield _RUN, Trait(text=_recent(most))


def _recent(most: timedelta) -> str:
    return f"succeeded at most {_hours(most)} h ago"


def _hours(age: timedelta) -> int:
    return age // timedelta(hours=1)


def _blocking(observed: Observed) -> tuple[str, ...]:
    """Give the OUs that keep the GPO from the accounts below them; an enforced link passes all."""
    links = parse_gp_link(observed.ou.gp_link or "")
    link = links.find(observed.gpo.gpo_id) if observed.gpo else None
    return () if link is not None and link.enforced else observed.blocking


def _account(account: Computer | None, blocking: Iterable[str]) -> Iterator[tuple[str, Trait]]:
    if account is None:
        yield PLACE, Trait(text="elsewhere, or not there")
    else:
        block = next((dn for dn in blocking if is_below(account.dn, dn)), None)
        yield (
            PLACE,
            Trait(text=_REACHED)
            if block is None
            else Trait(
                text=f"below {block}, which blocks inheritance",
                attribute="gPOptions",
                holder=block,
            ),
        )
    if account is not None:
        # With a disabled account a computer can't log on, and gets no Group Policy.
        text = "disabled" if account.is_disabled else _ENABLED
        yield "account", Trait(text=text, attribute="userAccountControl")


def _wanted(
    policy: DesiredPolicy | None, policies: Iterable[DesiredPolicy]
) -> Iterator[WantedOnMember]:
    """Give the set of objects that the playbook asks for."""
    if policy is not None:
        entries = {
            dn_key(thing.dn): Entry(dn=thing.dn, attributes=thing.complete)
            for each in policies
            for thing in each.objects
        }
        yield assigned_set(entries, policy.dn)


def _stored(observed: Observed) -> Iterator[WantedOnMember]:
    """Give the set that the directory assigns, if it is whole: members may have fetched that."""
    gpo = observed.gpo
    entry = gpo.child(assignment_dns(gpo.entry.dn)[-1]) if gpo else None
    owner = entry.attributes.text("ipsecOwnersReference") if entry else None
    if owner is None:
        return
    try:
        yield assigned_set(observed.container.entries, owner)
    except OrchestratorError:
        # It is damaged; that is a difference of the objects, and no member can have it.
        return


def _member(
    found: MemberObservation, sets: Iterable[WantedOnMember]
) -> Iterator[tuple[str, Trait]]:
    has = (found.assigned.name or found.assigned.path) if found.assigned else ABSENT
    yield POLICY, Trait(text=has)
    verdicts = [
        judge_member(found, each, None)
        for each in sets
        if each.policy_name.casefold() == has.casefold()
    ]
    if not verdicts:
        # What another policy holds, and whether it is in force, is no difference of its own.
        return
    verdict = next((v for v in verdicts if v.outcome is MemberOutcome.DONE), verdicts[0])
    done = verdict.outcome is MemberOutcome.DONE
    yield CONTENT, Trait(text=_AS_STORED if done else verdict.reason)
    enforced = verdict.enforced or not done
    yield "enforced", Trait(text=_ENFORCED if enforced else f"no: {verdict.reason}")
