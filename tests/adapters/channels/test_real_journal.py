"""systemd's own journal takes the entries and finds them again by their fields."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ipsec_orchestrator.adapters.channels.journald import Journald
from ipsec_orchestrator.model.news import EventKind, message_id
from ipsec_orchestrator.report.news.changes import news_of
from ipsec_orchestrator.report.news.words import WhereToLook, announcement_of
from tests.lacking import lacking
from tests.watch_passes import difference, watch_pass

JOURNALD: Final = Path("/lib/systemd/systemd-journald")
# An instance of its own: it takes no messages of the kernel, and is not the machine's journal.
NAMESPACE: Final = "ipsectest"


@contextmanager
def journal(run: Path) -> Iterator[Path]:
    """Run the daemon with a folder for /run, and give the socket that it listens on."""
    socket = run / "systemd" / f"journal.{NAMESPACE}" / "socket"
    # Its folder for /run is seen by it alone.
    script = 'mount --bind "$1" /run && exec "$2" "$3"'
    daemon = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", script, "sh", run, JOURNALD, NAMESPACE],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            if socket.exists() or daemon.poll() is not None:
                break
            time.sleep(0.1)
        assert socket.exists(), "journald did not begin to listen"
        yield socket
    finally:
        daemon.terminate()
        daemon.wait(timeout=30)


def entries(run: Path, *matches: str) -> list[dict[str, Any]]:
    """Ask the journal's own reader; all entries that match."""
    done = subprocess.run(
        ["journalctl", "--file", f"{run}/log/journal/*/*.journal", "--output", "json", *matches],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,  # before the first entry there is no file
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_real_journal_finds_events_by_id_and_field(tmp_path: Path) -> None:
    """What journalctl shows is what was told, with a long value and one that is not ASCII."""
    if os.geteuid() != 0 or not JOURNALD.exists() or shutil.which("unshare") is None:
        lacking("systemd-journald (Debian package systemd) is started by root in a namespace")
    (tmp_path / "log" / "journal").mkdir(parents=True)
    settings = tmp_path / "systemd" / f"journald@{NAMESPACE}.conf.d"
    settings.mkdir(parents=True)
    (settings / "here.conf").write_text("[Journal]\nStorage=volatile\n", encoding="utf-8")
    odd = difference(name="Regel für \N{GREEK SMALL LETTER ALPHA}", found="x" * 5000)
    passes = [watch_pass(0), watch_pass(1, differences=[odd], alarms=("vm1 fights back.",))]
    announcement = announcement_of(news_of(passes)[0], WhereToLook(playbook_file="p.yml"))
    with journal(tmp_path) as socket:
        Journald(socket).tell(announcement)
        wanted = f"MESSAGE_ID={message_id(EventKind.DIFFERENCE_FOUND)}"
        for _ in range(300):
            if entries(tmp_path, wanted):
                break
            time.sleep(0.1)

        (found,) = entries(tmp_path, wanted)
        (alarm,) = entries(tmp_path, "IPSEC_EVENT=alarm-raised")

    assert found["IPSEC_NAME"] == "Regel für \N{GREEK SMALL LETTER ALPHA}"
    assert found["IPSEC_FOUND"] == "x" * 297 + "..."
    assert found["PRIORITY"] == "4"
    assert alarm["MESSAGE"] == "Alarm: vm1 fights back."
    assert alarm["SYSLOG_IDENTIFIER"] == "ipsec_orchestrator"
