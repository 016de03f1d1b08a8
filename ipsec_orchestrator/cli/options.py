"""Options that several commands share, and what they mean."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from ipsec_orchestrator.cli.duration import seconds_of
from ipsec_orchestrator.errors import UsageError

if TYPE_CHECKING:
    from ipsec_orchestrator.app.options import ConnectOptions, LockOrder, StatePlace
    from ipsec_orchestrator.model.inventory import Inventory
    from ipsec_orchestrator.model.plan import Consents
    from ipsec_orchestrator.ports import World

INVENTORY_VARIABLE: Final = "IPSEC_ORCHESTRATOR_INVENTORY"
STATE_VARIABLE: Final = "IPSEC_ORCHESTRATOR_STATE"
USER_VARIABLE: Final = "IPSEC_ORCHESTRATOR_USER"
PASSWORD_VARIABLE: Final = "IPSEC_ORCHESTRATOR_PASSWORD"  # noqa: S105 - a variable's name
DEFAULT_INVENTORY: Final = Path("inventory")

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where to look and who we are, as given on the command line.

    ``world`` is there in the demo without Samba: then nothing is read or connected to.
    """

    inventory: tuple[str, ...]
    limit: str | None
    user: str | None
    dc: str | None
    threads: int
    world: "World | None" = None

    def read_inventory(self) -> "Inventory":
        """Read the inventory files.

        Raises:
            UsageError: None were named and there is no folder ``inventory``.
            SpecificationError: They can't be used.
        """
        from ipsec_orchestrator.adapters.specification import read_inventory  # noqa: PLC0415 - lazy

        if self.world is not None:
            return self.world.inventory
        paths = [Path(name) for name in self.inventory]
        if not paths:
            if not DEFAULT_INVENTORY.exists():
                raise UsageError(
                    "No inventory.",
                    cure=f"Name one with -i, set {INVENTORY_VARIABLE}, or begin with "
                    "orchestrate init.",
                )
            paths = [DEFAULT_INVENTORY]
        return read_inventory(paths)

    def connect_options(self) -> "ConnectOptions":
        """Give the options for connecting; asks for the password of ``--user``."""
        from ipsec_orchestrator.app.options import ConnectOptions  # noqa: PLC0415 - lazy
        from ipsec_orchestrator.model.secret import Secret  # noqa: PLC0415 - lazy

        password = None
        if self.user and PASSWORD_VARIABLE not in os.environ:
            typed = click.prompt(f"Password of {self.user}", hide_input=True, err=True)
            password = Secret(str(typed))
        return ConnectOptions(
            user=self.user,
            password=password,
            dc=self.dc,
            threads=self.threads,
        )

    def open(
        self, inventory: "Inventory", *, dc: str | None = None
    ) -> "AbstractContextManager[World]":
        """Connect: give the world while the block runs."""
        from ipsec_orchestrator.app.session import connected  # noqa: PLC0415 - lazy

        if self.world is not None:
            return nullcontext(self.world)
        return connected(inventory, self.connect_options(), dc=dc)

    def open_to_examine(self, inventory: "Inventory") -> "AbstractContextManager[World]":
        """Connect as far as possible: what can't be reached is part of the examination."""
        from ipsec_orchestrator.app.session import examined  # noqa: PLC0415 - lazy

        if self.world is not None:
            return nullcontext(self.world)
        return examined(inventory, self.connect_options())


def connection_options(function: Function) -> Function:
    """Add the options that say where to look and who we are, and which hosts are meant."""
    limit = click.option(
        "--limit",
        metavar="SELECTION",
        help="Only these hosts, for example vm1,role=azure-vm,group=web,!host1",
    )
    return place_options(limit(function))


def place_options(function: Function) -> Function:
    """Add the options that say where to look and who we are."""
    for decorator in reversed(
        (
            click.option(
                "-i",
                "--inventory",
                multiple=True,
                envvar=INVENTORY_VARIABLE,
                type=click.Path(),
                help="Inventory file or folder; may be repeated. Default: ./inventory",
            ),
            click.option(
                "--user",
                metavar="USER",
                help=f"DOMAIN\\user or user@REALM; the password is asked for, or taken from "
                f"{PASSWORD_VARIABLE}.",
            ),
            click.option("--dc", metavar="FQDN", help="Use this DC instead of the PDC emulator."),
            click.option(
                "--threads",
                type=click.IntRange(1, 500),
                default=50,
                show_default=True,
                help="Hosts at once.",
            ),
        ),
    ):
        function = decorator(function)
    return function


