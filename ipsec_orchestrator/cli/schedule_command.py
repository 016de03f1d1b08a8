"""``orchestrate schedule``."""

from typing import Any, Final, NoReturn

import click

from ipsec_orchestrator.cli.duration import seconds_of
from ipsec_orchestrator.cli.options import (
    connection_of,
    connection_options,
    json_option,
    state_option,
)
from ipsec_orchestrator.cli.tell_options import tell_options
from ipsec_orchestrator.errors import UsageError

# The words of model.schedule and model.watch, written down here so that --help needs neither.
_KINDS: Final = ("systemd", "systemd-user", "windows", "kubernetes", "cron")
_MODES: Final = ("report", "ask", "repair")


def _no_password(context: click.Context, option: click.Parameter, value: str | None) -> None:
    del context, option
    if value is not None:
        _refuse_password()


def _refuse_password() -> NoReturn:
    raise UsageError(
        "A password does not stand on a command line, where everybody on the machine can read it, "
        "nor in a unit or a task.",
        cure="Give --keytab, --password-file, --environment-file, --secret or --gmsa; and change a "
        "password that was given here.",
    )


_as_option: Final = click.option(
    "--as",
    "kind",
    type=click.Choice(_KINDS),
    help="Whose schedule it is. Default: windows on Windows; elsewhere systemd for root, "
    "systemd-user for others.",
)


@click.group()
def schedule() -> None:
    """Have the system start a pass of the watch again and again, with nobody there.

    \b
    Example:
      orchestrate schedule install playbooks/azure-onpremises.yml -i inventory/ --keytab watch.keytab
      orchestrate schedule show
    """  # noqa: D301 - \b is click's mark


@schedule.command()
@click.argument("playbook", type=click.Path())
@connection_options
@_as_option
@click.option(
    "--every",
    "every_seconds",
    metavar="TIME",
    default="30m",
    show_default=True,
    callback=seconds_of,
    help="How often: minutes that divide an hour, or hours that divide a day.",
)
@click.option("--mode", type=click.Choice(_MODES), help="Instead of what the playbook says.")
@click.option("--name", help="What it is called there. Default: from the playbook's name.")
@click.option("--keytab", type=click.Path(), help="Log on with this keytab.")
@click.option("--password-file", type=click.Path(), help="A file with nothing but the password.")
@click.option(
    "--environment-file",
    type=click.Path(),
    help="A file of variables with the password, that systemd reads.",
)
@click.option(
    "--encrypted", is_flag=True, help="That file was encrypted by systemd-creds for this machine."
)
@click.option("--secret", metavar="NAME", help="The Secret of Kubernetes that is mounted.")
@click.option("--gmsa", metavar="ACCOUNT", help=r"Run as this group managed service account.")
@click.option(
    "--run-as",
    metavar="ACCOUNT",
    help="Run as this account; for windows its password is asked for by the system.",
)
@click.option(
    "--password",
    callback=_no_password,
    expose_value=False,
    hidden=True,
    help="Refused, with what to do instead.",
)
@click.option("--image", help="Container image for Kubernetes.")
@tell_options
@click.option("--metrics-file", type=click.Path(), help="Have metrics written into this file.")
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    help="Only write the files into this folder, and start nothing.",
)
@state_option
@json_option
def install(playbook: str, *, as_json: bool, out: str | None, **values: Any) -> int:  # noqa: ANN401 - many options, handed on
    """Have one pass of reconcile started every so often.

    Giving it again changes nothing. With --out, and for Kubernetes, files are only written.

    \b
    Example:
      orchestrate schedule install playbooks/azure-onpremises.yml -i inventory/ --keytab watch.keytab
      orchestrate schedule install playbooks/azure-onpremises.yml --as windows --gmsa 'CORP\\watch$'
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.scheduling import install_and_print  # noqa: PLC0415 - lazy

    connection = connection_of(values)
    return install_and_print(playbook, connection, values, out=out, as_json=as_json)


@schedule.command()
@click.argument("name", required=False)
@_as_option
@json_option
def show(name: str | None, *, kind: str | None, as_json: bool) -> int:
    """Show what is installed, when it ran last and is due, and whether it is as it was made.

    Exit code 2 if one is not as this program makes it, or is switched off.

    \b
    Example:
      orchestrate schedule show
      orchestrate schedule show ipsec-azure-onpremises --as cron --json
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.scheduling import show_and_print  # noqa: PLC0415 - lazy

    return show_and_print(name, kind, as_json=as_json)


@schedule.command()
@click.argument("name")
@_as_option
@json_option
def remove(name: str, *, kind: str | None, as_json: bool) -> int:
    """Switch a schedule off, take away exactly what install made, and say what is left.

    \b
    Example:
      orchestrate schedule remove ipsec-azure-onpremises
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.scheduling import remove_and_print  # noqa: PLC0415 - lazy

    return remove_and_print(name, kind, as_json=as_json)
