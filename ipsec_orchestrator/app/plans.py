"""Making plans: for apply, for remove, and from a plan file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from ipsec_orchestrator import __version__
from ipsec_orchestrator.adapters.private_file import replace_file
from ipsec_orchestrator.app.observe import observe
from ipsec_orchestrator.app.safety import make_sure
from ipsec_orchestrator.codec.selectors import members_of as playbook_members
from ipsec_orchestrator.codec.selectors import select
from ipsec_orchestrator.errors import PlanFileError, UsageError
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.plan import Consents, Plan
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.apply import plan_apply
from ipsec_orchestrator.planning.cautions import others_at_removal
from ipsec_orchestrator.planning.lockout.pairs import refuse_incomparable
from ipsec_orchestrator.planning.planfile import parse_plan, plan_text
from ipsec_orchestrator.planning.removal import plan_remove
from ipsec_orchestrator.ports import World

Tell = Callable[[str], None]
_NO_CONSENTS: Final = Consents()


def members_of(playbook: Playbook, inventory: Inventory, limit: str | None) -> tuple[Host, ...]:
    """Give the hosts that the playbook means, in inventory order, as far as ``limit`` allows.

    Raises:
        UsageError: A selection means nobody.
    """
    hosts = playbook_members(inventory, playbook)
    if limit is None:
        return hosts
    wanted = {host.name for host in select(inventory, limit)}
    chosen = tuple(host for host in hosts if host.name in wanted)
    if not chosen:
        raise UsageError(
            f"--limit {limit} leaves none of the playbook's members: "
            f"{', '.join(host.name for host in hosts)}.",
            cure="orchestrate hosts --limit shows whom a selection means.",
        )
    return chosen


def make_apply_plan(
    playbook: Playbook,
    members: tuple[Host, ...],
    world: World,
    tell: Tell,
    consents: Consents = _NO_CONSENTS,
) -> Plan:
    """Read everything and plan, and judge what the plan would close; writes nothing.

    Raises:
        IncomparableFiltersError: Filters of the playbook contradict each other.
        UsageError: ``consents`` accepts a risk that the plan does not have.
    """
    refuse_incomparable(playbook)
    observed = observed_for_plan(playbook, members, world, tell)
    plan = plan_apply(playbook, world.inventory, members, observed, __version__)
    return replace(plan, safety=make_sure(plan, playbook, observed, world, consents))


def make_remove_plan(
    playbook: Playbook,
    members: tuple[Host, ...],
    world: World,
    tell: Tell,
    consents: Consents = _NO_CONSENTS,
) -> Plan:
    """Read everything and plan the way back; writes nothing.

    Raises:
        UsageError: Somebody is to be left behind who is none of these members.
    """
    names = {host.name.casefold(): host.name for host in members}
    for word in consents.left_behind:
        if word.casefold() not in names:
            raise UsageError(
                f"--leave-behind {word}: this is none of the playbook's members.",
                cure=f"They are {', '.join(names.values())}.",
            )
    observed = observed_for_plan(playbook, members, world, tell)
    plan = plan_remove(
        playbook,
        members,
        observed,
        __version__,
        left_behind=[names[word.casefold()] for word in consents.left_behind],
    )
    return replace(
        plan, warnings=(*plan.warnings, *others_at_removal(plan, world.inventory, observed))
    )


def observed_for_plan(
    playbook: Playbook,
    members: tuple[Host, ...],
    world: World,
    tell: Tell,
) -> Observed:
    """Read everything, and note which of the playbook's members were not asked."""
    asked = {host.name for host in members}
    everybody = playbook_members(world.inventory, playbook)
    left_out = tuple(host.name for host in everybody if host.name not in asked)
    return replace(observe(playbook, members, world, tell), left_out=left_out)


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan file, whole or not at all, for its owner only.

    Raises:
        PlanFileError: It can't be written.
        SecretInPlanError: It would hold a secret.
    """
    content = plan_text(plan).encode()
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # /dev/stdout and the like
        else:
            replace_file(path, content)
    except OSError as error:
        raise PlanFileError(f"{path} can't be written: {error.strerror}.") from error


def read_plan_bytes(path: Path) -> bytes:
    """Read a plan file as it is, for its signatures.

    Raises:
        PlanFileError: It can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise PlanFileError(f"{path} can't be read: {error.strerror}.") from error


def parse_plan_bytes(content: bytes, name: str) -> Plan:
    """Read the content of a plan file; ``name`` is what messages call it.

    Raises:
        PlanFileError: It is no plan.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise PlanFileError(
            f"{name} can't be read: it is damaged, or no plan at all (byte {error.start} is no "
            "text).",
            cure="Make the plan again with orchestrate plan --out.",
        ) from error
    return parse_plan(text, name)


def load_plan(path: Path) -> Plan:
    """Read a plan file.

    Raises:
        PlanFileError: It can't be read, or is no plan.
    """
    return parse_plan_bytes(read_plan_bytes(path), str(path))
