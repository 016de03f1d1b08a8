"""The program: the group of commands, and errors turned into one sentence and an exit code."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import click
from typing_extensions import override

from ipsec_orchestrator import __version__
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.pending import tell_pending
from ipsec_orchestrator.errors import OrchestratorError, StalePlanError, UsageError

PROGRAM: Final = "orchestrate"

# Name -> (module, attribute, one line for the list). Modules are imported when the command is
# used; the line stands here so that the list of commands needs none of them.
_COMMANDS: Final = {
    "doctor": ("doctor", "doctor", "Check every prerequisite, and say what to do."),
    "plan": ("plan", "plan", "Show what would change, and write nothing."),
    "apply": ("apply", "apply", "Plan, show, ask, and carry out."),
    "promote": ("promote", "promote", "Measure whether IPsec works everywhere, then require it."),
    "sign": ("sign", "sign", "Sign a saved plan, so that who approved it is provable."),
    "remove": ("remove", "remove", "Take away what a playbook brought, in the right order."),
    "resume": ("resume", "resume", "Go on with a run that was interrupted."),
    "rollback": ("rollback", "rollback", "Bring back what was before a run."),
    "runs": ("runs", "runs", "List the runs that were made from here, and how they stand."),
    "report": ("report", "report", "Write one page over everything that is recorded."),
    "confirm": ("confirm", "confirm", "Keep what a run with --confirm-within did."),
    "restore-members": (
        "restore_members",
        "restore_members",
        "Give members their services back after a run was not confirmed.",
    ),
    "show": ("show", "show", "Show the IPsec policies of the domain, or what a host has."),
    "prove": ("prove", "prove", "Send real traffic and prove that it is encrypted."),
    "drift": ("drift", "drift", "Tell what has changed since the last run, and what is pending."),
    "notify": ("notify", "notify", "Send a trial to everybody whom the watch would tell."),
    "monitoring": (
        "monitoring",
        "monitoring",
        "Print alert rules for Prometheus, or a dashboard for Grafana.",
    ),
    "reconcile": ("reconcile", "reconcile", "Look for drift, and put right what may be put right."),
    "schedule": ("schedule", "schedule", "Have the system watch again and again, unattended."),
    "hosts": ("hosts", "hosts", "List the hosts of the inventory that a selection means."),
    "init": ("starter", "init", "Write a starter inventory and playbook."),
    "schema": ("starter", "schema", "Print the JSON Schema of inventory or playbook."),
    "lab": ("lab", "lab", "A whole Windows domain on this machine, to try everything."),
    "demo": ("demo", "demo", "Play the whole how-to in the lab."),
    "completion": ("completion", "completion", "Print the script for shell completion."),
}


class _LazyGroup(click.Group):
    """Loads a command's module when the command is used."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        loaded = import_module(f"ipsec_orchestrator.cli.{module}_command")
        command: click.Command = getattr(loaded, attribute)
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in _COMMANDS.items()])


@click.command(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done or nothing to do, 1 error, 2 differences or failed checks, 3 some hosts failed or "
    "unknown, 64 wrong usage.",
)
@click.version_option(__version__, prog_name=PROGRAM)
def program() -> None:
    """IPsec transport mode for a Windows domain, by Group Policy: planned, applied, verified.

    An inventory says what exists, a playbook says what is wanted.

    \b
    Example:
      orchestrate plan playbooks/azure-onpremises.yml -i inventory/
      orchestrate apply playbooks/azure-onpremises.yml -i inventory/
    """  # noqa: D301 - \b is click's mark for "keep these lines"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and leave the process with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


_STOPPED: Final = "Stopped. Run the same command again to go on."


def run(arguments: Sequence[str]) -> int:
    """Run the program and give its exit code; people read what went wrong on stderr."""
    wants_json = "--json" in arguments
    try:
        tell_pending(arguments)
        code = program.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
        return code if isinstance(code, int) else Exit.DONE
    except click.UsageError as error:
        error.show()
        where = error.ctx.command_path if error.ctx else PROGRAM
        sentence = f"{error.format_message()} Try '{where} --help'."
        return _fail(sentence, Exit.USAGE, wants_json=wants_json, said=True)
    except click.ClickException as error:
        return _fail(error.format_message(), Exit.ERROR, wants_json=wants_json)
    except click.exceptions.Exit as left:
        return left.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _fail(_STOPPED, Exit.ERROR, wants_json=wants_json)
    except OrchestratorError as error:
        code = Exit.USAGE if isinstance(error, UsageError) else Exit.ERROR
        return _fail(str(error), code, wants_json=wants_json, stale=_stale(error))


def _stale(error: OrchestratorError) -> list[dict[str, str]]:
    """Give what is not as a plan found it, for ``--json``."""
    if not isinstance(error, StalePlanError):
        return []
    return [
        {
            "object": found.object,
            "attribute": found.attribute,
            "expected": found.expected,
            "found": found.found,
        }
        for found in error.differences
    ]


def _fail(
    message: str,
    code: Exit,
    *,
    wants_json: bool,
    said: bool = False,
    stale: Sequence[dict[str, str]] = (),
) -> int:
    if not said:
        click.echo(message, err=True)
    if wants_json:
        import json  # noqa: PLC0415 - only where it is needed, for the time of --help

        more = {"stale": stale} if stale else {}
        click.echo(json.dumps({"error": message, **more}, ensure_ascii=False))
    return code
