"""``orchestrate plan``."""

from pathlib import Path
from typing import Any

import click

from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import connection_of, connection_options, json_option


@click.command()
@click.argument("playbook", type=click.Path())
@connection_options
@click.option("--out", type=click.Path(dir_okay=False), help="Save the plan for apply.")
@click.option("--remove", "removal", is_flag=True, help="Plan orchestrate remove instead.")
@click.option("--exit-code", is_flag=True, help="Exit with 2 if there is something to do.")
@json_option
def plan(
    playbook: str,
    *,
    out: str | None,
    removal: bool,
    exit_code: bool,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Show what apply would change, and write nothing.

    \b
    Example:
      orchestrate plan playbooks/azure-onpremises.yml -i inventory/ --out plan.json
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.app.locked import lock_warning  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.app.plans import save_plan  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.output import print_json, print_lines, talk  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.planning import planned  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.planning.planfile import plan_to_json  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.report.plan_report import plan_lines  # noqa: PLC0415 - lazy

    with planned(Path(playbook), connection_of(values), removal=removal) as (made, world):
        if as_json:
            print_json(plan_to_json(made))
        else:
            print_lines(plan_lines(made))
        # Not part of the plan: the same domain gives the same plan, whoever is at work on it.
        if warning := lock_warning(world, made.basis.gpo):
            talk().print(warning, style="yellow", soft_wrap=True)
        if out:
            save_plan(made, Path(out))
            talk().print(f"Saved. Carry it out with: orchestrate apply {out}")
    return Exit.DIFFERENCES if exit_code and not made.is_empty else Exit.DONE
