"""Looks whether the world is still the one that a plan was made of, also where it writes nothing.

The number of an object's last write (uSNChanged) is in the plan, but does not decide: writing the
same values again, or an attribute that the plan does not rest on, counts it up as well.
"""

from collections.abc import Iterable, Iterator

from ipsec_orchestrator.engine.gathered import Gathered
from ipsec_orchestrator.engine.precheck import check_before_writing, stale_values
from ipsec_orchestrator.errors import StalePlanError, StaleValue
from ipsec_orchestrator.facts.identity import (
    IDENTITY_ATTRIBUTES,
    identified,
    read_invocation_id,
)
from ipsec_orchestrator.model.directory import dn_key
from ipsec_orchestrator.model.plan import Basis, BasisObject, Plan
from ipsec_orchestrator.model.steps import EntryStep, GpoStep, Step
from ipsec_orchestrator.ports import World


def check_basis(plan: Plan, world: World) -> None:
    """Compare everything that a plan touches or rests on with what it found.

    What an interrupted run of the same plan has done already is no reason to refuse it.

    Raises:
        StalePlanError: Something differs; tells of everything that does.
    """
    gathered = Gathered()
    with gathered:
        _check_database(plan.basis, world)
    with gathered:
        check_before_writing(plan.steps, world)
    chains: dict[str, list[EntryStep]] = {}
    for step in plan.steps:
        if isinstance(step, EntryStep):
            chains.setdefault(dn_key(step.dn), []).append(step)
    going = tuple(_going(plan.steps))
    for known in plan.basis.objects:
        chain = chains.get(dn_key(known.dn), [])
        goes = any(guid in dn_key(known.dn) for guid in going)
        with gathered:
            differing = tuple(_differences(known, chain, world, goes=goes))
            if differing:
                raise StalePlanError.of(differing)
    gathered.tell()


def _check_database(basis: Basis, world: World) -> None:
    """Make sure that the DC was not restored from a backup, or set up anew, since."""
    if basis.invocation_id is None:
        return
    found = read_invocation_id(world.directory)
    if found != basis.invocation_id:
        raise StalePlanError(
            object=basis.dc,
            attribute="invocationId",
            expected=str(basis.invocation_id),
            found=str(found) if found else "not readable",
        )


def _going(steps: Iterable[Step]) -> Iterator[str]:
    """Give the ids of GPOs that the plan deletes: an earlier run may have done so."""
    for step in steps:
        if isinstance(step, GpoStep) and not step.after:
            yield f"{{{step.gpo_id}}}"


def _differences(
    known: BasisObject, chain: Iterable[EntryStep], world: World, *, goes: bool
) -> Iterator[StaleValue]:
    """Compare one object, but for what its steps are about: those were compared already."""
    if known.attributes is None:
        return
    chain = tuple(chain)
    written = {
        name.casefold()
        for step in chain
        for side in (step.before, step.after)
        for name in side or ()
    }
    expected = known.attributes.only(
        name for name in known.attributes if name.casefold() not in written
    )
    entry = world.directory.read(known.dn, (*expected, *IDENTITY_ATTRIBUTES))
    if entry is None:
        if not goes and not chain:
            yield StaleValue(
                object=known.dn, attribute="the object", expected="present", found="absent"
            )
        return
    entry = identified(entry)
    made_anew = any(step.before is None for step in chain)
    if known.guid is not None and entry.guid != known.guid and not made_anew:
        yield StaleValue(
            object=known.dn,
            attribute="objectGUID",
            expected=str(known.guid),
            found=f"{entry.guid}: it was deleted and made again",
        )
    yield from stale_values(known.dn, expected, entry.attributes)
