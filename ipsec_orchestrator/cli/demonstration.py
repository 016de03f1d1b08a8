"""The story of the demo: the real commands, each shown before it runs."""

import shlex
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from ipsec_orchestrator.cli.carrying_out import ask_and_carry_out
from ipsec_orchestrator.cli.entry import PROGRAM, run
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.lab_machine import install_for_lab, powershell
from ipsec_orchestrator.cli.options import Connection, state_folder
from ipsec_orchestrator.cli.output import print_lines, results, talk
from ipsec_orchestrator.cli.planning import planned
from ipsec_orchestrator.errors import LabNotFoundError, MissingDependencyError
from ipsec_orchestrator.lab.domain.prerequisites import MissingPrerequisite, missing_prerequisites
from ipsec_orchestrator.lab.engine_check import check_powershell
from ipsec_orchestrator.lab.example_playbook import example_playbook
from ipsec_orchestrator.lab.lab_hosts import FEWEST_MEMBERS
from ipsec_orchestrator.lab.lab_settings import LabSettings
from ipsec_orchestrator.lab.lab_status import LabStatus, inventory_file
from ipsec_orchestrator.lab.lifecycle import down, up
from ipsec_orchestrator.lab.memory_lab import memory_world
from ipsec_orchestrator.lab.wire.prerequisites import missing_prerequisites as missing_for_wire
from ipsec_orchestrator.report.lines import Line, Tone
from ipsec_orchestrator.report.plan_report import plan_lines

LAB_NAME = "demo"


def play(state: str | None, *, keep: bool) -> int:
    """Play it on a real domain; where that can't be had, in memory."""
    folder = state_folder(state)
    install_for_lab(folder)
    missing_for_domain = missing_prerequisites(folder)
    if missing_for_domain:
        return play_in_memory(_reasons(missing_for_domain))
    with suppress(LabNotFoundError):
        down(folder, LAB_NAME)
    try:
        _say("A real Active Directory domain and four Windows hosts come up on this machine.")
        missing = missing_for_wire(FEWEST_MEMBERS)
        if missing:
            _say(f"No real wire between the hosts, so nothing is proved: {_reasons(missing)}")
        settings = LabSettings(powershell=_working_powershell(), wire=not missing)
        lab = up(folder, LAB_NAME, settings, _tell)
    except MissingDependencyError as error:
        return play_in_memory(str(error))
    try:
        return _story_in_lab(lab)
    finally:
        if keep:
            _say(f"The lab is left running; its inventory is {inventory_file(lab.layout)}.")
        else:
            down(folder, LAB_NAME)


def _working_powershell() -> str | None:
    found = powershell()
    try:
        if found is not None:
            check_powershell(found)
    except MissingDependencyError as error:
        _say(f"The hosts answer without PowerShell: {error}")
        return None
    return found


def _reasons(missing: Iterable[MissingPrerequisite]) -> str:
    return " ".join(f"{found.sentence} {found.cure}" for found in missing)


def _tell(text: str) -> None:
    talk().print(text, soft_wrap=True)


def _say(text: str) -> None:
    results().print()
    print_lines([Line(f"# {text}", Tone.HEADING)])


def _story_in_lab(lab: LabStatus) -> int:
    playbook = example_playbook(lab.layout.root)
    inventory = str(inventory_file(lab.layout))

    def command(*words: str) -> int:
        shown = [PROGRAM, *words]
        print_lines([Line(f"$ {shlex.join(shown)}", Tone.GOOD)])
        return run(words)

    common = (str(playbook), "-i", inventory)
    # The runs of the demo go with its lab.
    state = ("--state", str(lab.layout.root))
    pair = ("--pairs", "vm1:host1")
    wire = lab.settings.wire
    story: list[tuple[str, tuple[str, ...], bool]] = [
        (
            "Before you begin: every prerequisite of the article; the lab plays Azure, too.",
            ("doctor", *common),
            True,
        ),
        ("What would change? Nothing is written.", ("plan", *common), True),
        (
            "Before the policy: real traffic on a real wire, and it is clear.",
            ("prove", *common, *pair, "--control", "--port", "8080"),
            wire,
        ),
        (
            "Carry it out: GPO, link, policy, assignment; refresh every member; read back.",
            ("apply", *common, "--yes", *state),
            True,
        ),
        (
            "The article's last page: the same traffic now, seen from both ends.",
            ("prove", *common, *pair),
            wire,
        ),
        (
            "What does a member have? Asked over WinRM.",
            ("show", "--host", "vm1", "-i", inventory),
            True,
        ),
        ("A second apply finds nothing to do.", ("apply", *common, "--yes", *state), True),
    ]
    for sentence, words, applies in story:
        if not applies:
            continue
        _say(sentence)
        code = command(*words)
        if code != Exit.DONE:
            return code
    return Exit.DONE


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
