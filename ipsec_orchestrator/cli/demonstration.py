"""The story of the demo: the real commands, each shown before it runs."""

import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from ipsec_orchestrator.cli.carrying_out import ask_and_carry_out
from ipsec_orchestrator.cli.entry import PROGRAM, run
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.lab_command import install_for_lab, powershell
from ipsec_orchestrator.cli.options import Connection, state_folder
from ipsec_orchestrator.cli.output import print_lines, results, talk
from ipsec_orchestrator.cli.planning import planned
from ipsec_orchestrator.errors import LabNotFoundError, MissingDependencyError
from ipsec_orchestrator.lab.example_playbook import example_playbook
from ipsec_orchestrator.lab.lab_settings import LabSettings
from ipsec_orchestrator.lab.lifecycle import LabStatus, down, inventory_file, up
from ipsec_orchestrator.lab.memory_lab import memory_world
from ipsec_orchestrator.report.lines import Line, Tone
from ipsec_orchestrator.report.plan_report import plan_lines

LAB_NAME = "demo"


def play(state: str | None, *, keep: bool) -> int:
    """Play it on a real domain; where that can't be had, in memory."""
    folder = state_folder(state)
    install_for_lab(folder)
    try:
        with suppress(LabNotFoundError):
            down(folder, LAB_NAME)
        _say("A real Active Directory domain and four Windows hosts come up on this machine.")
        lab = up(folder, LAB_NAME, LabSettings(powershell=powershell()), _tell)
    except MissingDependencyError as error:
        return play_in_memory(str(error))
    try:
        return _story_in_lab(lab, folder)
    finally:
        if keep:
            _say(f"The lab is left running; its inventory is {inventory_file(lab.layout)}.")
        else:
            down(folder, LAB_NAME)


def _tell(text: str) -> None:
    talk().print(text, soft_wrap=True)


def _say(text: str) -> None:
    results().print()
    print_lines([Line(f"# {text}", Tone.HEADING)])


def _story_in_lab(lab: LabStatus, folder: Path) -> int:
    playbook = example_playbook(lab.layout.root)
    inventory = str(inventory_file(lab.layout))

    def command(*words: str) -> int:
        shown = [PROGRAM, *words]
        print_lines([Line(f"$ {shlex.join(shown)}", Tone.GOOD)])
        return run(words)

    common = (str(playbook), "-i", inventory)
    state = ("--state", str(folder))
    _say("What would change? Nothing is written.")
    code = command("plan", *common)
    if code == Exit.DONE:
        _say("Carry it out: GPO, link, policy, assignment; refresh every member; read back.")
        code = command("apply", *common, "--yes", *state)
    if code == Exit.DONE:
        _say("What does a member have? Asked over WinRM.")
        code = command("show", "--host", "vm1", "-i", inventory)
    if code == Exit.DONE:
        _say("A second apply finds nothing to do.")
        code = command("apply", *common, "--yes", *state)
    return code


def play_in_memory(reason: str) -> int:
    """Play it on the shipped in-memory adapters."""
    _say(f"No real domain here, so directory and hosts are simulated in memory: {reason}")
    with TemporaryDirectory(prefix="ipsec-orchestrator-demo-") as folder, memory_world() as world:
        playbook = example_playbook(Path(folder))
        connection = Connection(
            inventory=(),
            limit=None,
            user=None,
            dc=None,
            threads=4,
            world=world,
        )

        def plan() -> int:
            with planned(playbook, connection, removal=False) as (made, _):
                print_lines(plan_lines(made))
            return Exit.DONE

        def apply() -> int:
            return ask_and_carry_out(
                str(playbook),
                connection,
                removal=False,
                yes=True,
                state=folder,
                as_json=False,
            )

        story: Sequence[tuple[str, str, Callable[[], int]]] = (
            ("What would change? Nothing is written.", "plan", plan),
            ("Carry it out, refresh every member, read back.", "apply", apply),
            ("A second apply finds nothing to do.", "apply", apply),
        )
        for sentence, word, act in story:
            _say(sentence)
            print_lines([Line(f"$ {PROGRAM} {word} {playbook.name}", Tone.GOOD)])
            code = act()
            if code != Exit.DONE:
                return code
    return Exit.DONE
