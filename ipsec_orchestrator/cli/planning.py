"""What plan, apply and remove share: read the files, connect, make the plan."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ipsec_orchestrator import __version__
from ipsec_orchestrator.adapters.specification import read_playbook
from ipsec_orchestrator.app.locked import wait_before_planning
from ipsec_orchestrator.app.options import LockOrder
from ipsec_orchestrator.app.plans import (
    make_apply_plan,
    make_remove_plan,
    members_of,
    parse_plan_bytes,
    read_plan_bytes,
)
from ipsec_orchestrator.cli.approving import Approving
from ipsec_orchestrator.cli.options import Connection
from ipsec_orchestrator.cli.output import talk
from ipsec_orchestrator.cli.progress import telling
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.plan import Consents, Plan, Purpose
from ipsec_orchestrator.planning.dead_man_part import with_dead_man
from ipsec_orchestrator.planning.planfile import is_plan_text, is_playbook_json
from ipsec_orchestrator.ports import World

_NO_CONSENTS: Final = Consents()


def is_plan_file(path: Path) -> bool:
    """Tell whether a file is a saved plan, damaged or not; else it is taken for a playbook."""
    try:
        text = path.read_bytes().decode(errors="replace")
    except OSError:
        return False
    return is_plan_text(text) or (path.suffix.casefold() == ".json" and not is_playbook_json(text))


@contextmanager
def planned(
    path: Path,
    connection: Connection,
    *,
    removal: bool,
    lock: LockOrder | None = None,
    consents: Consents = _NO_CONSENTS,
    confirm_within: int | None = None,
    approving: Approving | None = None,
) -> Generator[tuple[Plan, World]]:
    """Make the plan, or load it, and keep the connection for carrying it out.

    With ``lock`` another run is waited for before anything is read; a plan that is to be looked
    at only is made at once. With ``confirm_within`` a run of the plan has to be confirmed within
    so many seconds. With ``approving`` signatures are checked, before anything is connected to.

    Raises:
        UsageError: ``consents`` for a saved plan, or for a risk that the plan does not have; or
            ``confirm_within`` for a saved plan.
        ApprovalError, UnsignedError: Approvals are missing.
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
        # What is checked is what is carried out: the file is read once.
        content = read_plan_bytes(path)
        if approving is not None:
            approving.check(path, content, inventory)
        loaded = parse_plan_bytes(content, str(path))
        if removal and loaded.purpose is not Purpose.REMOVE:
            raise UsageError(
                f"{path} is a plan to {loaded.purpose.value}, not to remove.",
                cure="Name the playbook, or make the plan with orchestrate plan --remove --out.",
            )
        if loaded.basis.tool_version != __version__:
            # The format decides whether a plan can be read; the steps mean the same in each.
            talk().print(
                f"The plan was made by version {loaded.basis.tool_version}; this is {__version__}.",
                style="yellow",
                soft_wrap=True,
            )
        with connection.open(inventory, dc=loaded.basis.dc) as world:
            yield loaded, world
        return
    if approving is not None:
        approving.check(path, None, inventory)
    playbook = read_playbook(path, inventory)
    members = members_of(playbook, inventory, connection.limit)
    with connection.open(inventory) as world:
        with telling() as tell:
            if lock is not None:
                wait_before_planning(world, playbook.gpo.name, lock, tell)
            if removal:
                made = make_remove_plan(playbook, members, world, tell, consents)
            else:
                made = make_apply_plan(playbook, members, world, tell, consents)
        yield (made if confirm_within is None else with_dead_man(made, confirm_within)), world
