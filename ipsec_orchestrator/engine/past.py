"""What a run has done so far, for going on with it and for taking it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ipsec_orchestrator.codec import gpt_ini
from ipsec_orchestrator.engine.bindings import Bindings
from ipsec_orchestrator.engine.perform import GPT_INI, is_made_by, template_name
from ipsec_orchestrator.errors import StalePlanError
from ipsec_orchestrator.facts.gpo import read_gpo
from ipsec_orchestrator.model.outcome import StepOutcome
from ipsec_orchestrator.model.run import RunHistory, StepRecord
from ipsec_orchestrator.model.steps import GpoStep, Step
from ipsec_orchestrator.planning.draft import object_difference
from ipsec_orchestrator.planning.states import Allowed, entry_states, version_states
from ipsec_orchestrator.ports import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A step that an earlier attempt brought to its end."""

    outcome: StepOutcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a run has done in its earlier attempts.

    Attributes:
        bindings: Real ids of GPOs.
        over: Steps with nothing left to do, by number.
        has_backup: Whether what was there before the first write is recorded.
    """

    bindings: Bindings
    over: Mapping[int, Over]
    has_backup: bool


def past_of(history: RunHistory, bindings: Bindings, *, has_backup: bool) -> Past:
    """Give what resuming needs to know of a run."""
    over = {
        number: Over(outcome=record.outcome, reason=record.reason)
        for number, record in history.steps.items()
        if record.outcome is not None and record.is_over
    }
    return Past(bindings=bindings, over=over, has_backup=has_backup)


def bindings_of(history: RunHistory, steps: Sequence[Step], world: World) -> Bindings:
    """Give the real ids of the run's GPOs, also of one whose making nobody saw the end of."""
    bindings = Bindings(dict(history.ids))
    for number, step in enumerate(steps, 1):
        unknown = isinstance(step, GpoStep) and step.after and step.gpo_id not in bindings.ids
        if unknown and isinstance(step, GpoStep) and number in history.steps:
            found = read_gpo(world.directory, step.name)
            if found is not None and is_made_by(step, found.gpo_id, world):
                bindings = bindings.with_id(step.gpo_id, found.gpo_id)
    return bindings


def check_before_resuming(
    steps: Sequence[Step], records: Mapping[int, StepRecord], world: World
) -> None:
    """Compare the world with what the run left behind.

    Args:
        steps: All steps of the run, with real ids.
        records: What became of them.
        world: Where.

    Raises:
        StalePlanError: Something is neither as the run found nor as it left it.
    """
    for allowed in entry_states(steps, records):
        _check_entry(allowed, world)
    for step, numbers in version_states(steps, records):
        content = world.sysvol[step.via].read(step.gpo_id, GPT_INI)
        number = gpt_ini.version(content).number if content is not None else 0
        if number not in numbers:
            raise StalePlanError(
                object=template_name(step.gpo_id),
                attribute="Version",
                expected=" or ".join(map(str, numbers)),
                found=str(number),
            )


def _check_entry(allowed: Allowed, world: World) -> None:
    names = {name.casefold(): name for state in allowed.states for name in state or ()}
    entry = world.directory.read(allowed.dn, tuple(names.values()))
    found = None if entry is None else entry.attributes
    if not allowed.fits(found):
        attribute, expected, shown = object_difference(found, allowed.states[0])
        raise StalePlanError(object=allowed.dn, attribute=attribute, expected=expected, found=shown)
