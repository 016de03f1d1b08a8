"""``orchestrate doctor``."""

from typing import Any

import click

from ipsec_orchestrator.cli.options import connection_of, connection_options, json_option


@click.command()
@click.argument("playbook", type=click.Path(), required=False)
@connection_options
@click.option(
    "--only",
    "only",
    multiple=True,
    metavar="WORDS",
    help="Only these topics or checks, for example dns,azure or ad.bind; may be repeated.",
)
@click.option(
    "--port",
    "ports",
    multiple=True,
    type=click.IntRange(1, 65535),
    help="TCP port to try on the other side, may be repeated. Default: the playbook's.",
)
@json_option
def doctor(
    playbook: str | None,
    *,
    only: tuple[str, ...],
    ports: tuple[int, ...],
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Check every prerequisite, and say what was seen and what to do. Changes nothing.

    With a playbook its OU, GPO, members and ports are looked at, without one all hosts of the
    inventory. Exit code 2 if a check failed, 3 if none failed but some could not be told.

    \b
    Example:
      orchestrate doctor playbooks/azure-onpremises.yml -i inventory/
      orchestrate doctor -i inventory/ --only dns,azure
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.diagnosing import diagnose_and_print  # noqa: PLC0415 - lazy

    words = [word.strip() for text in only for word in text.split(",") if word.strip()]
    return diagnose_and_print(playbook, connection_of(values), words, ports, as_json=as_json)
