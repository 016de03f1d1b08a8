"""What ``orchestrate plan`` shows, saves, and ends with."""

from pathlib import Path

from ipsec_orchestrator.app.locked import lock_warning
from ipsec_orchestrator.app.plans import save_plan
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection
from ipsec_orchestrator.cli.output import print_json, print_lines, talk
from ipsec_orchestrator.cli.planning import planned
from ipsec_orchestrator.errors import UnsafePlanError, UsageError
from ipsec_orchestrator.model.plan import Consents, Plan
from ipsec_orchestrator.planning.lockout.safety import refuse_unsafe
from ipsec_orchestrator.planning.plan_secrets import refuse_secrets
from ipsec_orchestrator.planning.planfile import digest_of, plan_to_json
from ipsec_orchestrator.report.plan_report import plan_lines


def show_plan(
    playbook: Path,
    connection: Connection,
    *,
    removal: bool,
    consents: Consents,
    out: Path | None,
    exit_code: bool,
    as_json: bool,
    confirm_within: int | None = None,
) -> Exit:
    """Make the plan and show it; one that would lock somebody out is not saved."""
    if removal and confirm_within is not None:
        raise UsageError(
            "--confirm-within is for what apply brings, not for a removal.", cure="Leave it out."
        )
    if consents.left_behind and not removal:
        raise UsageError("--leave-behind is for removals.", cure="Leave it out, or add --remove.")
    making = planned(
        playbook, connection, removal=removal, consents=consents, confirm_within=confirm_within
    )
    with making as (made, world):
        if as_json:
            refuse_secrets(made)
            print_json(plan_to_json(made))
        else:
            print_lines(plan_lines(made))
        # Not part of the plan: the same domain gives the same plan, whoever is at work on it.
        if warning := lock_warning(world, made.basis.gpo):
            talk().print(warning, style="yellow", soft_wrap=True)
        if (refusal := refusal_of(made)) is not None:
            # With --json the document, which says the same, is out already.
            talk().print(str(refusal), soft_wrap=True)
            if out is not None:
                talk().print(f"{out} was not written.", soft_wrap=True)
            return Exit.ERROR
        if out is not None:
            save_plan(made, out)
            digest = digest_of(made)
            talk().print(f"Saved, digest {digest}. Carry it out with: orchestrate apply {out}")
    return Exit.DIFFERENCES if exit_code and not made.is_empty else Exit.DONE


def refusal_of(plan: Plan) -> UnsafePlanError | None:
    """Give why a plan can't be carried out; one that does nothing can."""
    if plan.safety is None or plan.is_empty:
        return None
    try:
        refuse_unsafe(plan.safety)
    except UnsafePlanError as error:
        return error
    return None
