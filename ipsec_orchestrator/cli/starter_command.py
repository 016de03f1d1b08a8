"""``orchestrate init`` and ``orchestrate schema``."""

import shlex
from pathlib import Path

import click

from ipsec_orchestrator.cli.exit_codes import Exit


@click.command()
@click.argument("directory", type=click.Path(file_okay=False))
def init(directory: str) -> int:
    """Write a starter inventory and playbook, commented, into a folder.

    \b
    Example:
      orchestrate init my-domain
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.adapters.specification import write_starter  # noqa: PLC0415 - lazy

    for path in write_starter(Path(directory)):
        click.echo(str(path))
    there = "" if Path(directory).resolve() == Path.cwd() else f"cd {shlex.quote(directory)} && "
    click.echo(f"Fill them in, then: {there}orchestrate plan playbooks/first-policy.yml", err=True)
    return Exit.DONE


@click.command()
@click.argument("kind", type=click.Choice(["inventory", "playbook"]))
def schema(kind: str) -> int:
    """Print the JSON Schema, for editors and checks.

    \b
    Example:
      orchestrate schema playbook > playbook.schema.json
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.adapters.specification import (  # noqa: PLC0415 - lazy
        inventory_schema,
        playbook_schema,
    )
    from ipsec_orchestrator.cli.output import print_json  # noqa: PLC0415 - lazy

    print_json(inventory_schema() if kind == "inventory" else playbook_schema())
    return Exit.DONE
