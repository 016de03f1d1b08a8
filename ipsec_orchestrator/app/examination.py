"""Reads what the chosen checks need, and nothing else: DNS, directory, all DCs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ipsec_orchestrator.checks.ad import SERVICE_RECORDS
from ipsec_orchestrator.checks.check import Need
from ipsec_orchestrator.errors import (
    AccessDeniedError,
    AuthenticationError,
    BackendError,
    HostUnreachableError,
    OrchestratorError,
    OutcomeUnknownError,
)
from ipsec_orchestrator.facts.controllers import (
    ControllerState,
    read_controller,
    read_controllers,
)
from ipsec_orchestrator.facts.directory_health import (
    DirectoryHealth,
    read_directory_health,
    read_time,
)
from ipsec_orchestrator.facts.health import NotRead, TimedAnswer, Trouble
from ipsec_orchestrator.model.directory import dn_key
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.ports import Directory, World

Found = TypeVar("Found")
Tell = Callable[[str], None]
NOT_ASKED = NotRead(trouble=Trouble.NOT_ASKED, reason="It was not asked for.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainAnswers:
    """What the domain as a whole said; fields as those of ``HealthFacts``."""

    records: Mapping[str, tuple[str, ...]] | NotRead = NOT_ASKED
    directory: DirectoryHealth | NotRead = NOT_ASKED
    directory_clock: TimedAnswer | None = None
    controllers: tuple[ControllerState, ...] | NotRead = NOT_ASKED


def examine_domain(
    world: World,
    units: Iterable[str],
    gpo_name: str | None,
    needs: frozenset[Need],
    tell: Tell,
) -> DomainAnswers:
    """Ask the domain; what can't be had is part of the answer.

    Args:
        world: Whom to ask.
        units: DNs of the OUs that matter.
        gpo_name: Display name of the playbook's GPO.
        needs: What to ask for.
        tell: Is told what is being read.
    """
    records: Mapping[str, tuple[str, ...]] | NotRead = NOT_ASKED
    directory: DirectoryHealth | NotRead = NOT_ASKED
    controllers: tuple[ControllerState, ...] | NotRead = NOT_ASKED
    clock: TimedAnswer | None = None
    if Need.RECORDS in needs:
        tell("asking DNS for the domain")
        records = _records(world)
    if Need.DIRECTORY in needs:
        tell("reading the directory")
        distinct = tuple({dn_key(dn): dn for dn in units}.values())
        directory = attempt(
            lambda: read_directory_health(
                world.directory,
                world.sysvol.get(GpoVia.SMB),
                distinct,
                gpo_name,
                with_accounts=Need.ACCOUNTS in needs,
            )
        )
        if not isinstance(directory, NotRead):
            clock = _clock(world)
    if Need.CONTROLLERS in needs:
        tell("asking the domain controllers")
        controllers = attempt(lambda: _controllers(world))
    return DomainAnswers(
        records=records, directory=directory, directory_clock=clock, controllers=controllers
    )


def attempt(read: Callable[[], Found]) -> Found | NotRead:
    """Give what a reading gives, or why it gives nothing."""
    try:
        return read()
    except OrchestratorError as error:
        return NotRead(trouble=_trouble(error), reason=error.message, cure=error.cure or "")


def _trouble(error: OrchestratorError) -> Trouble:
    match error:
        case HostUnreachableError() | OutcomeUnknownError():
            return Trouble.UNREACHABLE
        case AuthenticationError():
            return Trouble.REFUSED
        case AccessDeniedError():
            return Trouble.DENIED
        case _:
            return Trouble.FAILED


def _records(world: World) -> Mapping[str, tuple[str, ...]] | NotRead:
    records = world.records
    if records is None:
        return NotRead(trouble=Trouble.NOT_ASKED, reason="There is no DNS here.")
    domain = world.inventory.domain.name
    return attempt(lambda: {name: records.hosts_of(f"{name}.{domain}") for name in SERVICE_RECORDS})


def _clock(world: World) -> TimedAnswer | None:
    before = world.clock.now()
    time = read_time(world.directory)
    after = world.clock.now()
    return None if time is None else TimedAnswer(time=time, before=before, after=after)


def _controllers(world: World) -> tuple[ControllerState, ...]:
    """Ask every DC, side by side.

    Raises:
        BackendError: The list of DCs can't be read.
    """
    own = world.directory.names().dc.casefold()
    fqdns = read_controllers(world.directory)
    if len(fqdns) == 1 and fqdns[0].casefold() == own:
        # Nobody to compare it with.
        return (ControllerState(fqdn=fqdns[0]),)

    def ask(fqdn: str) -> ControllerState:
        if fqdn.casefold() == own:
            return _state(fqdn, world.directory)
        if world.open_controller is None:
            return ControllerState(fqdn=fqdn, problem=f"{fqdn} can't be asked from here.")
        try:
            with world.open_controller(fqdn) as directory:
                return _state(fqdn, directory)
        except BackendError as error:
            return ControllerState(fqdn=fqdn, problem=str(error))

    states = dict(world.runner.each(ask, fqdns))
    return tuple(states[fqdn] for fqdn in fqdns)


def _state(fqdn: str, directory: Directory) -> ControllerState:
    try:
        return read_controller(fqdn, directory)
    except BackendError as error:
        return ControllerState(fqdn=fqdn, problem=str(error))
