"""What an object ought to look like after some of a run's steps: pure bookkeeping."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ipsec_orchestrator.model.directory import Attributes, dn_key
from ipsec_orchestrator.model.run import StepRecord
from ipsec_orchestrator.model.steps import EntryStep, GpoStep, Step, TemplateVersionStep
from ipsec_orchestrator.planning.concerned import gpo_of_dn
from ipsec_orchestrator.planning.draft import differing


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """One object, and the states in which a run may have left it.

    Attributes:
        dn: The object.
        states: Known attributes, ``None`` for absent; the likeliest first.
    """

    dn: str
    states: tuple[Attributes | None, ...]

    def fits(self, found: Attributes | None) -> bool:
        """Tell whether what was found is one of the states."""
        return any(same(found, state) for state in self.states)


def same(found: Attributes | None, wanted: Attributes | None) -> bool:
    """Tell whether an object is as wanted, as far as the wanted attributes go."""
    if found is None or wanted is None:
        return found is None and wanted is None
    return not differing(wanted, found)


def merged(base: Attributes | None, over: Attributes) -> Attributes:
    """Give the attributes of ``base`` with those of ``over`` in place of its own."""
    kept = {name: values for name, values in (base or Attributes()).items() if name not in over}
    return Attributes({**kept, **dict(over.items())})


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One step as far as one object goes: from before to after."""

    number: int
    before: Attributes | None
    after: Attributes | None


def moves_by_object(steps: Sequence[Step]) -> dict[str, tuple[str, list[Move]]]:
    """Give each object's moves in order; deleting a GPO moves all that is known of it.

    Returns:
        Comparable form of the DN -> DN, moves.
    """
    found: dict[str, tuple[str, list[Move]]] = {}
    for number, step in enumerate(steps, 1):
        if isinstance(step, EntryStep):
            _, moves = found.setdefault(dn_key(step.dn), (step.dn, []))
            moves.append(Move(number=number, before=step.before, after=step.after))
        elif isinstance(step, GpoStep) and not step.after:
            for dn, moves in found.values():
                if gpo_of_dn(dn) == step.gpo_id and moves[-1].after is not None:
                    moves.append(Move(number=number, before=Attributes(), after=None))
    return found


def entry_states(steps: Sequence[Step], records: Mapping[int, StepRecord]) -> Iterable[Allowed]:
    """Give every object with the states in which the run may have left it.

    Objects below a GPO of which nobody knows whether it was made are left out.

    Args:
        steps: All steps of the run, with real ids.
        records: What became of them.
    """
    unborn = unborn_gpos(steps, records)
    for dn, moves in moves_by_object(steps).values():
        if gpo_of_dn(dn) in unborn:
            continue
        states = _states(moves)
        over = sum(_is_over(records, move) for move in moves)
        allowed = [states[over]]
        if over < len(moves) and moves[over].number in records:
            allowed.append(states[over + 1])
        yield Allowed(dn=dn, states=tuple(allowed))


def unborn_gpos(steps: Sequence[Step], records: Mapping[int, StepRecord]) -> frozenset[UUID]:
    """Give the ids of GPOs whose making has not come to its end."""
    return frozenset(
        step.gpo_id
        for number, step in enumerate(steps, 1)
        if isinstance(step, GpoStep)
        and step.after
        and not (number in records and records[number].is_over)
    )


def _is_over(records: Mapping[int, StepRecord], move: Move) -> bool:
    record = records.get(move.number)
    return record is not None and record.is_over


def _states(moves: Sequence[Move]) -> list[Attributes | None]:
    """Give what is known of an object before the first move and after each."""
    first = moves[0].before
    known: Attributes | None = None if first is None else Attributes()
    # An attribute that a later move touches is, until then, as that move expects it.
    if known is not None:
        for move in moves:
            if move.before is None or move.after is None:
                known = merged(move.before, known) if move.before is not None else known
                break
            known = merged(move.before, known)
    states = [known]
    for move in moves:
        known = None if move.after is None else merged(known, move.after)
        states.append(known)
    return states


def version_states(
    steps: Sequence[Step], records: Mapping[int, StepRecord]
) -> Iterable[tuple[TemplateVersionStep, tuple[int, ...]]]:
    """Give, for every ``gpt.ini`` that steps write, one of them and the versions it may have."""
    unborn = unborn_gpos(steps, records)
    gone = {
        step.gpo_id
        for number, step in enumerate(steps, 1)
        if isinstance(step, GpoStep) and not step.after and number in records
    }
    chains: dict[UUID, list[tuple[int, TemplateVersionStep]]] = {}
    for number, step in enumerate(steps, 1):
        if isinstance(step, TemplateVersionStep) and step.gpo_id not in unborn | gone:
            chains.setdefault(step.gpo_id, []).append((number, step))
    for chain in chains.values():
        numbers = [chain[0][1].before, *(step.after for _, step in chain)]
        over = sum(number in records and records[number].is_over for number, _ in chain)
        allowed = [numbers[over]]
        if over < len(chain) and chain[over][0] in records:
            allowed.append(numbers[over + 1])
        yield chain[0][1], tuple(allowed)
