"""What ``orchestrate promote`` does: measure, refuse or plan, and carry out if that was said."""

from dataclasses import dataclass
from pathlib import Path

from ipsec_orchestrator.adapters.specification import read_playbook
from ipsec_orchestrator.app.options import LockOrder
from ipsec_orchestrator.app.plans import save_plan
from ipsec_orchestrator.app.promote import Promotion, measure_flows, measured_flows
from ipsec_orchestrator.app.prove import parse_pairs
from ipsec_orchestrator.cli.carrying_out import ask_and_carry_out
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection
from ipsec_orchestrator.cli.output import print_json, print_lines, print_table, talk
from ipsec_orchestrator.cli.plan_showing import refusal_of
from ipsec_orchestrator.cli.planning import planned
from ipsec_orchestrator.cli.progress import telling
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.plan import Consents
from ipsec_orchestrator.model.policy import Mode, Playbook
from ipsec_orchestrator.planning.planfile import plan_to_json
from ipsec_orchestrator.planning.tightening import Measurement, with_measurement
from ipsec_orchestrator.report.measurement_rows import (
    HEADINGS,
    measurement_rows,
    measurement_sentence,
    measurements_to_json,
)
from ipsec_orchestrator.report.plan_report import plan_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionWish:
    """The command line of ``promote``."""

    playbook: str
    hours: int
    accepted: str | None
    out: str | None
    yes: bool
    skip_checks: tuple[str, ...]
    lock: LockOrder
    consents: Consents
    state: str | None
    as_json: bool
    confirm_within: int | None = None
    accept_unproved: bool = False


def promote_and_print(wish: PromotionWish, connection: Connection) -> int:
    """Do all of it and give the exit code."""
    if connection.limit is not None:
        raise UsageError(
            "--limit makes no sense here: requiring IPsec concerns all members at once.",
            cure="Leave it out; a pair that can't be measured may be named with --accept-unknown.",
        )
    if wish.yes and wish.out:
        raise UsageError(
            "--yes carries out the plan, --out saves it for later.",
            cure="Say one of the two.",
        )
    inventory = connection.read_inventory()
    playbook = read_playbook(Path(wish.playbook), inventory)
    promotion, measurement = _measured(wish, connection, playbook, inventory)
    if promotion is None or not promotion.is_promotable:
        return _ended(wish, promotion, measurement)
    if playbook.mode is Mode.REQUEST:
        talk().print(
            f"Nothing speaks against it. Write mode: require into {wish.playbook}, and run this "
            "again to apply it.",
            soft_wrap=True,
        )
        return _ended(wish, promotion, measurement)
    if wish.yes:
        return ask_and_carry_out(
            wish.playbook,
            connection,
            lock=wish.lock,
            consents=wish.consents,
            removal=False,
            yes=True,
            state=wish.state,
            as_json=wish.as_json,
            skip_checks=wish.skip_checks,
            measurement=measurement,
            confirm_within=wish.confirm_within,
            accept_unproved=wish.accept_unproved,
        )
    return _plan(wish, connection, measurement)


def _measured(
    wish: PromotionWish, connection: Connection, playbook: Playbook, inventory: Inventory
) -> tuple[Promotion | None, Measurement]:
    accepted = parse_pairs(wish.accepted, inventory) if wish.accepted else ()
    flows = measured_flows(playbook, inventory)
    with connection.open(inventory) as world:
        measured_at = world.clock.now()
        with telling() as tell:
            promotion = measure_flows(
                playbook, flows, world, hours=wish.hours, accepted=accepted, tell=tell
            )
    found = promotion.measurements if promotion else ()
    if promotion is None:
        talk().print(
            f"Nothing to promote: the domain has no policy of {playbook.name} in mode request.",
            soft_wrap=True,
        )
    elif not wish.as_json:
        print_table(HEADINGS, measurement_rows(found))
    return promotion, Measurement(
        text=measurement_sentence(found, hours=wish.hours, measured_at=measured_at),
        document=measurements_to_json(
            found,
            hours=wish.hours,
            promotable=promotion is not None and promotion.is_promotable,
        ),
    )


def _ended(wish: PromotionWish, promotion: Promotion | None, measurement: Measurement) -> int:
    """Say how it stands where nothing is planned."""
    if wish.as_json:
        print_json({"plan": None, "run": None, "hosts": [], **measurement.document})
    if promotion is None:
        return Exit.DONE
    if promotion.falling_back:
        talk().print(
            f"Not promoted: {len(promotion.falling_back)} flows still fall back to clear and "
            "would be cut off.",
            soft_wrap=True,
        )
        return Exit.DIFFERENCES
    if promotion.unknown:
        pairs = dict.fromkeys(f"{m.flow.source}:{m.flow.destination}" for m in promotion.unknown)
        talk().print(
            f"Not promoted: {len(promotion.unknown)} flows are unknown. Find out, or take the risk "
            f"with --accept-unknown {','.join(pairs)}",
            soft_wrap=True,
        )
        return Exit.SOME_HOSTS
    return Exit.DONE


def _plan(wish: PromotionWish, connection: Connection, measurement: Measurement) -> int:
    """Show the plan, and save it if that was said."""
    making = planned(
        Path(wish.playbook),
        connection,
        removal=False,
        consents=wish.consents,
        confirm_within=wish.confirm_within,
    )
    with making as (made, _):
        plan = with_measurement(made, measurement)
    print_lines(plan_lines(plan), to_stderr=wish.as_json)
    if (refusal := refusal_of(plan)) is not None:
        talk().print(str(refusal), soft_wrap=True)
    elif wish.out:
        save_plan(plan, Path(wish.out))
        talk().print(f"Saved. Carry it out with: orchestrate apply {wish.out}", soft_wrap=True)
    else:
        talk().print("Nothing was changed. Carry it out with --yes, or save it with --out.")
    if wish.as_json:
        print_json({"plan": plan_to_json(plan), "run": None, "hosts": [], **measurement.document})
    return Exit.DONE if refusal is None else Exit.ERROR
