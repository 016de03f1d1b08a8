"""``orchestrate schedule``: what it writes for each scheduler, what it refuses, what it tells."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.reconcile_command import reconcile
from tests.private_crontab import private_crontab

ROOT = Path(__file__).parents[2]
SCHEMAS = json.loads((Path(__file__).parent / "schedule.schema.json").read_text(encoding="utf-8"))
BOOK = "my books/azure-ops.yml"
GMSA = ("--as", "windows", "--gmsa", "CORP\\watch$")
POD = ("--as", "kubernetes", "--secret", "ipsec", "--image", "registry.example.com/o:1")
SYSTEMD = ("--as", "systemd", "--run-as", "root", "--keytab", "watch.keytab")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A folder with inventory, playbook and a keytab, where nobody is asked anything."""

    folder: Path

    def orchestrate(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the program in the folder."""
        return subprocess.run(
            [sys.executable, "-m", "ipsec_orchestrator", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            },
            timeout=120,
            check=False,
        )

    def install(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Install the schedule of the playbook."""
        return self.orchestrate("schedule", "install", BOOK, *words)

    def document(self, kind: str, *words: str) -> Any:  # noqa: ANN401 - a JSON document
        """Run a command with ``--json`` and hold its document against its schema."""
        done = self.orchestrate("schedule", *words, "--json")
        found = json.loads(done.stdout)
        schema = {"$defs": SCHEMAS["$defs"], **SCHEMAS[kind]}
        jsonschema.Draft202012Validator(schema).validate(found)
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The how-to's files, with a keytab beside them."""
    for name in ("domain.yml", "hosts.yml"):
        target = tmp_path / "inventory" / name
        target.parent.mkdir(exist_ok=True)
        target.write_text((ROOT / "inventory" / name).read_text(encoding="utf-8"))
    playbook = ROOT / "playbooks" / "azure-onpremises.yml"
    (tmp_path / BOOK).parent.mkdir()
    (tmp_path / BOOK).write_text(playbook.read_text(encoding="utf-8"))
    (tmp_path / "watch.keytab").touch(mode=0o600)
    return Desk(folder=tmp_path)


# Temporary folders are refused for services of the system, and the tests have no other.
@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--as", "systemd-user", "--keytab", "watch.keytab"), ["service", "timer"]),
        (("--as", "cron", "--keytab", "watch.keytab"), ["cron"]),
        (GMSA, ["xml"]),
        (POD, ["yaml"]),
    ],
    ids=["systemd-user", "cron", "windows", "kubernetes"],
)
def test_files_for_review_are_written_once(
    desk: Desk, words: tuple[str, ...], names: list[str]
) -> None:
    """Everything goes into the folder, nothing is started, and a second time changes nothing."""
    first = desk.document("install", "install", BOOK, *words, "--out", "out")
    before = {path.name: path.read_bytes() for path in (desk.folder / "out").iterdir()}
    second = desk.document("install", "install", BOOK, *words, "--out", "out")

    assert sorted(before) == [f"ipsec-azure-ops.{name}" for name in names]
    assert {each["change"] for each in first["places"]} == {"created"}
    assert {each["change"] for each in second["places"]} == {"unchanged"}
    assert {path.name: path.read_bytes() for path in (desk.folder / "out").iterdir()} == before
    assert first["started"] is False
    assert "reconcile" in first["command"]
    assert "--once" in first["command"]


