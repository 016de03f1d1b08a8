"""Looks at everything that a plan will touch before the first write.

A plan is refused as a whole: half of a stale plan must not be carried out. Whatever an earlier,
interrupted run of the same plan has done already is no reason to refuse it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ipsec_orchestrator.codec import gpt_ini
from ipsec_orchestrator.engine.filtering import shown as shown_filtering
from ipsec_orchestrator.engine.filtering import texts
from ipsec_orchestrator.engine.gathered import Gathered
from ipsec_orchestrator.engine.perform import GPT_INI, template_name
from ipsec_orchestrator.engine.web import check_web, host_of, read_web_state
from ipsec_orchestrator.errors import StalePlanError, StaleValue
from ipsec_orchestrator.facts.gpo import (
    FILTERING_ATTRIBUTES,
    read_filtering,
    read_gpo,
    read_gpo_by_id,
)
from ipsec_orchestrator.facts.web_service import WebState
from ipsec_orchestrator.model.directory import Attributes, Entry, dn_key
from ipsec_orchestrator.model.steps import (
    EntryStep,
    FilteringStep,
    GpoStep,
    Step,
    TemplateVersionStep,
    WebStep,
)
from ipsec_orchestrator.planning.desired import guid_text
from ipsec_orchestrator.planning.draft import differing, shown
from ipsec_orchestrator.planning.plan_secrets import holds_secret
from ipsec_orchestrator.ports import World


def check_before_writing(steps: Iterable[Step], world: World) -> None:
    """Compare the world with what the plan found.

    Raises:
        StalePlanError: Something is neither as before nor as any step of the plan leaves it; tells
            of everything that is so.
    """
    steps = tuple(steps)
    unborn = (*_unborn(steps), *_gone(steps, world))
    gathered = Gathered()
    for step in steps:
        if isinstance(step, GpoStep):
            with gathered:
                _check_gpo(step, world)
    for versions in _grouped(_versions(steps, unborn), lambda step: str(step.gpo_id)):
        with gathered:
            _check_template(versions, world)
    for narrowing in _grouped(_filterings(steps, unborn), lambda step: dn_key(step.dn)):
        with gathered:
            _check_filtering(narrowing, world)
    for chain in _grouped(_entries(steps, unborn), lambda step: dn_key(step.dn)):
        with gathered:
            _check_chain(chain, world)
    with gathered:
        _check_web_servers(steps, world)
    gathered.tell()


def _check_web_servers(steps: Iterable[Step], world: World) -> None:
    seen: dict[tuple[str, int], WebState] = {}
    for step in steps:
        if not isinstance(step, WebStep):
            continue
        place = (step.host, step.port)
        if place not in seen:
            seen[place] = read_web_state(host_of(step, world), step.port, world)
        check_web(step, seen[place])


_Kind = TypeVar("_Kind")


def _grouped(steps: Iterable[_Kind], key: Callable[[_Kind], str]) -> Iterable[list[_Kind]]:
    """Put the steps that are about one thing together, in their order."""
    groups: dict[str, list[_Kind]] = {}
    for step in steps:
        groups.setdefault(key(step), []).append(step)
    return groups.values()


def _versions(steps: Iterable[Step], unborn: tuple[str, ...]) -> Iterator[TemplateVersionStep]:
    for step in steps:
        if isinstance(step, TemplateVersionStep) and guid_text(step.gpo_id) not in unborn:
            yield step


def _filterings(steps: Iterable[Step], unborn: tuple[str, ...]) -> Iterator[FilteringStep]:
    for step in steps:
        if isinstance(step, FilteringStep) and not any(guid in step.dn.upper() for guid in unborn):
            yield step


def _entries(steps: Iterable[Step], unborn: tuple[str, ...]) -> Iterator[EntryStep]:
    for step in steps:
        if isinstance(step, EntryStep) and not any(guid in step.dn.upper() for guid in unborn):
            yield step


def _unborn(steps: Iterable[Step]) -> Iterator[str]:
    """Give the provisional ids of GPOs that are yet to be made: nothing of them can be checked."""
    for step in steps:
        if isinstance(step, GpoStep) and step.after:
            yield guid_text(step.gpo_id)


def _gone(steps: Iterable[Step], world: World) -> Iterator[str]:
    """Give the ids of GPOs that the plan deletes and that are gone, with everything below them."""
    for step in steps:
        if not isinstance(step, GpoStep) or step.after:
            continue
        if read_gpo_by_id(world.directory, step.gpo_id) is None:
            yield guid_text(step.gpo_id)


def _check_gpo(step: GpoStep, world: World) -> None:
    if step.after:
        found = read_gpo(world.directory, step.name)
        if found is not None:
            raise StalePlanError(
                object=f"GPO {step.name}",
                attribute="the object",
                expected="absent",
                found=f"present as {found.entry.dn}",
            )
    elif (gpo := read_gpo_by_id(world.directory, step.gpo_id)) is not None:
        name = gpo.entry.attributes.text("displayName")
        # One whose making was interrupted has no name yet.
        if name not in {step.name, None}:
            raise StalePlanError(
                object=gpo.entry.dn,
                attribute="displayName",
                expected=step.name,
                found=str(name),
            )


def _check_template(chain: list[TemplateVersionStep], world: World) -> None:
    """Check one ``gpt.ini``, which a removal may raise twice."""
    step = chain[0]
    content = world.sysvol[step.via].read(step.gpo_id, GPT_INI)
    number = gpt_ini.version(content).number if content is not None else 0
    if number not in {step.before, *(each.after for each in chain)}:
        raise StalePlanError(
            object=template_name(step.gpo_id),
            attribute="Version",
            expected=str(step.before),
            found=str(number),
        )


def _check_filtering(chain: list[FilteringStep], world: World) -> None:
    """Check who gets a GPO against what its first step expects and where each brings it."""
    first = chain[0]
    entry = world.directory.read(first.dn, FILTERING_ATTRIBUTES)
    if entry is None:
        raise StalePlanError(
            object=first.dn, attribute="the object", expected="present", found="absent"
        )
    standing = texts(read_filtering(entry))
    if standing not in {first.before, *(step.after for step in chain)}:
        raise StalePlanError(
            object=first.dn,
            attribute="security filtering",
            expected=shown_filtering(first.before),
            found=shown_filtering(standing),
        )


def _check_chain(chain: list[EntryStep], world: World) -> None:
    """Check one object against what it is before its first step and after each of them."""
    names = {name.casefold(): name for step in chain for name in _names(step)}
    found = world.directory.read(chain[0].dn, tuple(names.values()))
    states = _states(chain)
    if any(_fits(found, state) for state in states):
        return
    first = states[0]
    if found is None or first is None:
        raise StalePlanError(
            object=chain[0].dn,
            attribute="the object",
            expected="absent" if first is None else "present",
            found="absent" if found is None else "present, with other content",
        )
    raise StalePlanError.of(stale_values(found.dn, first, found.attributes))


def stale_values(dn: str, expected: Attributes, found: Attributes) -> Iterator[StaleValue]:
    """Give every attribute of an object that is not as expected."""
    for name in differing(expected, found):
        yield StaleValue(
            object=dn,
            attribute=name,
            expected=_said(dn, name, expected.values_of(name)),
            found=_said(dn, name, found.values_of(name)),
        )


def _said(dn: str, name: str, values: tuple[bytes, ...]) -> str:
    """Write values for a message, but no pre-shared key that somebody has put into a rule."""
    if holds_secret(dn, Attributes({name: values})):
        return "something that holds a pre-shared key"
    return shown(values)


def _names(step: EntryStep) -> Iterator[str]:
    for side in (step.before, step.after):
        yield from side or ()


def _states(chain: list[EntryStep]) -> list[Attributes | None]:
    """Give the object's known attributes before the first step and after each."""
    known: dict[str, tuple[bytes, ...]] | None = None
    # An attribute that a later step touches is, until then, as that step expects it.
    for step in reversed(chain):
        if step.before is not None:
            known = {**(known or {}), **dict(step.before.items())}
    first = chain[0].before
    states: list[Attributes | None] = [None if first is None else Attributes(known or {})]
    current = {} if first is None else dict(known or {})
    for step in chain:
        if step.after is None:
            states.append(None)
            current = {}
        else:
            current = {**current, **dict(step.after.items())}
            states.append(Attributes(current))
    return states


def _fits(found: Entry | None, state: Attributes | None) -> bool:
    if found is None or state is None:
        return found is None and state is None
    return not differing(state, found.attributes)
