"""The reference pages are complete: commands, options, exit codes, scripts, dependencies."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest

from ipsec_orchestrator.adapters.scripts import NAMES
from ipsec_orchestrator.cli.entry import program
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.lab.lab_settings import FAULT_WORDS
from ipsec_orchestrator.model.stages import Stage

SHARED = "## Options of plan, apply, remove, show and hosts"


def _leaves(group: click.Group, *above: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _leaves(command, *above, name)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield (*above, name), command


def _options(command: click.Command) -> set[str]:
    parameters = [found for found in command.params if isinstance(found, click.Option)]
    return {name for found in parameters for name in (*found.opts, *found.secondary_opts)}


@pytest.fixture
def reference(pages: Sequence[Any]) -> Any:  # noqa: ANN401 - the page class of the conftest
    """The page of the command line."""
    return next(page for page in pages if page.name == "docs/reference/cli.md")


def test_every_command_and_option_is_described(reference: Any) -> None:  # noqa: ANN401 - see above
    """Each command has its place on the page, and each of its options is named there."""
    shared = reference.section(SHARED)
    missing: list[str] = []
    for path, command in _leaves(program):
        section = reference.section(f"## orchestrate {path[0]}")
        if len(path) > 1 and f"`{' '.join(path)}" not in section:
            missing.append(" ".join(path))
        words = set(re.findall(r"--?[a-z][a-z-]*", section + shared))
        missing += [f"{' '.join(path)} {option}" for option in _options(command) - words]

    assert not missing


def test_no_option_is_described_that_is_not_there(reference: Any) -> None:  # noqa: ANN401 - see above
    """Whatever looks like a long option on the page is an option of some command."""
    known = {"--help", "--version"}.union(*(_options(command) for _, command in _leaves(program)))

    assert set(re.findall(r"--[a-z][a-z-]*", reference.text)) <= known


def test_every_exit_code_is_described(reference: Any) -> None:  # noqa: ANN401 - see above
    """The table of exit codes has each code that a command may end with, and no other."""
    rows = re.findall(r"^\| (\d+) \|", reference.section("## Exit codes"), re.MULTILINE)

    assert [int(row) for row in rows] == sorted(Exit)


def _text(pages: Sequence[Any], name: str) -> str:
    return str(next(page.text for page in pages if page.name == name))


def test_every_script_is_described(pages: Sequence[Any]) -> None:
    """The page of scripts has a row for each script that may run on a host."""
    rows = re.findall(r"^\| `(\w+)` \|", _text(pages, "docs/reference/scripts.md"), re.MULTILINE)

    assert sorted(rows) == sorted(NAMES)


def test_every_fault_is_described(pages: Sequence[Any]) -> None:
    """The page of the lab has each fault that a host can be given."""
    text = _text(pages, "docs/in-practice/the-lab.md")

    assert [word for word in FAULT_WORDS if f"`{word}`" not in text] == []


def test_every_stage_and_caution_is_described(pages: Sequence[Any], checkout: Path) -> None:
    """The page of JSON documents names every stage, and every code of a warning."""
    text = _text(pages, "docs/reference/json.md")
    sources = (checkout / "ipsec_orchestrator" / "planning").glob("*.py")
    codes = {
        code
        for source in sources
        for code in re.findall(r'\bcode="([a-z-]+)"', source.read_text(encoding="utf-8"))
    }

    assert len(codes) > 1
    assert {word for word in {*codes, *Stage} if f"`{word}`" not in text} == set()


def test_every_dependency_is_explained(pages: Sequence[Any], checkout: Path) -> None:
    """The page of dependencies has exactly what the package needs."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[<>=\[]", line)[0] for line in project["dependencies"]}
    extras = set(project.get("optional-dependencies", {}))
    text = _text(pages, "docs/dependencies.md")
    runtime, _, extra = text.partition("\nExtra:\n")

    assert set(re.findall(r"^\| ([\w.-]+) \|", runtime, re.MULTILINE)) == {"package", *needed}
    assert set(re.findall(r"^\| `([\w-]+)` \|", extra, re.MULTILINE)) == extras


def test_every_package_has_its_layer_in_the_architecture(
    pages: Sequence[Any], checkout: Path
) -> None:
    """The picture of the layers has exactly the layers that import-linter enforces."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(found["layers"] for found in contracts if found["type"] == "layers")
    page = next(page for page in pages if page.name == "docs/architecture.md")
    drawn = next(page.blocks("text")).body.splitlines()

    assert [line.split("   ")[0].rstrip() for line in drawn] == layers
