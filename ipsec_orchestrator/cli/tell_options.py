"""Options that say who is told what a pass found."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

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
