"""``orchestrate completion``."""

import click

from ipsec_orchestrator.cli.exit_codes import Exit


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the script that makes a shell complete commands and options.

    \b
    Example:
      orchestrate completion bash > ~/.local/share/bash-completion/completions/orchestrate
    """  # noqa: D301 - \b is click's mark
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - lazy

    from ipsec_orchestrator.cli.entry import PROGRAM, program  # noqa: PLC0415 - lazy

    found = get_completion_class(shell)
    if found is None:
        message = f"click has no completion for {shell}"
        raise AssertionError(message)
    click.echo(found(program, {}, PROGRAM, "_ORCHESTRATE_COMPLETE").source())
    return Exit.DONE
