"""Metrics as Prometheus reads them: the text, a file for the node exporter, a page to be asked."""

import os
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from ipsec_orchestrator.errors import MetricsError, UsageError
from ipsec_orchestrator.model.metrics import Metric

SUFFIX: Final = ".prom"
# The node exporter runs as another user, and reads only.
_MODE: Final = 0o644


class ShownMetrics(Collector):
    """What is shown at the moment; replaced as a whole, so that no reader sees half of it."""

    def __init__(self, metrics: Iterable[Metric] = ()) -> None:
        self._metrics = tuple(metrics)

    def show(self, metrics: Iterable[Metric]) -> None:
        """Show these from now on."""
        self._metrics = tuple(metrics)

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        for metric in self._metrics:
            if not metric.samples:
                continue
            names = [name for name, _ in metric.samples[0].labels]
            family = GaugeMetricFamily(metric.name, metric.help, labels=names)
            for sample in metric.samples:
                family.add_metric([value for _, value in sample.labels], sample.value)
            yield family


def exposition(metrics: Iterable[Metric]) -> bytes:
    """Give the text format of Prometheus."""
    return generate_latest(_registry(ShownMetrics(metrics)))


def write_metrics_file(path: Path, metrics: Iterable[Metric]) -> None:
    """Replace a file for the textfile collector of the node exporter, whole or not at all.

    Raises:
        MetricsError: It can't be written.
    """
    try:
        # Beside it, and not called .prom: else the node exporter would read it half written.
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(exposition(metrics))
            Path(name).chmod(_MODE)
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise MetricsError(f"{path} can't be written: {error.strerror}.") from error


def check_metrics_file(path: Path) -> None:
    """Refuse a name that the node exporter does not read.

    Raises:
        UsageError: It does not end in ``.prom``, or its folder is not there.
    """
    if path.suffix != SUFFIX:
        raise UsageError(
            f"--metrics-file: the node exporter reads only files that end in {SUFFIX}.",
            cure=f"Call it {path.with_suffix(SUFFIX)}",
        )
    if not path.parent.is_dir():
        raise UsageError(
            f"--metrics-file: there is no folder {path.parent}.",
            cure="Name the folder that node_exporter has in --collector.textfile.directory.",
        )


@contextmanager
def metrics_page(address: str, port: int) -> Generator[ShownMetrics]:
    """Answer whoever asks for the metrics while the block runs.

    Args:
        address: Where to listen.
        port: Likewise.

    Raises:
        UsageError: Nobody can listen there.
    """
    shown = ShownMetrics()
    try:
        server, thread = start_http_server(port, address, _registry(shown))
    except OSError as error:
        raise UsageError(
            f"--metrics-port: nobody can listen on {address}:{port}: {error.strerror}.",
            cure="Choose another port, or an address of this machine.",
        ) from error
    try:
        yield shown
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _registry(collector: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry
