"""The command line: help, exit codes, errors as sentences and as JSON, completion, start-up."""

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import jsonschema
import pytest

from ipsec_orchestrator.cli.entry import program, run
from ipsec_orchestrator.cli.exit_codes import Exit

ROOT = Path(__file__).parents[2]
INVENTORY = str(ROOT / "inventory")
PLAYBOOK = str(ROOT / "playbooks" / "azure-onpremises.yml")
# What --help must not load: it would be felt at every press of the completion key.
HEAVY = ("ldap3", "pydantic", "pypsrp", "rich", "ruamel", "smbprotocol", "spnego", "winrm")


def commands(
    group: click.Group = program,
    path: tuple[str, ...] = (),
) -> list[tuple[str, ...]]:
    """The words of every command, groups themselves included."""
    found: list[tuple[str, ...]] = [path]
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
        else:
            found.append((*path, name))
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_help_of_every_command_has_an_example(
    words: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever asks for help sees a line to copy, and every option explained."""
    assert run([*words, "--help"]) == Exit.DONE
    text = capsys.readouterr().out

    assert re.search(rf"Example:\n +(sudo )?orchestrate {' '.join(words)}".rstrip(), text), text


@pytest.mark.parametrize("words", commands()[1:], ids=" ".join)
def test_every_option_is_explained(words: tuple[str, ...]) -> None:
    """No option stands in a help text without a word."""
    command: click.Command = program
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{' '.join(words)} {parameter.opts}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command"),
        (["plan"], "Missing argument"),
        (["plan", "--nonsense", "x"], "No such option"),
        (["hosts", "--threads", "0"], "--threads"),
        (["hosts", "-i", INVENTORY, "--limit", "vm9"], "vm9"),
        (["schema", "cookbook"], "cookbook"),
        (["completion", "tcsh"], "tcsh"),
    ],
)
def test_wrong_usage_is_code_64(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What was typed wrong is told on stderr; stdout stays empty for scripts."""
    assert run(arguments) == 64
    captured = capsys.readouterr()

    assert words in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_no_inventory_is_wrong_usage_with_a_cure(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without an inventory the message says the three ways to name one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IPSEC_ORCHESTRATOR_INVENTORY", raising=False)

    assert run(["hosts"]) == Exit.USAGE
    assert "orchestrate init" in capsys.readouterr().err


def test_a_wrong_file_is_code_1_and_names_every_problem(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A specification error gives file, line and column of each problem, and no traceback."""
    path = tmp_path / "inventory.yml"
    path.write_text("domain:\n  nam: ipsectest.com\nhosst: {}\n", encoding="utf-8")

    assert run(["hosts", "-i", str(path)]) == 1
    captured = capsys.readouterr()
    assert f"{path}:2:3" in captured.err
    assert f"{path}:3:1" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["hosts", "-i", INVENTORY, "--limit", "vm9", "--json"], Exit.USAGE),
        (["plan", "--json"], Exit.USAGE),
        (["plan", "/nonexistent/playbook.yml", "-i", INVENTORY, "--json"], Exit.ERROR),
        (["hosts", "-i", "/nonexistent/inventory", "--json"], None),
    ],
)
def test_errors_are_documents_with_json(
    arguments: list[str],
    code: Exit | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A script that asked for JSON gets one document, also when it failed."""
    found = run(arguments)
    document = json.loads(capsys.readouterr().out)

    assert set(document) == {"error"}
    assert document["error"]
    assert found in ({code} if code is not None else {Exit.ERROR, Exit.USAGE})


def test_hosts_are_listed_by_selection(capsys: pytest.CaptureFixture[str]) -> None:
    """``hosts`` shows whom a selection means, in inventory order, without connecting."""
    arguments = ["hosts", "-i", INVENTORY, "--limit", "role=azure-vm,host1,!vm2", "--json"]
    assert run(arguments) == Exit.DONE
    document = json.loads(capsys.readouterr().out)
    assert [host["name"] for host in document["hosts"]] == ["host1", "vm1"]

    assert run(arguments[:-1]) == Exit.DONE
    table = capsys.readouterr().out
    assert "vm1.ipsectest.com" in table
    assert "vm2" not in table


@pytest.mark.parametrize("kind", ["inventory", "playbook"])
def test_schemas_are_json_schemas(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What editors are given is a valid schema."""
    assert run(["schema", kind]) == Exit.DONE
    schema = json.loads(capsys.readouterr().out)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]


def test_the_starter_files_can_be_used_at_once(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """``init`` writes files that ``hosts`` reads; a second time nothing is overwritten."""
    folder = tmp_path / "mine"
    assert run(["init", str(folder)]) == Exit.DONE
    said = capsys.readouterr()
    written = said.out.split()
    assert all(Path(path).is_file() for path in written)
    assert f"cd {folder} && orchestrate plan playbooks/first-policy.yml" in said.err
    assert (folder / "playbooks" / "first-policy.yml").is_file()
    before = {path: Path(path).read_bytes() for path in written}

    assert run(["hosts", "-i", str(folder / "inventory"), "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["hosts"]
    assert run(["init", str(folder)]) != Exit.DONE
    assert {path: Path(path).read_bytes() for path in written} == before


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_the_program_back(
    shell: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each shell gets a script for ``orchestrate``."""
    assert run(["completion", shell]) == Exit.DONE
    text = capsys.readouterr().out

    assert "_ORCHESTRATE_COMPLETE" in text
    assert f"{shell}_complete" in text


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    return done.stdout


@pytest.mark.parametrize("words", [[], ["plan"], ["apply"], ["lab"], ["show"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    """``--help`` is answered at once, because no library of the other commands is imported."""
    code = (
        "import sys\n"
        "from ipsec_orchestrator.cli.entry import run\n"
        f"code = run([*{words!r}, '--help'])\n"
        "loaded = sorted({name.partition('.')[0] for name in sys.modules})\n"
        "print('LOADED', code, *loaded)\n"
    )
    last = python(code).splitlines()[-1].split()

    assert last[:2] == ["LOADED", "0"]
    assert not set(last) & set(HEAVY)


def test_completion_answers_from_the_program_itself() -> None:
    """The shell asks the program; it names the commands that fit."""
    code = (
        "import os\n"
        "os.environ.update(_ORCHESTRATE_COMPLETE='bash_complete', COMP_WORDS='orchestrate pl',"
        " COMP_CWORD='1')\n"
        "from ipsec_orchestrator.cli import main\n"
        "main([])\n"
    )

    assert python(code).split() == ["plain,plan"]


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    """``--version`` names program and version."""
    assert run(["--version"]) == Exit.DONE
    assert re.match(r"orchestrate, version \d+\.\d+", capsys.readouterr().out)
