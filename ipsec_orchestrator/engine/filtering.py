"""Who gets a GPO: brings its container's filtering and its folder's permissions to where they belong.

As every step these may be performed again: what is already as wanted counts as success, and what is
neither as before nor as wanted is refused.
"""

from collections.abc import Iterable

from ipsec_orchestrator.codec.gpo_filtering import (
    Filtering,
    reaches_everybody,
    same_file_rights,
    template_descriptor,
)
from ipsec_orchestrator.codec.security_descriptor import decode_descriptor, encode_descriptor
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.errors import PlanError, ReadBackError, StalePlanError
from ipsec_orchestrator.facts.gpo import FILTERING_ATTRIBUTES, read_filtering
from ipsec_orchestrator.model.directory import Attributes, Entry, same_dn
from ipsec_orchestrator.model.outcome import StepOutcome
from ipsec_orchestrator.model.steps import FilteringStep, Step, TemplateAccessStep
from ipsec_orchestrator.ports import World

_ATTRIBUTE = "security filtering"
_EVERYBODY = "as made, for everybody with the right"


def perform_filtering(step: FilteringStep, world: World, later: Iterable[Step] = ()) -> StepOutcome:
    """Narrow or widen a GPO in one LDAP operation.

    Args:
        step: What to do.
        world: Where.
        later: What the same plan does afterwards; where a later step brings the GPO, an earlier
            run of the plan may have brought it already.

    Raises:
        StalePlanError: Somebody else changed the filtering.
        PlanError: The GPO reaches computers outside of the wave in another way.
        ReadBackError: It was written, but reads back differently.
        BackendError: The directory refused.
    """
    entry = _read(step, world)
    found = read_filtering(entry)
    standing = texts(found)
    if standing == step.after:
        return StepOutcome.ALREADY
    reached = {
        other.after
        for other in later
        if isinstance(other, FilteringStep) and same_dn(other.dn, step.dn)
    }
    if standing != step.before:
        if standing in reached:
            return StepOutcome.ALREADY
        raise StalePlanError(
            object=step.dn, attribute=_ATTRIBUTE, expected=shown(step.before), found=shown(standing)
        )
    wanted = wanted_filtering(found, step.after, gpo=step.dn)
    refuse_taken_place(entry, found)
    world.directory.replace(
        step.dn,
        Attributes(
            {
                "nTSecurityDescriptor": (encode_descriptor(wanted.descriptor),),
                "adminDisplayName": () if wanted.record is None else (wanted.record.encode(),),
            }
        ),
    )
    again = read_filtering(_read(step, world))
    if again.descriptor.dacl != wanted.descriptor.dacl or again.record != wanted.record:
        raise ReadBackError(
            object=step.dn,
            attribute=_ATTRIBUTE,
            written=shown(step.after),
            found=shown(texts(again)),
        )
    return StepOutcome.DONE


def wanted_filtering(found: Filtering, computers: tuple[str, ...] | None, *, gpo: str) -> Filtering:
    """Give the filtering with these computers.

    Raises:
        PlanError: Other computers would still get the GPO.
        CodecError: What is to be remembered does not fit its attribute.
    """
    if computers is None:
        return found.narrowed_to(None)
    accounts = [Sid.parse(sid) for sid in computers]
    wanted = found.narrowed_to(accounts)
    if accounts and reaches_everybody(wanted.descriptor, accounts[0].domain):
        raise PlanError(
            f"{gpo} can't be narrowed to a wave: an entry of its permissions gives everybody more "
            "than the right to apply it.",
            cure="Take away full control from Authenticated Users, Everyone or Domain Computers "
            "(GPMC, Delegation), or leave out rollout in the playbook.",
        )
    return wanted


def refuse_taken_place(entry: Entry, found: Filtering) -> None:
    """Refuse to overwrite an ``adminDisplayName`` of somebody else.

    Raises:
        PlanError: There is one.
    """
    taken = entry.attributes.text("adminDisplayName")
    if taken is not None and found.record is None:
        raise PlanError(
            f"The adminDisplayName of {entry.dn} is taken ({taken!r}), and waves keep there what "
            "they have to put back.",
            cure="Clear it, or leave out rollout in the playbook.",
        )


def perform_template_access(step: TemplateAccessStep, world: World) -> StepOutcome:
    """Give the folder in SYSVOL the permissions that belong to those of the container.

    Raises:
        StalePlanError: Container or folder are not there.
        ReadBackError: They read back differently.
        BackendError: They could not be read or written.
    """
    container = read_filtering(_read(step, world)).descriptor
    sysvol = world.sysvol[step.via]
    stored = sysvol.read_access(step.gpo_id)
    if stored is None:
        raise StalePlanError(
            object=f"the folder of {step.dn}",
            attribute="the object",
            expected="present",
            found="absent",
        )
    folder = decode_descriptor(stored)
    computers = {Sid.parse(sid) for sid in (*(step.before or ()), *(step.after or ()))}
    wanted = template_descriptor(folder, container, computers)
    if wanted.dacl == folder.dacl:
        return StepOutcome.ALREADY
    sysvol.write_access(step.gpo_id, encode_descriptor(wanted))
    again = sysvol.read_access(step.gpo_id)
    if again is None or not same_file_rights(decode_descriptor(again), wanted):
        raise ReadBackError(
            object=f"the folder of {step.dn}",
            attribute="access control list",
            written=shown(step.after),
            found="something else",
        )
    return StepOutcome.DONE


def texts(found: Filtering) -> tuple[str, ...] | None:
    """Give the computers as steps name them."""
    computers = found.computers
    return None if computers is None else tuple(str(sid) for sid in computers)


def shown(computers: tuple[str, ...] | None) -> str:
    """Write a filtering for a message."""
    if computers is None:
        return _EVERYBODY
    return f"{len(computers)} computers: {', '.join(computers[:5])}" + (
        " ..." if len(computers) > 5 else ""  # noqa: PLR2004 - as many as are shown
    )


def _read(step: FilteringStep | TemplateAccessStep, world: World) -> Entry:
    entry = world.directory.read(step.dn, FILTERING_ATTRIBUTES)
    if entry is None:
        raise StalePlanError(
            object=step.dn, attribute="the object", expected="present", found="absent"
        )
    return entry
