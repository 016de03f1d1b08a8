"""What a plan rests on: every object that it touches or takes as given, as it was read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ipsec_orchestrator.facts.gpo import ASSIGNMENT_ATTRIBUTES, GPO_ATTRIBUTES, OU_ATTRIBUTES
from ipsec_orchestrator.facts.ip_security_container import OBJECT_ATTRIBUTES
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import Entry, dn_key
from ipsec_orchestrator.model.plan import Basis, BasisObject, Change
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.steps import EntryStep, Step

# Somebody else's setting in the same GPO counts it up. Only a plan that writes it rests on it.
_COUNTERS = frozenset({"versionnumber"})


@dataclass(frozen=True, slots=True)
class _Read:
    """An object that was read, and what was asked for, found or not."""

    entry: Entry
    asked: Sequence[str]


def basis_of(
    playbook: Playbook,
    observed: Observed,
    changes: Iterable[Change],
    steps: Iterable[Step],
    tool_version: str,
) -> Basis:
    """Give the basis of a plan that is made of what was observed."""
    return Basis(
        domain=observed.names.domain,
        dc=observed.names.dc,
        invocation_id=observed.invocation_id,
        playbook=playbook.name,
        gpo=playbook.gpo.name,
        tool_version=tool_version,
        objects=tuple(_objects(observed, tuple(changes), tuple(steps))),
    )


def _objects(
    observed: Observed, changes: Iterable[Change], steps: Iterable[Step]
) -> Iterator[BasisObject]:
    """Give the objects in DN order.

    These are: what a step touches, found or not; what the plan calls unchanged; the OU; the GPO
    and the place of its assignment.
    """
    always = {dn_key(read.entry.dn): read for read in _always(observed)}
    known = {**{key: _Read(e, OBJECT_ATTRIBUTES) for key, e in _stored(observed)}, **always}
    given = {
        **always,
        **{key: known[key] for change in changes if (key := dn_key(change.object)) in known},
    }
    touched: dict[str, list[EntryStep]] = {}
    for step in steps:
        if isinstance(step, EntryStep):
            touched.setdefault(dn_key(step.dn), []).append(step)
    for key in sorted({*given, *touched}):
        chain = touched.get(key, [])
        read = given.get(key) or known.get(key)
        if read is not None:
            yield _present(read, chain)
        elif chain[0].before is None:
            yield BasisObject(dn=chain[0].dn, guid=None, usn=None, attributes=None)


def _present(read: _Read, chain: Iterable[EntryStep]) -> BasisObject:
    written = {
        name.casefold(): name
        for step in chain
        for side in (step.before, step.after)
        for name in side or ()
    }
    wanted = {**written, **{name.casefold(): name for name in read.asked}}
    return BasisObject(
        dn=read.entry.dn,
        guid=read.entry.guid,
        usn=read.entry.usn,
        attributes=read.entry.attributes.only(
            name for key, name in wanted.items() if key in written or key not in _COUNTERS
        ),
    )


def _stored(observed: Observed) -> Iterator[tuple[str, Entry]]:
    yield from observed.container.entries.items()


def _always(observed: Observed) -> Iterator[_Read]:
    yield _Read(observed.ou.entry, OU_ATTRIBUTES)
    for gpo in filter(None, (observed.gpo, observed.pilot)):
        yield _Read(gpo.entry, GPO_ATTRIBUTES)
        for below in gpo.below:
            yield _Read(below, (*ASSIGNMENT_ATTRIBUTES, "adminDescription"))
