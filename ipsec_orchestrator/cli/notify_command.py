"""``orchestrate notify``."""

import os

import click

from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import json_option
from ipsec_orchestrator.cli.tell_options import tell_options


@click.command()
@tell_options
@json_option
def notify(*, notify_source: str | None, event_logs: tuple[str, ...], as_json: bool) -> int:
    """Send a trial to everybody whom the watch would tell, and say who got it.

    Exit code 1 if somebody did not.

    \b
    Example:
      orchestrate notify --notify-config notify.conf --event-log journald
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.adapters.clock import SystemClock  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.app.channels import open_channels, try_channels  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.output import print_json, print_lines  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.report.lines import Line, Tone  # noqa: PLC0415 - lazy

    channels = open_channels(notify_source, event_logs, os.environ)
    tried = try_channels(channels, SystemClock().now())
    if as_json:
        print_json(
            {
                "channels": [
                    {"channel": each.channel, "delivered": not each.failure, "error": each.failure}
                    for each in tried
                ]
            }
        )
    print_lines(
        [
            Line(each.failure, Tone.BAD)
            if each.failure
            else Line(f"{each.channel}: told.", Tone.GOOD)
            for each in tried
        ],
        to_stderr=as_json,
    )
    return Exit.ERROR if any(each.failure for each in tried) else Exit.DONE
