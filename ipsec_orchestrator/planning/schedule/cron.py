r"""cron: some lines of a user's table, between two marks.

crontab(5): a ``%`` that is not escaped ends the command. The backslash before it is taken away by
some crons and left to the shell by others, so it stands outside of the shell's quotes, where both
come out as the same.
"""

import re
import shlex
from typing import Final

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.schedule import Schedule
from ipsec_orchestrator.planning.schedule.command import pass_arguments, variables
from ipsec_orchestrator.planning.schedule.mark import mark
from ipsec_orchestrator.planning.schedule.timing import cron_fields

# cron(8) of Debian, MAX_COMMAND: what is longer is cut off or refused, without a word to anybody.
_LONGEST_COMMAND: Final = 998
_BEGIN: Final = "# BEGIN ipsec_orchestrator"
_END: Final = "# END ipsec_orchestrator"
_BLOCK: Final = re.compile(
    rf"^{_BEGIN} (?P<name>\S+)\n(?P<lines>(?:.*\n)*?){_END} (?P=name)\n", re.MULTILINE
)


def cron_block(schedule: Schedule) -> str:
    """Give the lines, with the marks around them.

    Raises:
        UsageError: The command is longer than cron takes.
    """
    command = cron_command(schedule)
    if len(command.encode()) > _LONGEST_COMMAND:
        raise UsageError(
            f"The command is longer than the {_LONGEST_COMMAND} bytes that cron takes.",
            cure="Use shorter paths, or --as systemd.",
        )
    return (
        f"{_BEGIN} {schedule.name}\n"
        f"# {mark(schedule)}\n"
        f"{cron_fields(schedule)} {command}\n"
        f"{_END} {schedule.name}\n"
    )


def cron_command(schedule: Schedule) -> str:
    """Give the command as it stands in the table.

    Cron mails whatever a command prints, so it prints nothing if all is well (exit code 0).
    """
    given = [f"{name}={value}" for name, value in variables(schedule).items()]
    words = [*(["/usr/bin/env", *given] if given else []), *pass_arguments(schedule)]
    return f'said=$({" ".join(map(cron_word, words))} 2>&1) || echo "$said"'


def cron_word(word: str) -> str:
    """Quote one word for the shell, and for cron before it."""
    quoted = shlex.quote(word)
    # Inside of quotes the backslash would stay: close them for the one character.
    return quoted.replace("%", r"'\%'" if quoted.startswith("'") else r"\%")


def blocks(table: str) -> dict[str, str]:
    """Give the blocks of ours in a table, by name."""
    return {found["name"]: found[0] for found in _BLOCK.finditer(_ended(table))}


def with_block(table: str, name: str, block: str) -> str:
    """Put a block into a table, in the place of the one of that name or at the end.

    Args:
        table: The whole table.
        name: Of the schedule.
        block: What is wanted; empty takes it away.
    """
    table = _ended(table)
    for found in _BLOCK.finditer(table):
        if found["name"] == name:
            return table[: found.start()] + block + table[found.end() :]
    return table + block


def _ended(table: str) -> str:
    """End the last line: cron ignores one that is not."""
    return table if not table or table.endswith("\n") else f"{table}\n"
