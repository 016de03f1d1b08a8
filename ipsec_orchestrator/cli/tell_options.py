"""Options that say who is told what a pass found."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from ipsec_orchestrator.app.publish import Audience

_LOOPBACK: Final = "127.0.0.1"
_MOST: Final = 65535
Function = TypeVar("Function", bound=Callable[..., Any])


def tell_options(function: Function) -> Function:
    """Add ``--notify-config`` and ``--event-log``."""
    for decorator in reversed(
        (
            click.option(
                "--notify-config",
                "notify_source",
                metavar="FILE",
                help="Who is told: a file of apprise with mode 600, keyring:SERVICE, or "
                "credential:NAME of systemd. Default: IPSEC_ORCHESTRATOR_NOTIFY, or nobody.",
            ),
            click.option(
                "--event-log",
                "event_logs",
                multiple=True,
                metavar="LOG",
                help="Log that is told: journald, windows, syslog, syslog:SOCKET, "
                "syslog+udp|tcp|tls://HOST:PORT or ecs:FILE; may be repeated.",
            ),
        ),
    ):
        function = decorator(function)
    return function


def metrics_options(function: Function) -> Function:
    """Add ``--metrics-file`` and ``--metrics-port``."""
    for decorator in reversed(
        (
            click.option(
                "--metrics-file",
                type=click.Path(dir_okay=False, path_type=Path),
                metavar="FILE",
                help="Write metrics after each pass for node_exporter's textfile collector; ends "
                "in .prom.",
            ),
            click.option(
                "--metrics-port",
                callback=address_of,
                metavar="[ADDRESS:]PORT",
                help="With --every: show metrics to Prometheus. On 127.0.0.1 unless an address is "
                "named.",
            ),
        ),
    ):
        function = decorator(function)
    return function


def address_of(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, int] | None:
    """Read ``PORT`` or ``ADDRESS:PORT``; an IPv6 address stands in brackets.

    Raises:
        BadParameter: It is neither.
    """
    if value is None:
        return None
    address, _, port = value.rpartition(":")
    address = address.removeprefix("[").removesuffix("]")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= _MOST:
        message = f"{value!r} is no port: give one from 1 to {_MOST}, or ADDRESS:PORT."
        raise click.BadParameter(message, ctx=context, param=parameter)
    return address or _LOOPBACK, int(port)


def audience_of(values: dict[str, Any]) -> "Audience":
    """Take these options out of a command's keyword arguments."""
    from ipsec_orchestrator.app.publish import Audience  # noqa: PLC0415 - lazy

    return Audience(
        notify_source=values.pop("notify_source"),
        event_logs=values.pop("event_logs"),
        metrics_file=values.pop("metrics_file"),
        metrics_page=values.pop("metrics_port"),
    )