def connection_of(values: dict[str, Any]) -> Connection:
    """Take the connection options out of a command's keyword arguments."""
    return Connection(
        inventory=tuple(values.pop("inventory")),
        limit=values.pop("limit", None),
        user=values.pop("user"),
        dc=values.pop("dc"),
        threads=values.pop("threads"),
    )


def consent_options(function: Function) -> Function:
    """Add the options that take upon oneself what a plan is refused for."""
    for decorator in reversed(
        (
            click.option(
                "--accept-risk",
                "accepted_risks",
                multiple=True,
                metavar="FLOW:HOST",
                help="Let this flow be closed, for example rdp:vm1; may be repeated.",
            ),
            click.option(
                "--allow-domain-controllers",
                is_flag=True,
                help="Domain controllers may get the policy.",
            ),
            click.option(
                "--allow-domain-root",
                is_flag=True,
                help="The GPO may be linked to the whole domain.",
            ),
            click.option(
                "--allow-many-hosts",
                is_flag=True,
                help="More than 30 % of the OU's computers may be touched at once.",
            ),
            click.option(
                "--allow-many-objects",
                is_flag=True,
                help="More than 30 % of the domain's IPsec objects may be changed or deleted.",
            ),
        ),
    ):
        function = decorator(function)
    return function


def leave_behind_option(function: Function) -> Function:
    """Add ``--leave-behind``."""
    return click.option(
        "--leave-behind",
        "left_behind",
        multiple=True,
        metavar="HOST",
        help="Come to an end without this member, if it does not answer; the GPO stays, "
        "unassigned, for it. May be repeated.",
    )(function)


def consents_of(values: dict[str, Any]) -> "Consents":
    """Take the options of consent out of a command's keyword arguments."""
    from ipsec_orchestrator.model.plan import Consents, DangerCode  # noqa: PLC0415 - lazy

    names = {code: f"allow_{code.value.replace('-', '_')}" for code in DangerCode}
    return Consents(
        risks=tuple(values.pop("accepted_risks", ())),
        dangers=frozenset([code for code, name in names.items() if values.pop(name, False)]),
        left_behind=tuple(values.pop("left_behind", ())),
    )


def json_option(function: Function) -> Function:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")(
        function,
    )


def confirm_within_option(function: Function) -> Function:
    """Add ``--confirm-within``."""
    return click.option(
        "--confirm-within",
        metavar="TIME",
        callback=seconds_of,
        help="Unless orchestrate confirm is given within this time (15m, 1h), a task on each "
        "member takes the effect of the policy away.",
    )(function)


def accept_unproved_option(function: Function) -> Function:
    """Add ``--accept-unproved-revert``."""
    return click.option(
        "--accept-unproved-revert",
        is_flag=True,
        help="Rely on what --confirm-within does locally, although nobody has proved it on "
        "Windows.",
    )(function)


def state_option(function: Function) -> Function:
    """Add ``--state``."""
    return click.option(
        "--state",
        envvar=STATE_VARIABLE,
        type=click.Path(file_okay=False),
        help="Folder for runs and labs. Default: the platform's state folder.",
    )(function)


def lock_options(function: Function) -> Function:
    """Add the options that say what to do where another run is at work."""
    for decorator in reversed(
        (
            click.option(
                "--wait-lock",
                type=click.FloatRange(min=0),
                default=0.0,
                metavar="SECONDS",
                help="Wait that long for another run that is at work on the GPO.",
            ),
            click.option(
                "--break-lock",
                metavar="RUN",
                help="Break the lock that this run, which was killed, has left.",
            ),
        ),
    ):
        function = decorator(function)
    return function


def lock_of(values: dict[str, Any]) -> "LockOrder":
    """Take the lock options out of a command's keyword arguments."""
    from ipsec_orchestrator.app.options import LockOrder  # noqa: PLC0415 - lazy

    return LockOrder(
        wait_seconds=values.pop("wait_lock"), break_run=values.pop("break_lock") or None
    )


def state_place(state: str | None) -> "StatePlace":
    """Give the state folder: as named, or the platform's."""
    from ipsec_orchestrator.app.options import StatePlace  # noqa: PLC0415 - lazy

    return StatePlace(folder=state_folder(state))


def state_folder(state: str | None) -> Path:
    """Give the path of the state folder: as named, or the platform's."""
    if state:
        return Path(state).absolute()
    import platformdirs  # noqa: PLC0415 - lazy

    return Path(platformdirs.user_state_path("ipsec_orchestrator", appauthor=False))
