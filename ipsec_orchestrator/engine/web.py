"""Makes and takes away the parts of a web server for proofs: checks, changes, reads back."""

from typing import Final

from ipsec_orchestrator.errors import ReadBackError, StalePlanError, UsageError
from ipsec_orchestrator.facts.web_service import (
    READ,
    SET,
    WebState,
    order_of,
    parse_web_state,
)
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.outcome import StepOutcome
from ipsec_orchestrator.model.steps import WebPart, WebStep, object_of
from ipsec_orchestrator.ports import World

_READ_SECONDS: Final = 120.0
_INSTALL_SECONDS: Final = 1800.0
"""IIS takes minutes on a slow host."""

_WORDS: Final = {True: "present", False: "absent"}


def read_web_state(host: Host, port: int, world: World) -> WebState:
    """Ask a host what it has of IIS.

    Raises:
        BackendError: It could not be asked, or refused.
    """
    call = world.scripts(READ, {"Port": port}, deadline_seconds=_READ_SECONDS)
    return parse_web_state(world.members.run(host, call))


def check_web(step: WebStep, state: WebState) -> None:
    """Look whether a step can be carried out where that is there.

    Raises:
        StalePlanError: It is not as the plan found it, or somebody else's.
    """
    if state.has(step.part) is step.after:
        return
    if not step.after and not state.has_of_ours(step.part):
        raise StalePlanError(
            object=object_of(step), attribute="owner", expected="ours", found="somebody else's"
        )
    if step.after and step.part is WebPart.SITE and state.taken:
        raise StalePlanError(
            object=object_of(step), attribute=f"port {step.port}", expected="free", found="taken"
        )


def perform_web(step: WebStep, world: World) -> StepOutcome:
    """Bring one part of a web server to where the step wants it.

    Raises:
        StalePlanError: It is not as the plan found it, or somebody else's.
        ReadBackError: It was done, but reads back differently.
        BackendError: The host could not be asked, or refused.
    """
    host = host_of(step, world)
    state = read_web_state(host, step.port, world)
    check_web(step, state)
    if state.has(step.part) is step.after:
        return StepOutcome.ALREADY
    call = world.scripts(SET, order_of(step), deadline_seconds=_INSTALL_SECONDS)
    world.members.run(host, call)
    again = read_web_state(host, step.port, world)
    if again.has(step.part) is not step.after:
        raise ReadBackError(
            object=object_of(step),
            attribute="the object",
            written=_WORDS[step.after],
            found=_WORDS[not step.after],
        )
    return StepOutcome.DONE


def host_of(step: WebStep, world: World) -> Host:
    """Give the host of a step.

    Raises:
        UsageError: The inventory does not have it.
    """
    host = world.inventory.host(step.host)
    if host is None:
        raise UsageError(
            f"The inventory has no host called {step.host}.",
            cure="Use the inventory that the plan was made with.",
        )
    return host
