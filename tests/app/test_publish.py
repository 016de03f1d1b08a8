"""After a pass that is recorded: news to channels, metrics to files and pages, and no failure."""

import json
import socket
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ipsec_orchestrator.adapters.confirmation_folder import ConfirmationFolder
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.pass_store import pass_store
from ipsec_orchestrator.app.publish import Audience, publishing
from ipsec_orchestrator.errors import NotifyFileError, UsageError
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.watch import WatchPass
from ipsec_orchestrator.report.news.words import WhereToLook
from tests.watch_passes import DOMAIN, FIRST, PLAYBOOK, difference, watch_pass

LOOK = WhereToLook(playbook_file="p.yml")


def recorded(place: StatePlace, done: WatchPass) -> WatchPass:
    """Record a pass as the watch does, and give it with its id."""
    passes = pass_store(place)
    with passes.begin(done.playbook, done.domain, done.started) as log:
        log.end(done)
        pass_id = log.pass_id
    return next(each for each in passes.passes() if each.pass_id == pass_id)


def published(place: StatePlace, audience: Audience, done: WatchPass) -> tuple[str, ...]:
    """Publish it as a process of its own would."""
    with publishing(audience, place, LOOK, {}) as publisher:
        return publisher.publish(recorded(place, done), pass_store(place))


def numbers(content: bytes) -> dict[str, float]:
    """Give the sum of every metric."""
    return {
        family.name: sum(each.value for each in family.samples)
        for family in text_string_to_metric_families(content.decode())
    }


def test_each_change_is_told_once_and_metrics_follow_every_pass(tmp_path: Path) -> None:
    """From one process to the next, by what lies in the state folder."""
    place = StatePlace(folder=tmp_path / "state")
    log, metrics = tmp_path / "log.json", tmp_path / "watch.prom"
    audience = Audience(event_logs=(f"ecs:{log}",), metrics_file=metrics)
    ended: list[float] = []
    for number in range(4):
        differences = [difference()] if number in {1, 2} else []
        assert published(place, audience, watch_pass(number, differences=differences)) == ()
        ended.append(
            numbers(metrics.read_bytes())["ipsec_watch_pass_ended_timestamp_seconds"]
            - FIRST.timestamp()
        )

    actions = [
        json.loads(line)["event.action"] for line in log.read_text(encoding="utf-8").splitlines()
    ]
    assert actions == ["difference-found", "difference-gone", "all-clean"]
    assert ended == [12, 1812, 3612, 5412]


def test_a_watch_that_was_silent_for_months_tells_what_changed_since(tmp_path: Path) -> None:
    """What differed before it is not new."""
    place = StatePlace(folder=tmp_path / "state")
    log = tmp_path / "log.json"
    audience = Audience(event_logs=(f"ecs:{log}",))
    known, another = difference(), difference(field="mirrored")
    published(place, audience, watch_pass(0, differences=[known]))
    log.unlink()
    published(place, audience, watch_pass(48 * 90, differences=[known, another]))

    (line,) = log.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["labels"]["field"] == "mirrored"


def test_what_fails_is_said_and_counted_and_everything_else_goes_on(tmp_path: Path) -> None:
    """A log that is not there does not keep the metrics from being written."""
    place = StatePlace(folder=tmp_path / "state")
    metrics = tmp_path / "watch.prom"
    audience = Audience(
        event_logs=(f"ecs:{tmp_path}/none/log.json", f"ecs:{tmp_path}/log.json"),
        metrics_file=metrics,
    )
    (failed,) = published(place, audience, watch_pass(0, differences=[difference()]))

    assert "none/log.json could not be told" in failed
    assert (tmp_path / "log.json").exists()
    assert numbers(metrics.read_bytes())["ipsec_watch_undelivered_channels"] == 1


def test_metrics_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    """The pass is none the worse."""
    place = StatePlace(folder=tmp_path / "state")
    folder = tmp_path / "watch.prom"
    folder.mkdir()
    (failed,) = published(place, Audience(metrics_file=folder), watch_pass(0))

    assert "watch.prom can't be written" in failed


def test_the_deadline_of_a_pending_confirmation_is_a_metric(tmp_path: Path) -> None:
    """It is read from the state folder."""
    place = StatePlace(folder=tmp_path / "state")
    deadline = FIRST + timedelta(minutes=15)
    ConfirmationFolder(place.confirmations).put(
        PendingConfirmation(
            run_id="run-a", playbook=PLAYBOOK, domain=DOMAIN, deadline=deadline, hosts=("vm1",)
        )
    )
    published(place, Audience(metrics_file=tmp_path / "watch.prom"), watch_pass(0))

    found = numbers((tmp_path / "watch.prom").read_bytes())
    name = "ipsec_watch_confirmation_deadline_timestamp_seconds"
    assert found[name] == deadline.timestamp()


def test_the_page_shows_each_pass(tmp_path: Path) -> None:
    """Nobody has to be told for that."""
    place = StatePlace(folder=tmp_path / "state")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with publishing(Audience(metrics_page=("127.0.0.1", port)), place, LOOK, {}) as publisher:
        done = recorded(place, watch_pass(0, differences=[difference()]))
        assert publisher.publish(done, pass_store(place)) == ()
        address = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(address, timeout=10) as answer:
            found = numbers(answer.read())

    assert found["ipsec_watch_differences"] == 1


def test_who_names_nobody_reads_and_writes_nothing(tmp_path: Path) -> None:
    """A watch without these options costs nothing more."""
    place = StatePlace(folder=tmp_path / "state")
    with publishing(Audience(), place, LOOK, {}) as publisher:
        assert publisher.publish(watch_pass(0), pass_store(place)) == ()

    assert not place.folder.exists()


@pytest.mark.parametrize(
    ("audience", "words"),
    [
        (Audience(notify_source="/nonexistent/notify.conf"), "can't be read"),
        (Audience(event_logs=("nonsense",)), "no such log"),
        (Audience(metrics_file=Path("watch.txt")), "reads only files"),
    ],
)
def test_what_cannot_be_used_is_said_before_the_first_pass(
    audience: Audience, words: str, tmp_path: Path
) -> None:
    """It is a wrong usage, with a cure."""
    with (
        pytest.raises((UsageError, NotifyFileError), match=words),
        publishing(audience, StatePlace(folder=tmp_path), LOOK, {}),
    ):
        pytest.fail("nothing can be published there")
