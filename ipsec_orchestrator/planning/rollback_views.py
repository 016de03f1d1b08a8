"""What planning a rollback knows, and whether somebody else has been there meanwhile."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.errors import StalePlanError
from ipsec_orchestrator.model.backup import Backup
from ipsec_orchestrator.model.directory import DN_ATTRIBUTES, Attributes, same_dn
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.run import StepRecord
from ipsec_orchestrator.model.steps import (
    EntryStep,
    GpoStep,
    Step,
    TemplateVersionStep,
)
from ipsec_orchestrator.planning.concerned import gpo_dn, gpos_of
from ipsec_orchestrator.planning.draft import object_difference, shown
from ipsec_orchestrator.planning.states import Move, merged, moves_by_object, same

VERSION_NUMBER: Final = "versionNumber"
EXTENSIONS: Final = "gPCMachineExtensionNames"
DESCRIPTOR: Final = "nTSecurityDescriptor"
# Set by the directory itself, or the object's own name ([MS-ADTS] 3.1.1.5.2).
_KEPT_BY_SERVER: Final = frozenset(
    {
        "cn",
        "distinguishedname",
        "dscorepropagationdata",
        "instancetype",
        "name",
        "ntsecuritydescriptor",
        "objectcategory",
        "objectguid",
        "showinadvancedviewonly",
        "usnchanged",
        "usncreated",
        "whenchanged",
        "whencreated",
    }
)
# What a GPO is made with.
OF_A_NEW_GPO: Final = frozenset(
    {
        "displayname",
        "flags",
        "gpcfilesyspath",
        "gpcfunctionalityversion",
        "objectclass",
        "versionnumber",
    }
)
# And where waves keep what they have to put back.
_MADE_WITH_GPO: Final = OF_A_NEW_GPO | {"admindisplayname"}
_TOMBSTONE: Final = b"\\0ADEL:"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunToUndo:
    """A run that is to be taken back, and the world around it.

    Attributes:
        plan: Its plan, with the real ids of GPOs.
        records: What became of its steps, by number.
        before: What was there before its first write.
        now: What is there.
        later_versions: Numbers that later runs, taken back since, have left in the GPO.
    """

    plan: Plan
    records: Mapping[int, StepRecord]
    before: Backup
    now: Backup
    later_versions: frozenset[int] = frozenset()

    @property
    def effective(self) -> tuple[tuple[int, Step], ...]:
        """The steps that have changed something, or may have."""
        return tuple(
            (number, step)
            for number, step in enumerate(self.plan.steps, 1)
            if number in self.records and self.records[number].may_have_changed
        )

    @property
    def looks(self) -> tuple[Backup, Backup]:
        """Before and now."""
        return self.before, self.now

    @property
    def gpo_id(self) -> UUID | None:
        """The GPO of the run; a playbook has one."""
        found = gpos_of(self.plan.steps)
        return found[0] if found else None

    @property
    def gpo_dn(self) -> str:
        """DN of the GPO's container; empty if the run is about none."""
        return gpo_dn(self.gpo_id, self.plan.basis.domain) if self.gpo_id else ""

    def made_gpo(self) -> GpoStep | None:
        """Give the step that made the GPO, if it may have."""
        return self._gpo_step(after=True)

    def deleted_gpo(self) -> GpoStep | None:
        """Give the step that deleted the GPO, if it may have."""
        return self._gpo_step(after=False)

    def _gpo_step(self, *, after: bool) -> GpoStep | None:
        return next(
            (s for _, s in self.effective if isinstance(s, GpoStep) and s.after is after), None
        )

    def before_attributes(self, dn: str) -> Attributes | None:
        """Give what an object was before the run."""
        return self.before.attributes(dn)

    def effective_moves(self) -> Iterator[tuple[str, list[Move]]]:
        """Give each object with the moves that the run may have made."""
        numbers = {number for number, _ in self.effective}
        for dn, moves in moves_by_object(self.plan.steps).values():
            made = [move for move in moves if move.number in numbers]
            if made:
                yield dn, made

    def states(self, dn: str) -> list[Attributes | None]:
        """Give an object, whole, before the first of its moves and after each of them.

        A part of a GPO that the run made was not there before the run, but before its first move.
        """
        known = self.before_attributes(dn)
        moves = [move for at, own in self.effective_moves() if same_dn(at, dn) for move in own]
        if known is None and moves and moves[0].before is not None:
            known = moves[0].before
        states = [known]
        for move in moves:
            known = None if move.after is None else merged(known, move.after)
            states.append(known)
        return states


