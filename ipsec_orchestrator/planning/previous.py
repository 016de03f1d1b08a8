"""Our own objects of an earlier specification: what to call them, how to take them away."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ipsec_orchestrator.facts.ip_security_container import IpSecurityContainer
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import DN_ATTRIBUTES, Attributes, Entry, dn_key
from ipsec_orchestrator.model.plan import Caution
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import Step
from ipsec_orchestrator.planning.describe import kind_of
from ipsec_orchestrator.planning.desired import (
    DEFAULT_RESPONSE_NAME,
    STAGE_OF_KIND,
    ObjectKind,
    marker,
)
from ipsec_orchestrator.planning.draft import Draft, change_entry, delete_entry

# Deleting begins where nothing points any more [MS-GPIPSEC] 3.1.5.7.
_DELETION_ORDER = (
    ObjectKind.RULE,
    ObjectKind.FILTER_LIST,
    ObjectKind.FILTER_ACTION,
    ObjectKind.KEY_EXCHANGE,
    ObjectKind.POLICY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousObject:
    """One object that carries our mark; ``name`` is the one that people know it by."""

    kind: ObjectKind
    name: str
    entry: Entry


def previous_objects(
    container: IpSecurityContainer,
    playbook: str,
    wanted: AbstractSet[str],
) -> tuple[PreviousObject, ...]:
    """Give the objects marked for this playbook whose DN keys are not among ``wanted``."""
    found: list[PreviousObject] = []
    for entry in container.marked(marker(playbook)):
        kind = kind_of(entry.attributes)
        if kind is not None and dn_key(entry.dn) not in wanted:
            found.append(PreviousObject(kind=kind, name=_name(entry, container, kind), entry=entry))
    return tuple(found)


def _name(entry: Entry, container: IpSecurityContainer, kind: ObjectKind) -> str:
    """Name an object; key exchange settings are called as the policy that owns them."""
    own = entry.attributes.text("ipsecName")
    if own is not None:
        return own
    if kind is not ObjectKind.KEY_EXCHANGE:
        return DEFAULT_RESPONSE_NAME
    for owner in entry.attributes.texts("ipsecOwnersReference"):
        policy = container.entry(owner)
        if policy is not None and (name := policy.attributes.text("ipsecName")) is not None:
            return name
    return entry.dn


def plan_deletion(
    objects: Iterable[PreviousObject],
    observed: Observed,
    stage: Stage | None = Stage.CLEAN_UP,
) -> Draft:
    """Plan taking objects away, in the order of [MS-GPIPSEC] 3.1.5.7.

    References between the objects go first: a directory keeps a reference to a deleted object
    as one to its tombstone. What somebody else's object refers to, and what another GPO
    assigns, stays, with a warning. Without
    a ``stage`` every object is shown under that of its kind.
    """
    objects = list(objects)
    doomed = {dn_key(old.entry.dn) for old in objects}
    held = _held(observed, doomed)
    loosened = {dn_key(old.entry.dn): _loosened(old, doomed, held) for old in objects}
    steps: list[Step] = []
    for old in objects:
        loose = loosened[dn_key(old.entry.dn)]
        if loose:
            title = f"loosen {old.kind.value} {old.name}"
            steps.append(change_entry(stage or STAGE_OF_KIND[old.kind], title, old.entry, loose))
    for kind in _DELETION_ORDER:
        steps += [
            delete_entry(
                stage or STAGE_OF_KIND[kind],
                f"delete {kind.value} {old.name}",
                old.entry,
                without=loosened[dn_key(old.entry.dn)],
            )
            for old in objects
            if old.kind is kind and dn_key(old.entry.dn) not in held
        ]
    warnings = tuple(
        Caution(
            code="still-referenced",
            text=f"{old.kind.value} {old.name} stays, because {held[dn_key(old.entry.dn)]} needs it.",
        )
        for old in objects
        if dn_key(old.entry.dn) in held
    )
    return Draft(steps=tuple(steps), warnings=warnings)


def _loosened(
    old: PreviousObject,
    doomed: AbstractSet[str],
    held: Mapping[str, str],
) -> Attributes:
    """Give the references of an object as they are without those to objects that go.

    Rules that go do so before whatever they refer to, so their own references stay until then.
    """
    if old.kind is ObjectKind.RULE and dn_key(old.entry.dn) not in held:
        return Attributes()
    after: dict[str, tuple[bytes, ...]] = {}
    for name, values in old.entry.attributes.items():
        if name.casefold() not in DN_ATTRIBUTES:
            continue
        going = doomed - held.keys()
        kept = tuple(value for value in values if _key(value) not in going)
        if kept != values:
            after[name] = kept
    return Attributes(after)


def _key(value: bytes) -> str:
    return dn_key(value.decode(errors="surrogateescape"))


def _held(observed: Observed, doomed: AbstractSet[str]) -> dict[str, str]:
    """Tell which doomed objects somebody else needs, directly or through another object.

    Returns:
        Key of the DN -> who needs it.
    """
    entries = observed.container.entries
    held = {
        key: f"the GPO {names[0]}"
        for key, names in sorted(observed.assigned_elsewhere.items())
        if key in doomed and key in entries
    }
    waiting = [(entries[key], who) for key, who in held.items()]
    waiting += [
        (entry, f"{entry.attributes.text('ipsecName') or entry.dn}, which is not ours,")
        for key, entry in sorted(entries.items())
        if key not in doomed
    ]
    while waiting:
        entry, who = waiting.pop(0)
        for target in _downward(entry):
            found = entries.get(target)
            if target in doomed and target not in held and found is not None:
                held[target] = who
                waiting.append((found, who))
    return held


def _downward(entry: Entry) -> Iterator[str]:
    """Give what an object refers to; an owner is above its parts, naming it holds nothing."""
    for name, values in entry.attributes.items():
        if name.casefold() in DN_ATTRIBUTES and name.casefold() != "ipsecownersreference":
            yield from (_key(value) for value in values)
