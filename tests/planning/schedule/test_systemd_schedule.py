"""systemd units, held against systemd itself: ``systemd-analyze`` reads them and says what it read.

With its log level at debug ``verify`` prints every unit as it understood it, specifiers expanded.
"""

import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsec_orchestrator.model.schedule import Schedule, SchedulerKind, UnattendedSource
from ipsec_orchestrator.planning.schedule.command import pass_arguments
from ipsec_orchestrator.planning.schedule.systemd import systemd_files
from tests.lacking import lacking
from tests.schedule_words import WORDS


@pytest.fixture(autouse=True)
def _systemd() -> None:
    if shutil.which("systemd-analyze") is None:
        lacking("there is no systemd-analyze (Debian package systemd)")


def analyze(
    *words: str | Path, debug: bool = False, runtime: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the program; its output is never localized.

    With ``runtime`` it is the manager of a user whose runtime folder that is.
    """
    return subprocess.run(
        ["systemd-analyze", "--man=no", *(["--user"] if runtime else []), *map(str, words)],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "SYSTEMD_LOG_LEVEL": "debug" if debug else "info",
            "LC_ALL": "C.UTF-8",
            "XDG_RUNTIME_DIR": runtime,
        },
        timeout=60,
        check=False,
    )


def written(schedule: Schedule, folder: Path) -> tuple[Path, Path]:
    """Write both units."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in systemd_files(schedule):
        (folder / file.name).write_text(file.text, encoding="utf-8")
    return folder / f"{schedule.name}.service", folder / f"{schedule.name}.timer"


def understood(unit: Path) -> dict[str, str]:
    """What systemd made of a unit: the properties that it prints, by name."""
    said = analyze("verify", unit, debug=True).stdout
    mine = said.partition(f"-> Unit {unit.name}:")[2].partition("\n\t-> Unit ")[0]
    return dict(re.findall(r"^\t+([A-Za-z ]+): (.*)$", mine, re.MULTILINE))


def command_line(unit: Path) -> list[str]:
    """The words that would be run, of which a shell undoes the quoting of the output.

    What is left is ``$$``, which systemd turns into a dollar sign when it starts the service
    (systemd.service(5)); a dollar sign alone would be a variable.
    """
    line = understood(unit)["Command Line"]
    shell = ["/bin/sh", "-c", f"printf '%s\\0' {line}"]
    words = subprocess.run(shell, capture_output=True, check=True).stdout.decode().split("\0")[:-1]
    assert not [word for word in words if "$" in word.replace("$$", "")]
    return [word.replace("$$", "$") for word in words]


KINDS: dict[str, dict[str, object]] = {
    "system": {},
    "as somebody, in a home": {
        "run_as": "root",
        "playbook": "/root/ä b/100%.yml",
        "state": "/root/st ate%n",
    },
    "state elsewhere below /var/lib": {"run_as": "root", "state": "/var/lib/ours/%n x"},
    "encrypted": {"encrypted": True, "source": UnattendedSource.PASSWORD_FILE, "user": "svc"},
    "told and measured": {
        "notify_config": "/etc/n%t ä.yml",
        "metrics_file": "/var/lib/a b/%n.prom",
        "event_logs": ("journald", "ecs:/var/log/c d/%n.json"),
    },
    "environment file": {
        "source": UnattendedSource.ENVIRONMENT_FILE,
        "source_place": "/etc/en v%t",
    },
    "of a user": {"kind": SchedulerKind.SYSTEMD_USER, "user": r"CORP\sv%c"},
    "often": {"every_seconds": 60},
    "daily": {"every_seconds": 86_400},
}


@pytest.mark.parametrize("changes", KINDS.values(), ids=KINDS)
def test_systemd_finds_nothing_wrong(
    schedule: Schedule,
    changes: dict[str, object],
    tmp_path: Path,
) -> None:
    """``systemd-analyze verify`` accepts both units without a word."""
    made = replace(schedule, **changes)  # type: ignore[arg-type]  # each of its field's type
    runtime = str(tmp_path) if made.kind is SchedulerKind.SYSTEMD_USER else ""
    found = analyze("verify", *written(made, tmp_path), runtime=runtime)

    assert found.returncode == 0
    assert not [line for line in found.stderr.splitlines() if made.name in line]


def test_verify_sees_what_is_wrong(schedule: Schedule, tmp_path: Path) -> None:
    """An unknown program or a directive with a mistake would have been told."""
    service, timer = written(replace(schedule, program=("/nowhere/python",)), tmp_path)
    timer.write_text(timer.read_text().replace("OnCalendar=*", "OnCalendar=never"))
    found = analyze("verify", service, timer)

    assert "/nowhere/python" in found.stderr
    assert "calendar specification" in found.stderr


@settings(max_examples=60)
@given(words=st.lists(WORDS, min_size=4, max_size=4))
def test_systemd_reads_the_arguments_that_were_meant(
    words: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Blanks, quotes, backslashes, percent and dollar signs all come out as they went in."""
    playbook, inventory, limit, state = words
    made = Schedule(
        name="ipsec-x",
        kind=SchedulerKind.SYSTEMD,
        program=("/usr/bin/env",),
        playbook=f"/etc/{playbook}",
        inventory=(f"/etc/{inventory}",),
        limit=limit,
        state=f"/srv/{state}",
        run_as="root",
        every_seconds=1800,
    )
    service, _ = written(made, tmp_path_factory.mktemp("units"))

    assert command_line(service) == list(pass_arguments(made))


@settings(max_examples=40)
@given(word=WORDS)
def test_variables_and_folders_come_out_as_meant(
    word: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In the places that know no variables, a dollar sign is one and a percent sign as well."""
    made = Schedule(
        name="ipsec-x",
        kind=SchedulerKind.SYSTEMD,
        program=("/usr/bin/env",),
        playbook="/etc/p.yml",
        inventory=("/etc/i",),
        every_seconds=1800,
        user=word,
        metrics_file=f"/srv/a{word.replace('/', '')}b/x.prom",
        event_logs=("syslog", f"ecs:/srv/c{word.replace('/', '')}d/x.json"),
    )
    found = understood(written(made, tmp_path_factory.mktemp("units"))[0])

    assert found["Environment"] == f"IPSEC_ORCHESTRATOR_USER={word}"
    plain = word.replace("/", "")
    assert found["ReadWritePaths"] == f"/srv/a{plain}b /srv/c{plain}d"


def test_the_service_is_confined(schedule: Schedule, tmp_path: Path) -> None:
    """Systemd's own measure of exposure, from 0 to 100, stays low; without it is near the top."""
    service, _ = written(schedule, tmp_path)
    confined = analyze("security", "--offline=yes", "--threshold=20", service)
    bare = tmp_path / "bare.service"
    bare.write_text("[Service]\nExecStart=/usr/bin/env\n")

    assert confined.returncode == 0, confined.stdout[-300:]
    assert analyze("security", "--offline=yes", "--threshold=80", bare).returncode != 0


def test_homes_are_hidden_unless_something_lies_there(schedule: Schedule, tmp_path: Path) -> None:
    """A playbook in a home can be read, and nothing there can be written."""
    elsewhere = understood(written(schedule, tmp_path)[0])
    there = replace(schedule, playbook="/home/alice/p.yml", run_as="root")

    assert elsewhere["ProtectHome"] == "yes"
    assert understood(written(there, tmp_path / "there")[0])["ProtectHome"] == "read-only"


def test_credentials_are_handed_over_by_systemd(schedule: Schedule) -> None:
    """Neither the keytab nor the addresses of people stand in the command line, only folders."""
    made = replace(schedule, notify_config="/etc/notify.yml")
    service = systemd_files(made)[0].text
    (line,) = re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)

    assert (
        "LoadCredential=ipsec-orchestrator.keytab:/etc/ipsec-orchestrator/watch.keytab" in service
    )
    assert "LoadCredential=ipsec-orchestrator.notify:/etc/notify.yml" in service
    assert "keytab" not in line
    assert '"--notify-config=credential:ipsec-orchestrator.notify"' in line


@pytest.mark.parametrize("minutes", [1, 5, 20, 30, 60, 120, 480, 1440])
def test_the_calendar_has_equal_distances(schedule: Schedule, minutes: int, tmp_path: Path) -> None:
    """Systemd itself says when it is due: always so many minutes later, over a day's end too."""
    _, timer = written(replace(schedule, every_seconds=minutes * 60), tmp_path)
    (calendar,) = re.findall(r"^OnCalendar=(.*)$", timer.read_text(), re.MULTILINE)
    found = analyze("calendar", "--iterations=40", "--base-time=2026-03-28 00:30:00 UTC", calendar)
    times = re.findall(
        r"^ *(?:Next elapse|Iter\w*\. #\d+): \w+ ([\d-]+ [\d:]+) UTC", found.stdout, re.MULTILINE
    )

    assert len(times) == 40, found.stdout
    assert {_minutes(a, b) for a, b in pairwise(times)} == {minutes}


def _minutes(earlier: str, later: str) -> int:
    span = datetime.fromisoformat(later) - datetime.fromisoformat(earlier)
    return int(span.total_seconds()) // 60
