"""The metrics as Prometheus reads them, judged by its own tools."""

import os
import socket
import threading
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ipsec_orchestrator.adapters.monitoring.exposition import (
    check_metrics_file,
    exposition,
    metrics_page,
    write_metrics_file,
)
from ipsec_orchestrator.errors import MetricsError, UsageError
from ipsec_orchestrator.model.metrics import Metric, Sample
from ipsec_orchestrator.report.watch_metrics import watch_metrics
from tests.promtool import promtool
from tests.watch_passes import difference, unread, watch_pass

HOSTILE = 'vm"1\\n{a="b"} 1\nipsec_watch_alarms 9'


def metrics(name: str = "vm1") -> tuple[Metric, ...]:
    """Give the metrics of a pass with a difference and a silent host."""
    return watch_metrics(
        [watch_pass(0)],
        watch_pass(1, differences=[difference()], unknown=[unread(name)]),
        version="0.1.0",
    )


def parsed(content: bytes) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Read a page of metrics."""
    return {
        family.name: [(dict(each.labels), each.value) for each in family.samples]
        for family in text_string_to_metric_families(content.decode())
    }


def test_promtool_finds_nothing_to_complain_about() -> None:
    """Names, units and help are as Prometheus wants them."""
    done = promtool("check", "metrics", stdin=exposition(metrics(HOSTILE)))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@given(st.text(min_size=1, max_size=50))
def test_any_name_is_one_value_of_one_label(name: str) -> None:
    """A name of others adds no series, no label and no line."""
    plain, hostile = parsed(exposition(metrics())), parsed(exposition(metrics(name)))

    assert plain.keys() == hostile.keys()
    ((labels, value),) = hostile["ipsec_watch_host_trouble"]
    assert set(labels) == {"playbook", "domain", "host", "state"}
    assert value == 1.0


def test_a_hostile_name_forges_no_metric() -> None:
    """What looks like another metric in it stays in its label."""
    found = parsed(exposition(metrics(HOSTILE)))

    assert [value for _, value in found["ipsec_watch_alarms"]] == [0.0]


def test_the_file_is_whole_and_readable_for_the_node_exporter(tmp_path: Path) -> None:
    """It replaces the old one, others may read it, and nothing else is left in the folder."""
    path = tmp_path / "ipsec.prom"
    umask = os.umask(0o077)
    try:
        write_metrics_file(path, [])
        write_metrics_file(path, metrics())
    finally:
        os.umask(umask)

    assert path.read_bytes() == exposition(metrics())
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_nobody_reads_half_a_file(tmp_path: Path) -> None:
    """Whoever reads while it is written gets the one or the other."""
    path = tmp_path / "ipsec.prom"
    pages = [metrics(), metrics("another")]
    whole = {exposition(page) for page in pages}
    write_metrics_file(path, pages[0])
    over = threading.Event()

    def write() -> None:
        for number in range(200):
            write_metrics_file(path, pages[number % 2])
        over.set()

    thread = threading.Thread(target=write)
    thread.start()
    seen = {path.read_bytes()}
    while not over.is_set():
        seen.add(path.read_bytes())
    thread.join()

    assert seen <= whole


def test_a_file_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    """The old one stays, and nothing is left beside it."""
    folder = tmp_path / "ipsec.prom"
    folder.mkdir()
    with pytest.raises(MetricsError, match=r"ipsec\.prom can't be written"):
        write_metrics_file(folder, metrics())
    with pytest.raises(MetricsError):
        write_metrics_file(tmp_path / "none" / "a.prom", metrics())

    assert list(tmp_path.iterdir()) == [folder]


def test_a_name_that_is_never_read_is_refused(tmp_path: Path) -> None:
    """The cure has the right one."""
    with pytest.raises(UsageError, match=r"Call it .*watch\.prom"):
        check_metrics_file(tmp_path / "watch.txt")
    with pytest.raises(UsageError, match="there is no folder"):
        check_metrics_file(tmp_path / "none" / "watch.prom")
    check_metrics_file(tmp_path / "watch.prom")


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def asked(port: int) -> bytes:
    """Ask for the metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        content: bytes = answer.read()
        return content


def test_the_page_shows_the_metrics_of_the_last_pass() -> None:
    """Nothing before the first, and nobody listens when the watch is over."""
    port = free_port()
    with metrics_page("127.0.0.1", port) as page:
        assert asked(port) == b""
        page.show(metrics())
        assert asked(port) == exposition(metrics())
        page.show([Metric(name="a", help="b", samples=(Sample(value=1.0),))])
        assert parsed(asked(port)) == {"a": [({}, 1.0)]}
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_a_port_that_is_taken_is_a_wrong_usage() -> None:
    """The sentence names it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"127.0.0.1:{port}"), metrics_page("127.0.0.1", port):
            pytest.fail("nobody can listen there")
