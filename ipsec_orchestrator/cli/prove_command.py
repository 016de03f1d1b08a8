"""``orchestrate prove``."""

from typing import Any

import click

from ipsec_orchestrator.cli.options import (
    connection_of,
    connection_options,
    json_option,
    state_option,
)


@click.command()
@click.argument("playbook", type=click.Path())
@connection_options
@click.option(
    "--pairs",
    metavar="A:B,...",
    help="Only these pairs of hosts, both ways, for example vm1:host1,vm2:host1",
)
@click.option(
    "--sample",
    "count",
    type=click.IntRange(min=1),
    metavar="N",
    help="About N flows, chosen so that every pair of subnets is covered.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Only flows to this port; with --control the port to use.",
)
@click.option(
    "--service",
    type=click.Choice(["existing", "temporary", "iis"]),
    default="temporary",
    show_default=True,
    help="Who answers: what listens there, a listener of ours that goes again by itself, or IIS "
    "with a site on the port: what is missing of it is planned, shown, and undone at the end.",
)
@click.option(
    "--control",
    is_flag=True,
    help="Show that the method can say clear: the same pairs on a port that no rule protects, or "
    "before the policy is assigned on any --port. Exit code 0 then means: all clear.",
)
@click.option("--watch", is_flag=True, help="Repeat until Ctrl-C, one line a probe.")
@click.option(
    "--evidence",
    type=click.Path(file_okay=False),
    metavar="FOLDER",
    help="Write captures, associations, events and a page to look at into a new folder.",
)
@click.option("--keep-payload", is_flag=True, help="Keep whole frames instead of headers.")
@click.option(
    "--timeout",
    type=click.FloatRange(1, 60),
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each request waits for its answer.",
)
@click.option(
    "--guard",
    type=click.IntRange(30, 86_400),
    metavar="SECONDS",
    help="When hosts take everything away by themselves if the program can't.  [default: 300, or "
    "what a long --timeout needs]",
)
@click.option("--yes", is_flag=True, help="Carry out the plan of --service iis without asking.")
@state_option
@json_option
def prove(
    playbook: str,
    *,
    pairs: str | None,
    count: int | None,
    port: int | None,
    service: str,
    control: bool,
    watch: bool,
    evidence: str | None,
    keep_payload: bool,
    timeout: float,
    guard: int | None,
    yes: bool,
    state: str | None,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Send real traffic between the members and prove from both ends that it is encrypted.

    For each flow that the policy protects: requests with a random text, a capture at the network
    adapters, the security associations and the audit events of both hosts. Only if all of them
    agree is the verdict "encrypted". Exit code 0: all are; 2: some are not; 3: some are unknown.

    \b
    Example:
      orchestrate prove playbooks/azure-onpremises.yml -i inventory/
      orchestrate prove playbooks/azure-onpremises.yml -i inventory/ --pairs vm1:host1 --watch
      orchestrate prove playbooks/azure-onpremises.yml -i inventory/ --control
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.proving import Asked, prove_and_print  # noqa: PLC0415 - lazy

    asked = Asked(
        playbook=playbook,
        pairs=pairs,
        count=count,
        port=port,
        service=service,
        control=control,
        watch=watch,
        evidence=evidence,
        keep_payload=keep_payload,
        timeout=timeout,
        guard=guard,
        yes=yes,
        state=state,
        as_json=as_json,
    )
    return prove_and_print(asked, connection_of(values))
