"""``orchestrate sign``."""

import re
from pathlib import Path

import click

from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import json_option


@click.command()
@click.argument("plan", type=click.Path())
@click.option(
    "--key",
    required=True,
    type=click.Path(),
    help="SSH private key, or public key of one in ssh-agent; or minisign's secret key.",
)
@click.option(
    "--identity",
    metavar="NAME",
    help="Goes into the name of the signature's file; for a second signature.",
)
@json_option
def sign(plan: str, *, key: str, identity: str | None, as_json: bool) -> int:
    """Sign a saved plan, so that who approved it is provable.

    The signature lies beside the plan: plan.json.sig of an SSH key, plan.json.minisig of minisign.
    Passphrases are asked for by ssh-keygen and minisign themselves.

    \b
    Example:
      orchestrate sign plan.json --key ~/.ssh/id_ed25519
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.app.approvals import sign_plan  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.output import print_json, print_lines  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.errors import UsageError  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.planning.planfile import digest_of  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.report.lines import Line, Tone  # noqa: PLC0415 - lazy

    if identity is not None and not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*", identity):
        raise UsageError(
            f"--identity {identity!r} can't be part of a file's name.",
            cure="Use letters, digits and . _ @ + - only.",
        )
    signed = sign_plan(Path(plan), Path(key).expanduser(), identity)
    digest = digest_of(signed.plan)
    if as_json:
        print_json({"plan": plan, "digest": digest, "signature": str(signed.signature)})
    else:
        basis = signed.plan.basis
        print_lines(
            (
                Line(
                    f"Signed: the plan to {signed.plan.purpose.value} {basis.playbook} on "
                    f"{basis.domain}, {len(signed.plan.steps)} steps, digest {digest}.",
                    Tone.GOOD,
                ),
                Line(f"Signature: {signed.signature}"),
            )
        )
    return Exit.DONE
