"""``orchestrate lab``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import json_option, state_folder, state_option

if TYPE_CHECKING:
    from ipsec_orchestrator.lab.lab_settings import HostFaults


_name_option = click.option(
    "--name",
    default="default",
    show_default=True,
    help="Name of the lab; several can run side by side.",
)


@click.group()
def lab() -> None:
    """Run a real Samba domain and simulated Windows hosts, all on loopback.

    \b
    Example:
      orchestrate lab up
      orchestrate lab status
      orchestrate lab down
    """  # noqa: D301 - \b is click's mark


@lab.command()
@state_option
@_name_option
@click.option(
    "--members",
    type=click.IntRange(3, 2000),
    default=3,
    show_default=True,
    help="Windows hosts besides dc1.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="HOST:FAULT",
    help="Something wrong with a host from the start, for example vm1:latency=2 or vm2:hang.",
)
@click.option(
    "-i",
    "--inventory",
    multiple=True,
    type=click.Path(),
    help="Faults from an inventory: the list of words under variables: lab_faults of a host.",
)
@click.option("--install", is_flag=True, help="Install missing Debian packages (as root).")
@click.option(
    "--wire",
    is_flag=True,
    help="Give the members a real network that does real IKE and ESP (Linux guests; as root).",
)
@json_option
def up(
    *,
    state: str | None,
    name: str,
    members: int,
    faults: tuple[str, ...],
    inventory: tuple[str, ...],
    install: bool,
    wire: bool,
    as_json: bool,
) -> int:
    """Make a lab and start it.

    \b
    Example:
      orchestrate lab up --members 200
      orchestrate lab up --fault vm1:latency=2 --fault vm2:locale=de-DE
      orchestrate lab up --wire
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.lab_machine import install_for_lab, powershell  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.lab_showing import print_status  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.output import print_json, talk  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.lab.lab_settings import LabSettings  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.lab.lifecycle import up as start_lab  # noqa: PLC0415 - lazy

    def tell(text: str) -> None:
        talk().print(text, soft_wrap=True)

    folder = state_folder(state)
    if install:
        install_for_lab(folder)
    settings = LabSettings(
        members=members,
        powershell=powershell(),
        faults=_faults((*_inventory_faults(inventory), *faults)),
        wire=wire,
    )
    found = start_lab(folder, name, settings, tell)
    if as_json:
        print_json(found.to_json())
    else:
        print_status(found)
    return Exit.DONE


def _inventory_faults(files: tuple[str, ...]) -> tuple[str, ...]:
    """Give the faults that an inventory wants, as ``--fault`` writes them."""
    if not files:
        return ()
    from ipsec_orchestrator.adapters.specification import read_inventory  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.errors import UsageError  # noqa: PLC0415 - lazy

    found: list[str] = []
    for host in read_inventory([Path(name) for name in files]).hosts:
        words = host.variables.get("lab_faults", [])
        if not isinstance(words, list):
            raise UsageError(
                f"lab_faults of {host.name} is no list of words.",
                cure="Write it as a list, for example [hang].",
            )
        found += [f"{host.name}:{word}" for word in words]
    return tuple(found)


def _faults(words: tuple[str, ...]) -> "dict[str, HostFaults]":
    from ipsec_orchestrator.errors import UsageError  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.lab.lab_settings import parse_faults  # noqa: PLC0415 - lazy

    by_host: dict[str, list[str]] = {}
    for word in words:
        host, colon, fault = word.partition(":")
        if not colon:
            raise UsageError(f"{word!r} names no host.", cure="Write it as vm1:latency=2.")
        by_host.setdefault(host, []).append(fault)
    return {host: parse_faults(found) for host, found in by_host.items()}


@lab.command()
@state_option
def install(*, state: str | None) -> int:
    """Install the Debian packages that a lab needs, as root; otherwise say what is missing.

    \b
    Example:
      sudo orchestrate lab install
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.lab_machine import install_for_lab  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.output import talk  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.lab.domain.prerequisites import (  # noqa: PLC0415 - lazy
        missing_prerequisites,
    )
    from ipsec_orchestrator.lab.lab_hosts import FEWEST_MEMBERS  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.lab.wire import prerequisites as wire  # noqa: PLC0415 - lazy

    folder = state_folder(state)
    install_for_lab(folder)
    for missing in (*missing_prerequisites(folder), *wire.missing_prerequisites(FEWEST_MEMBERS)):
        talk().print(f"{missing.sentence} {missing.cure}", soft_wrap=True)
    return Exit.DONE


@lab.command()
@state_option
@_name_option
def down(*, state: str | None, name: str) -> int:
    """Stop a lab and remove everything of it.

    \b
    Example:
      orchestrate lab down
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.output import talk  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.lab.lifecycle import down as remove_lab  # noqa: PLC0415 - lazy

    remove_lab(state_folder(state), name)
    talk().print(f"The lab {name!r} is gone.")
    return Exit.DONE


@lab.command()
@state_option
@_name_option
@json_option
def status(*, state: str | None, name: str, as_json: bool) -> int:
    """Tell what a lab is and how to reach it.

    \b
    Example:
      orchestrate lab status --json
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.lab_showing import print_status  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.output import print_json  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.lab.lifecycle import status as lab_status  # noqa: PLC0415 - lazy

    found = lab_status(state_folder(state), name)
    if as_json:
        print_json(found.to_json())
    else:
        print_status(found)
    return Exit.DONE


@lab.command()
@state_option
@_name_option
def reset(*, state: str | None, name: str) -> int:
    """Bring domain and hosts back to what they were when the lab was made.

    \b
    Example:
      orchestrate lab reset
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.lab_showing import print_status  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.lab.lifecycle import reset as reset_lab  # noqa: PLC0415 - lazy

    print_status(reset_lab(state_folder(state), name))
    return Exit.DONE


@lab.command()
@state_option
@_name_option
@click.argument("host")
@click.argument("faults", nargs=-1)
def fault(*, state: str | None, name: str, host: str, faults: tuple[str, ...]) -> int:
    """Make something go wrong on a host of a running lab; without a fault all is well again.

    \b
    Example:
      orchestrate lab fault vm1 latency=2
      orchestrate lab fault vm1
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.lab.lab_settings import parse_faults  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.lab.lifecycle import set_faults  # noqa: PLC0415 - lazy

    set_faults(state_folder(state), name, host, parse_faults(faults))
    return Exit.DONE


@lab.command()
@state_option
@_name_option
@click.argument("host")
def reboot(*, state: str | None, name: str, host: str) -> int:
    """Restart a host of a running lab: services by their start types, then its tasks.

    \b
    Example:
      orchestrate lab reboot vm1
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.lab.lifecycle import reboot as restart  # noqa: PLC0415 - lazy

    restart(state_folder(state), name, host)
    return Exit.DONE