def check_untouched(run: RunToUndo) -> None:
    """Refuse to take back what somebody else has changed since.

    Raises:
        StalePlanError: An object is neither as the run left it nor as it was before.
    """
    for dn, moves in run.effective_moves():
        states = run.states(dn)
        found = run.now.attributes(dn)
        names = _touched(moves)
        last = run.records[moves[-1].number]
        before = run.before_attributes(dn)
        candidates = [states[-1], before, *([] if last.is_over else [states[-2]])]
        if not any(_fits(found, state, names) for state in candidates):
            raise _stale(dn, found, states[-1], names)
        if before is None and found is not None:
            _check_no_more(dn, found, states, own=_MADE_WITH_GPO if same_dn(dn, run.gpo_dn) else ())
    made, gpo = run.made_gpo(), run.now.attributes(run.gpo_dn)
    if made and gpo is not None and run.before_attributes(run.gpo_dn) is None:
        _check_version(run, gpo)


def _check_version(run: RunToUndo, gpo: Attributes) -> None:
    """Refuse to delete a GPO that somebody has edited since the run made it."""
    known = {
        "0",
        *(
            str(GpoVersion.from_number(number).signed_number)
            for number in (*versions_of_steps(run), *run.later_versions)
        ),
    }
    found = gpo.text(VERSION_NUMBER) or "0"
    if found not in known:
        raise StalePlanError(
            object=run.gpo_dn,
            attribute=VERSION_NUMBER,
            expected=" or ".join(sorted(known)),
            found=found,
        )


def _touched(moves: Sequence[Move]) -> tuple[str, ...]:
    names = {
        name.casefold(): name
        for move in moves
        for side in (move.before, move.after)
        for name in side or ()
    }
    # Versions only count; that of a GPO that goes is looked at by itself.
    names.pop(VERSION_NUMBER.casefold(), None)
    return tuple(names.values())


def _fits(found: Attributes | None, state: Attributes | None, names: Sequence[str]) -> bool:
    if found is None or state is None:
        return found is None and state is None
    return same(found, state.only(names))


def _stale(
    dn: str, found: Attributes | None, state: Attributes | None, names: Sequence[str]
) -> StalePlanError:
    wanted = None if state is None else state.only(names)
    attribute, expected, there = object_difference(found, wanted)
    return StalePlanError(object=dn, attribute=attribute, expected=expected, found=there)


def _check_no_more(
    dn: str, found: Attributes, states: Sequence[Attributes | None], *, own: Iterable[str]
) -> None:
    """Refuse to delete an object that the run made and somebody else has added to."""
    known = {name.casefold() for state in states for name in state or ()} | set(own)
    for name, values in found.items():
        if name.casefold() not in known | _KEPT_BY_SERVER:
            raise StalePlanError(object=dn, attribute=name, expected="absent", found=shown(values))


def writable(attributes: Attributes) -> Attributes:
    """Give what an object can be made with again: without what the server keeps by itself.

    References to objects that were deleted already can't be written.
    """
    return Attributes(
        {
            name: values
            for name, values in without_tombstones(attributes).items()
            if name.casefold() not in _KEPT_BY_SERVER and values
        }
    )


def without_tombstones(attributes: Attributes) -> Attributes:
    """Leave out references to objects that were deleted before: nobody can write them."""
    return Attributes(
        {
            name: tuple(value for value in values if _TOMBSTONE not in value.upper())
            if name.casefold() in DN_ATTRIBUTES
            else values
            for name, values in attributes.items()
        }
    )


def versions_of_steps(run: RunToUndo) -> Iterator[int]:
    """Give every version number that the run's steps name."""
    for step in run.plan.steps:
        if isinstance(step, TemplateVersionStep):
            yield from (step.before, step.after)
        elif isinstance(step, EntryStep) and same_dn(step.dn, run.gpo_dn):
            for side in (step.before, step.after):
                if side is not None and (text := side.text(VERSION_NUMBER)):
                    yield int(text)


def versions(run: RunToUndo) -> Iterator[int]:
    """Give every version number that the GPO is known to have had."""
    yield from versions_of_steps(run)
    for backup in (run.before, run.now):
        attributes = backup.attributes(run.gpo_dn)
        if attributes is not None and (text := attributes.text(VERSION_NUMBER)):
            yield int(text)
