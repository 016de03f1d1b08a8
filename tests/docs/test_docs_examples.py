"""What the documentation shows can be typed, parsed and read."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from ipsec_orchestrator.cli.entry import PROGRAM, program

# Words of the shell, and programs of others that are shown beside ours.
OTHERS = frozenset(
    {"cd", ".", "$EDITOR", "kinit", "keyring", "kubectl", "pip", "ssh-keygen", "systemd-creds"}
)


def _commands(body: str) -> Iterator[list[str]]:
    for line in body.splitlines():
        assert line.startswith("$ "), f"{line!r} is no command"
        words = shlex.split(line.removeprefix("$ "))
        while "&&" in words:
            place = words.index("&&")
            yield words[:place]
            words = words[place + 1 :]
        yield words[: words.index(">")] if ">" in words else words


def parse(arguments: Sequence[str]) -> None:
    """Parse a command line of ours without carrying it out.

    Raises:
        UsageError: It can't be parsed.
    """
    command: click.Command = program
    words = list(arguments)
    # A group that does something by itself may stand alone, or with options of its own.
    while isinstance(command, click.Group) and (
        not command.invoke_without_command or (words and not words[0].startswith("-"))
    ):
        name = words.pop(0)
        found = command.get_command(click.Context(command), name)
        if found is None:
            message = f"there is no command {name!r}"
            raise click.UsageError(message)
        command = found
    command.make_context(command.name, words)


def _make_targets(checkout: Path) -> set[str]:
    text = (checkout / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^(\w+):", text, re.MULTILINE))


def test_shown_commands_parse(pages: Sequence[Any], checkout: Path) -> None:
    """Every command in a console block is one of ours with good options, or a known other."""
    wrong: list[str] = []
    for page in pages:
        for block in page.blocks("console"):
            for words in _commands(block.body):
                first, *rest = words
                if first == PROGRAM:
                    try:
                        parse(rest)
                    except click.ClickException as error:
                        wrong.append(f"{block.place}: {words}: {error.format_message()}")
                elif first == "make":
                    wrong += [
                        f"{block.place}: {w}" for w in rest if w not in _make_targets(checkout)
                    ]
                elif first == "python":
                    wrong += [f"{block.place}: {w}" for w in rest if not (checkout / w).is_file()]
                elif first not in OTHERS:
                    wrong.append(f"{block.place}: {first}: an unknown program")

    assert not wrong


@pytest.mark.parametrize(
    "line", ["plan", "plan x --aply", "lab upp", "lab up --members 1", "nothing"]
)
def test_wrong_commands_do_not_parse(line: str) -> None:
    """The check of the commands sees missing arguments, options and commands that are not there."""
    with pytest.raises(click.UsageError):
        parse(shlex.split(line))


def test_json_examples_are_json(pages: Sequence[Any]) -> None:
    """Every JSON example can be read by a JSON parser."""
    blocks = [block for page in pages for block in page.blocks("json")]
    wrong: list[str] = []
    for block in blocks:
        try:
            json.loads(block.body)
        except json.JSONDecodeError as error:
            wrong.append(f"{block.place}: {error}")

    assert blocks
    assert not wrong


def test_yaml_examples_are_yaml(pages: Sequence[Any]) -> None:
    """Every YAML example is a mapping that a YAML parser can read."""
    blocks = [block for page in pages for block in page.blocks("yaml")]

    assert blocks
    assert all(isinstance(YAML(typ="safe").load(block.body), dict) for block in blocks)
