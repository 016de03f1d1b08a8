"""What plan, apply and remove share: read the files, connect, make the plan."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ipsec_orchestrator.adapters.specification import read_playbook
from ipsec_orchestrator.app.locked import wait_before_planning
from ipsec_orchestrator.app.options import LockOrder
from ipsec_orchestrator.app.plans import (
    load_plan,
    make_apply_plan,
    make_remove_plan,
    members_of,
)
from ipsec_orchestrator.cli.options import Connection
from ipsec_orchestrator.cli.progress import telling
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.plan import Consents, Plan
from ipsec_orchestrator.planning.dead_man_part import with_dead_man
from ipsec_orchestrator.planning.planfile import is_plan_text
from ipsec_orchestrator.ports import World

_NO_CONSENTS: Final = Consents()


def is_plan_file(path: Path) -> bool:
    """Tell whether a file is a saved plan; what can't be read is taken for a playbook."""
    try:
        with path.open(encoding="utf-8") as file:
            return is_plan_text(file.read(1000))
    except (OSError, UnicodeDecodeError):
        return False


@contextmanager
def planned(
    path: Path,
    connection: Connection,
    *,
    removal: bool,
    lock: LockOrder | None = None,
    consents: Consents = _NO_CONSENTS,
    confirm_within: int | None = None,
) -> Generator[tuple[Plan, World]]:
    """Make the plan, or load it, and keep the connection for carrying it out.

    With ``lock`` another run is waited for before anything is read; a plan that is to be looked
    at only is made at once. With ``confirm_within`` a run of the plan has to be confirmed within
    so many seconds.

    Raises:
        UsageError: ``consents`` for a saved plan, or for a risk that the plan does not have; or
            ``confirm_within`` for a saved plan.
    """
    inventory = connection.read_inventory()
    if is_plan_file(path):
        if confirm_within is not None:
            raise UsageError(
                "A saved plan says itself whether it has to be confirmed.",
                cure="Make it with orchestrate plan --confirm-within, or name the playbook here.",
            )
        if consents != _NO_CONSENTS:
            raise UsageError(
                f"{path} is a saved plan: what it may close was said when it was made.",
                cure="Plan again with these options and --out.",
            )
        loaded = load_plan(path)
        with connection.open(inventory, dc=loaded.basis.dc) as world:
            yield loaded, world
        return
    playbook = read_playbook(path, inventory)
    members = members_of(playbook, inventory, connection.limit)
    with connection.open(inventory) as world:
        with telling() as tell:
            if lock is not None:
                wait_before_planning(world, playbook.gpo.name, lock, tell)
            if removal:
                made = make_remove_plan(playbook, members, world, tell)
            else:
                made = make_apply_plan(playbook, members, world, tell, consents)
        yield (made if confirm_within is None else with_dead_man(made, confirm_within)), world