@pytest.mark.parametrize(
    "words",
    [("--as", "systemd-user", "--keytab", "watch.keytab"), GMSA, POD],
    ids=["systemd-user", "windows", "kubernetes"],
)
def test_what_is_started_is_a_command_of_this_program(desk: Desk, words: tuple[str, ...]) -> None:
    """The program itself understands the command with every option that can be handed on."""
    notify = desk.folder / "notify.conf"
    notify.touch(mode=0o600)
    files = ("--state", "state", "--metrics-file", "x.prom", "--event-log", "ecs:watch.json")
    options = (
        *("--mode", "repair", "--limit", "!vm2", "--dc", "dc1", "--threads", "7"),
        *("--event-log", "syslog", "--notify-config", str(notify)),
        *(files if "kubernetes" not in words else ()),
    )
    command = desk.document("install", "install", BOOK, *words, *options, "--out", "out")["command"]
    parsed = reconcile.make_context("reconcile", command[command.index("reconcile") + 1 :]).params

    assert parsed["once"] is True
    assert (parsed["mode"], parsed["limit"], parsed["dc"], parsed["threads"]) == (
        *("repair", "!vm2", "dc1", 7),
    )
    assert parsed["playbook"].endswith("/azure-ops.yml")
    assert parsed["event_logs"][0] == "syslog"
    assert parsed["notify_source"] in {str(notify), "credential:ipsec-orchestrator.notify"}
    if "kubernetes" not in words:
        assert parsed["state"] == str(desk.folder / "state")
        assert parsed["metrics_file"] == desk.folder / "x.prom"
        assert parsed["event_logs"][1] == f"ecs:{desk.folder / 'watch.json'}"


def test_a_file_of_somebody_else_is_not_written_over(desk: Desk) -> None:
    """It is named, and stays."""
    theirs = desk.folder / "out" / "ipsec-azure-ops.cron"
    theirs.parent.mkdir()
    theirs.write_text("mine\n")
    done = desk.install("--as", "cron", "--keytab", "watch.keytab", "--out", "out")

    assert done.returncode == Exit.ERROR
    assert str(theirs) in done.stderr
    assert "--name" in done.stderr
    assert theirs.read_text() == "mine\n"


def test_the_task_of_windows_is_written_as_windows_wants_it(desk: Desk) -> None:
    """UTF-16 with a mark of its order, as its first line says."""
    assert desk.install(*GMSA, "--out", "out").returncode == Exit.DONE
    content = (desk.folder / "out" / "ipsec-azure-ops.xml").read_bytes()

    assert content[:2] in {b"\xff\xfe", b"\xfe\xff"}
    assert content.decode("utf-16").startswith('<?xml version="1.0" encoding="UTF-16"?>')


def test_a_manifest_can_be_piped(desk: Desk) -> None:
    """For Kubernetes stdout is the manifest alone; what is left to do stands on stderr."""
    done = desk.install(*POD)
    document = desk.document("install", "install", BOOK, *POD)

    assert done.returncode == Exit.DONE
    assert done.stdout == document["manifest"]
    assert done.stdout.startswith("# Made by orchestrate")
    assert "kubectl apply" in done.stderr
    assert "path: inventory-0/hosts.yml" in done.stdout
    # The name of the file is the name of the playbook, by which the domain knows it.
    assert "path: playbook/azure-ops.yml" in done.stdout


def test_cron_from_the_beginning_to_the_end(desk: Desk) -> None:
    """Install, install again, show, change by hand, show, remove, show."""
    private_crontab(desk.folder)
    words = ("install", BOOK, "--as", "cron", "--keytab", "watch.keytab")
    first = desk.document("install", *words, "--every", "2h", "--mode", "report")
    again = desk.document("install", *words, "--every", "2h", "--mode", "report")
    shown = desk.document("show", "show", "--as", "cron")

    assert [each["change"] for each in first["places"]] == ["created"]
    assert [each["change"] for each in again["places"]] == ["unchanged"]
    assert first["started"] is True
    (schedule,) = shown["schedules"]
    assert schedule["as_made"] is True
    assert (schedule["every_seconds"], schedule["mode"]) == (7200, "report")
    assert schedule["playbook"] == str(desk.folder / BOOK)

    crontab = str(desk.folder / "bin" / "crontab")
    table = subprocess.run([crontab, "-l"], capture_output=True, text=True, check=True).stdout
    edited = table.replace("--mode=report 2", "--mode=repair 2")
    assert edited != table
    subprocess.run([crontab, "-"], input=edited, text=True, check=True)
    differing = desk.orchestrate("schedule", "show", "ipsec-azure-ops", "--as", "cron")
    assert differing.returncode == Exit.DIFFERENCES
    assert "not as this program makes" in differing.stdout

    removed = desk.document("remove", "remove", "ipsec-azure-ops", "--as", "cron")
    assert removed["removed"] == ["crontab, lines of ipsec-azure-ops"]
    assert desk.document("show", "show", "--as", "cron") == {"schedules": []}
    gone = desk.orchestrate("schedule", "remove", "ipsec-azure-ops", "--as", "cron")
    assert gone.returncode == Exit.ERROR
    assert "there is none" in gone.stderr


