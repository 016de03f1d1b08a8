"""``orchestrate monitoring``."""

import click

from ipsec_orchestrator.cli.exit_codes import Exit


@click.command()
@click.argument("kind", type=click.Choice(["rules", "dashboard"]))
def monitoring(kind: str) -> int:
    """Print alert rules for Prometheus, or a dashboard for Grafana, to be saved and changed.

    \b
    Example:
      orchestrate monitoring rules > ipsec-watch.rules.yml
      orchestrate monitoring dashboard > ipsec-watch.json
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.adapters.monitoring.shipped_files import (  # noqa: PLC0415 - lazy
        DASHBOARD,
        RULES,
        shipped_file,
    )

    click.echo(shipped_file(RULES if kind == "rules" else DASHBOARD), nl=False)
    return Exit.DONE
