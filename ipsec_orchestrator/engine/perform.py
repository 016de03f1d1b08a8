"""One function that does any step: checks what is there, changes it, reads it back.

Every step may be performed again: what is already as wanted counts as success, and what is
neither as before nor as wanted is refused.
"""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from ipsec_orchestrator.codec import gpt_ini
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.errors import ReadBackError, StalePlanError
from ipsec_orchestrator.facts.gpo import COMMENT_FILE, comment_text, read_gpo, read_gpo_by_id
from ipsec_orchestrator.model.directory import Attributes, Entry, dn_key, same_dn
from ipsec_orchestrator.model.outcome import StepOutcome
from ipsec_orchestrator.model.steps import EntryStep, GpoStep, Step, TemplateVersionStep
from ipsec_orchestrator.planning.draft import differing, object_difference, shown
from ipsec_orchestrator.ports import World

GPT_INI = "gpt.ini"
_ABSENT = "absent"
_PRESENT = "present"


def perform_entry(step: EntryStep, world: World, later: Iterable[Step] = ()) -> StepOutcome:
    """Bring one object to where the step wants it.

    Args:
        step: What to do.
        world: Where.
        later: What the same plan does afterwards. An object that is already where one of these
            brings it was there in an earlier run of the plan, and is left as it is.

    Raises:
        StalePlanError: The object is neither as before nor as wanted.
        ReadBackError: It was written, but reads back differently.
        BackendError: The directory refused.
    """
    found = world.directory.read(step.dn, _touched(step))
    if _is(found, step.after):
        return StepOutcome.ALREADY
    # Only an object that would be stale otherwise: what is as before is waiting for this step.
    if not _is(found, step.before) and any(_is(found, a) for a in _afterwards(step, later)):
        return StepOutcome.ALREADY
    _expect(step, found)
    if step.after is None:
        world.directory.delete(step.dn)
    elif step.before is None:
        world.directory.add(step.dn, step.after)
    else:
        world.directory.replace(step.dn, step.after.only(differing(step.after, step.before)))
    _read_back(step, world)
    return StepOutcome.DONE


def _afterwards(step: EntryStep, later: Iterable[Step]) -> Iterator[Attributes | None]:
    """Give where later steps bring the same object, as far as this step's attributes go."""
    names = _touched(step)
    for other in later:
        if isinstance(other, GpoStep) and not other.after:
            # A GPO goes with everything below it.
            if f"cn={{{other.gpo_id}}}," in dn_key(step.dn):
                yield None
            continue
        if not isinstance(other, EntryStep) or not same_dn(other.dn, step.dn):
            continue
        if other.after is None:
            yield None
        elif all(name in other.after for name in names):
            yield other.after.only(names)


def _touched(step: EntryStep) -> tuple[str, ...]:
    names = {name.casefold(): name for side in (step.before, step.after) for name in side or ()}
    return tuple(names.values())


def _is(found: Entry | None, wanted: Attributes | None) -> bool:
    if found is None or wanted is None:
        return found is None and wanted is None
    return not differing(wanted, found.attributes)


def _expect(step: EntryStep, found: Entry | None) -> None:
    if _is(found, step.before):
        return
    attributes = None if found is None else found.attributes
    attribute, expected, there = object_difference(attributes, step.before)
    raise StalePlanError(object=step.dn, attribute=attribute, expected=expected, found=there)


def _read_back(step: EntryStep, world: World) -> None:
    again = world.directory.read(step.dn, _touched(step))
    if _is(again, step.after):
        return
    attributes = None if again is None else again.attributes
    attribute, written, there = object_difference(attributes, step.after)
    raise ReadBackError(object=step.dn, attribute=attribute, written=written, found=there)


def perform_gpo(step: GpoStep, world: World) -> tuple[StepOutcome, UUID]:
    """Make or remove a GPO and give its real id.

    Raises:
        StalePlanError: Somebody has made a GPO of that name meanwhile.
        BackendError: The host or the directory refused.
    """
    gpos = world.gpos[step.via]
    if step.after:
        found = read_gpo(world.directory, step.name)
        if found is not None and is_made_by(step, found.gpo_id, world):
            return StepOutcome.ALREADY, found.gpo_id
        if found is not None:
            raise StalePlanError(
                object=f"GPO {step.name}",
                attribute="the object",
                expected=_ABSENT,
                found=f"present as {found.entry.dn}",
            )
        real = gpos.create(name=step.name, wished_id=step.gpo_id, comment=step.comment)
        if read_gpo_by_id(world.directory, real) is None:
            raise ReadBackError(
                object=f"GPO {step.name}",
                attribute="the object",
                written=_PRESENT,
                found=_ABSENT,
            )
        return StepOutcome.DONE, real
    if read_gpo_by_id(world.directory, step.gpo_id) is None:
        # An earlier attempt may have died between the container and the folder.
        gpos.delete(gpo_id=step.gpo_id)
        return StepOutcome.ALREADY, step.gpo_id
    gpos.delete(gpo_id=step.gpo_id)
    if read_gpo_by_id(world.directory, step.gpo_id) is not None:
        raise ReadBackError(
            object=f"GPO {step.name}",
            attribute="the object",
            written=_ABSENT,
            found=_PRESENT,
        )
    return StepOutcome.DONE, step.gpo_id


def template_name(gpo_id: UUID) -> str:
    """Name a template's ``gpt.ini`` for messages."""
    return f"{GPT_INI} of {{{str(gpo_id).upper()}}}"


def is_made_by(step: GpoStep, gpo_id: UUID, world: World) -> bool:
    """Tell whether a GPO of the wished name is the one that this step made in an earlier run."""
    if gpo_id == step.gpo_id:
        return True
    content = world.sysvol[step.via].read(gpo_id, COMMENT_FILE)
    return bool(step.comment) and comment_text(content) == step.comment


def perform_template_version(
    step: TemplateVersionStep,
    world: World,
    later: Sequence[Step] = (),
) -> StepOutcome:
    """Set the version in ``gpt.ini``; everything else in the file stays.

    Args:
        step: What to do.
        world: Where.
        later: What the same plan does afterwards, as for :func:`perform_entry`.

    Raises:
        StalePlanError: The version is neither the old nor the new one.
        ReadBackError: The file reads back differently.
        BackendError: The file could not be read or written.
    """
    sysvol = world.sysvol[step.via]
    content = sysvol.read(step.gpo_id, GPT_INI)
    number = gpt_ini.version(content).number if content is not None else 0
    goes = any(
        isinstance(other, GpoStep) and not other.after and other.gpo_id == step.gpo_id
        for other in later
    )
    if content is None and goes and read_gpo_by_id(world.directory, step.gpo_id) is None:
        return StepOutcome.ALREADY
    reached = {
        other.after
        for other in later
        if isinstance(other, TemplateVersionStep) and other.gpo_id == step.gpo_id
    }
    if content is not None and (number == step.after or number in reached - {step.before}):
        return StepOutcome.ALREADY
    where = template_name(step.gpo_id)
    if number != step.before:
        raise StalePlanError(
            object=where,
            attribute="Version",
            expected=str(step.before),
            found=str(number),
        )
    new = GpoVersion.from_number(step.after)
    wanted = gpt_ini.with_version(content, new) if content else gpt_ini.new_gpt_ini(new)
    sysvol.write(step.gpo_id, GPT_INI, wanted)
    again = sysvol.read(step.gpo_id, GPT_INI)
    if again != wanted:
        raise ReadBackError(
            object=where,
            attribute="content",
            written=shown((wanted,)),
            found=shown((again,) if again is not None else ()),
        )
    return StepOutcome.DONE