def test_the_line_of_cron_starts_the_program(desk: Desk) -> None:
    """A shell that is given the line runs this program, and prints only what did not go well."""
    done = desk.install("--as", "cron", "--keytab", "watch.keytab", "--out", "out")
    assert done.returncode == Exit.DONE, done.stderr
    lines = (desk.folder / "out" / "ipsec-azure-ops.cron").read_text().splitlines()
    line = lines[2].split(" ", 5)[5].replace(r"\%", "%")

    def said(command: str) -> str:
        """What a shell prints of the line, with another command of the program in it."""
        changed = re.sub(r" reconcile .* 2>&1", f" {command} 2>&1", line)
        assert changed != line
        shell = ["/bin/sh", "-c", changed]
        environment = {"PATH": "/usr/bin:/bin"}
        ran = subprocess.run(
            shell, cwd=desk.folder, env=environment, capture_output=True, text=True, check=True
        )
        assert ran.stderr == ""
        return ran.stdout

    assert said("hosts") == ""
    assert "nowhere" in said("hosts -i nowhere")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--password", "s3cret", "--as", "cron"), "does not stand on a command line"),
        (("--as", "cron"), "kinit runs out"),
        (("--as", "cron", "--gmsa", "x$", "--keytab", "watch.keytab"), "two ways"),
        (("--as", "cron", "--keytab", "nowhere"), "nowhere can't be looked at"),
        (("--as", "cron", "--keytab", "watch.keytab", "--every", "7m"), "divide an hour"),
        (("--as", "cron", "--keytab", "watch.keytab", "--name", "Ä"), "no name of a schedule"),
        (SYSTEMD, "temporary folder"),
        (
            ("--as", "cron", "--keytab", "watch.keytab", "--metrics-file", "x.txt"),
            "files that end in .prom",
        ),
        (
            ("--as", "cron", "--keytab", "watch.keytab", "--notify-config", "nowhere"),
            "nowhere can't be looked at",
        ),
    ],
)
def test_what_can_not_work_is_refused(desk: Desk, words: tuple[str, ...], sentence: str) -> None:
    """One sentence with a cure, exit code 64, nothing written, and no secret repeated."""
    done = desk.install(*words, "--out", "out")

    assert done.returncode == Exit.USAGE
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    assert not (desk.folder / "out").exists()


def test_a_keytab_that_others_may_read_is_refused(desk: Desk) -> None:
    """The cure is a command to copy."""
    (desk.folder / "watch.keytab").chmod(0o644)
    done = desk.install("--as", "cron", "--keytab", "watch.keytab", "--out", "out")

    assert done.returncode == Exit.USAGE
    assert f"chmod 600 '{desk.folder}/watch.keytab'" in done.stderr


def test_a_mistake_in_the_playbook_is_found_now(desk: Desk) -> None:
    """Not at night, by a pass that nobody watches."""
    (desk.folder / BOOK).write_text("name: [\n")
    done = desk.install("--as", "cron", "--keytab", "watch.keytab", "--out", "out")

    assert done.returncode == Exit.ERROR
    assert f"{BOOK}:" in done.stderr


@pytest.mark.parametrize("command", [("show",), ("remove", "x")])
def test_no_cluster_is_spoken_to(desk: Desk, command: tuple[str, ...]) -> None:
    """Looking and taking away is kubectl's business."""
    done = desk.orchestrate("schedule", *command, "--as", "kubernetes")

    assert done.returncode == Exit.USAGE
    assert "kubectl" in done.stderr
