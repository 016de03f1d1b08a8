"""Asking every other DC what it has of the playbook's GPO."""

from collections.abc import Callable
from contextlib import ExitStack

from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.facts.controllers import read_controllers
from ipsec_orchestrator.facts.gpo_copies import GpoCopy, read_gpo_copy
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.drift import Difference, Unread
from ipsec_orchestrator.planning.drift.copies import copy_differences
from ipsec_orchestrator.ports import World

Tell = Callable[[str], None]


def other_copies(
    observed: Observed, world: World, tell: Tell
) -> tuple[list[Difference], list[Unread]]:
    """Compare the GPO on every other DC with that which was read, side by side.

    A DC, or a SYSVOL, that can't be read is unknown, no error.

    Raises:
        BackendError: The list of DCs can't be read.
    """
    differences: list[Difference] = []
    unknown: list[Unread] = []
    gpo, own = observed.gpo, observed.names.dc.casefold()
    if world.open_controller is None or gpo is None:
        return differences, unknown
    others = [each for each in read_controllers(world.directory) if each.casefold() != own]

    def ask(fqdn: str) -> GpoCopy | OrchestratorError:
        tell(f"reading {fqdn}")
        try:
            with ExitStack() as stack:
                directory = stack.enter_context(open_controller(fqdn))
                open_sysvol = world.open_sysvol
                sysvol = stack.enter_context(open_sysvol(fqdn)) if open_sysvol else None
                return read_gpo_copy(fqdn, gpo, directory, sysvol)
        except OrchestratorError as error:
            return error

    open_controller = world.open_controller
    answers = dict(world.runner.each(ask, others))
    for fqdn in others:
        answer = answers[fqdn]
        if isinstance(answer, OrchestratorError):
            unknown.append(Unread(object=fqdn, reason=str(answer), cure=answer.cure))
            continue
        differences += copy_differences(gpo, answer)
        if answer.unread_template:
            unknown.append(Unread(object=fqdn, reason=answer.unread_template))
    return differences, unknown
