"""Options that say what a look for drift may spare, and what they mean."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from ipsec_orchestrator.cli.duration import seconds_of

if TYPE_CHECKING:
    from ipsec_orchestrator.app.looking import Economy

Function = TypeVar("Function", bound=Callable[..., Any])
_SAMPLE: Final = re.compile(r"sample:(\d{1,3}(?:\.\d+)?)%")
_FLOWS: Final = re.compile(r"sample:([1-9]\d{0,3})")
_WHOLE: Final = 100.0
EVERYBODY: Final = "all"
_WORDS: Final = frozenset({EVERYBODY, "changed"})


def _turn(context: click.Context, option: click.Parameter, value: str) -> tuple[str, float]:
    """Read ``all``, ``changed`` or ``sample:5%``.

    Raises:
        BadParameter: It is none of them.
    """
    text = value.strip().casefold()
    if text in _WORDS:
        return text, 0.0
    match = _SAMPLE.fullmatch(text)
    if match is None or not 0 < float(match[1]) <= _WHOLE:
        raise click.BadParameter(
            f"{value!r} is not all, changed, or a share such as sample:5%.", context, option
        )
    return "sample", float(match[1])


def _flows(context: click.Context, option: click.Parameter, value: str) -> int:
    """Read ``sample:5``.

    Raises:
        BadParameter: It is something else.
    """
    match = _FLOWS.fullmatch(value.strip().casefold())
    if value != "none" and match is None:
        raise click.BadParameter(
            f"{value!r} is not a number of flows such as sample:5.", context, option
        )
    return int(match[1]) if match else 0


def economy_options(function: Function) -> Function:
    """Add the options that say what a look for drift may spare."""
    for decorator in reversed(
        (
            click.option(
                "--since-last",
                is_flag=True,
                help="Ask the directory only for what has changed since the last look from "
                "here; finds the same.",
            ),
            click.option(
                "--members",
                "turn",
                default=EVERYBODY,
                show_default=True,
                metavar="all|changed|sample:5%",
                callback=_turn,
                help="Whose own state is read: everybody's; that of those for whom something "
                "has changed; or theirs and in turn that of a share of the others.",
            ),
            click.option(
                "--max-age",
                default="24h",
                show_default=True,
                metavar="TIME",
                callback=seconds_of,
                help="With these two: how long a member's last clean reading is relied on, and "
                "how long changes alone are read of the directory.",
            ),
            click.option(
                "--prove",
                "flows",
                default="none",
                metavar="sample:5",
                callback=_flows,
                help="Prove about so many flows with real traffic, chosen so that every pair of "
                "subnets is covered.",
            ),
        ),
    ):
        function = decorator(function)
    return function


def economy_of(values: dict[str, Any]) -> "Economy":
    """Take the options of economy out of a command's keyword arguments."""
    from ipsec_orchestrator.app.looking import Economy  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.planning.drift.rotation import Rotation, Turn  # noqa: PLC0415 - lazy

    turn, percent = values.pop("turn")
    return Economy(
        only_changes=values.pop("since_last"),
        rotation=Rotation(
            turn=Turn(turn),
            percent=percent,
            max_age=timedelta(seconds=values.pop("max_age")),
        ),
        flows=values.pop("flows"),
    )
