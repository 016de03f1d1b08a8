"""``orchestrate demo``."""

import click

from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import state_option


@click.command()
@state_option
@click.option("--keep", is_flag=True, help="Leave the lab running, to look around.")
@click.option("--memory", is_flag=True, help="Without Samba, even where it could be had.")
def demo(*, state: str | None, keep: bool, memory: bool) -> int:
    """Play the whole how-to: a domain comes up, plan, apply, a second apply finds nothing to do.

    \b
    Example:
      orchestrate demo
      orchestrate demo --keep
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.demonstration import play, play_in_memory  # noqa: PLC0415 - lazy

    if memory:
        return Exit(play_in_memory("as asked for"))
    return Exit(play(state, keep=keep))
