"""After a pass: people and logs are told what is new, and metrics are shown."""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ipsec_orchestrator import __version__
from ipsec_orchestrator.adapters.confirmation_folder import ConfirmationFolder
from ipsec_orchestrator.adapters.told_folder import ToldFolder
from ipsec_orchestrator.app.channels import open_channels
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.tell_people import Channels, tell_people
from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.model.watch import WatchPass
from ipsec_orchestrator.ports import Channel, Passes
from ipsec_orchestrator.report.news.words import WhereToLook
from ipsec_orchestrator.report.watch_metrics import watch_metrics

if TYPE_CHECKING:
    from ipsec_orchestrator.adapters.monitoring.exposition import ShownMetrics

# What is older changes neither what is known now nor the numbers of the last day.
_LOOK_BACK: Final = timedelta(days=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is to hear of passes, as the command line names them.

    Attributes:
        notify_source: Where the receivers stand; ``None`` for the environment, or nobody.
        event_logs: Logs, as ``--event-log`` names them.
        metrics_file: File for the node exporter.
        metrics_page: Address and port to answer at.
    """

    notify_source: str | None = None
    event_logs: tuple[str, ...] = ()
    metrics_file: Path | None = None
    metrics_page: tuple[str, int] | None = None


NOBODY: Final = Audience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Open ways to everybody.

    Attributes:
        ways: To people and logs.
        metrics_file: File for the node exporter.
        page: What is shown to whoever asks.
        place: The state folder.
        look: What the commands need that news end with.
    """

    ways: tuple[Channel, ...]
    metrics_file: Path | None
    page: "ShownMetrics | None"
    place: StatePlace
    look: WhereToLook

    def publish(self, done: WatchPass, passes: Passes) -> tuple[str, ...]:
        """Tell what a pass has changed, then show the metrics.

        Args:
            done: The pass that has just ended and is recorded.
            passes: The record of all.

        Returns:
            What did not go well, a sentence each; nothing of it makes the pass fail.
        """
        if not self.ways and self.metrics_file is None and self.page is None:
            return ()
        try:
            earlier = _earlier(done, passes, since=done.started - _LOOK_BACK)
        except OrchestratorError as error:
            return (str(error),)
        channels = Channels(ways=self.ways, told=ToldFolder(self.place.told), look=self.look)
        failed = tell_people(earlier, done, channels)
        if self.metrics_file is None and self.page is None:
            return failed
        return (*failed, *self._show(earlier, done, undelivered=len(failed)))

    def _show(
        self, earlier: tuple[WatchPass, ...], done: WatchPass, *, undelivered: int
    ) -> tuple[str, ...]:
        from ipsec_orchestrator.adapters.monitoring.exposition import (  # noqa: PLC0415 - lazy
            write_metrics_file,
        )

        metrics = watch_metrics(
            earlier,
            done,
            pending=ConfirmationFolder(self.place.confirmations).all(),
            undelivered=undelivered,
            version=__version__,
        )
        if self.page is not None:
            self.page.show(metrics)
        if self.metrics_file is not None:
            try:
                write_metrics_file(self.metrics_file, metrics)
            except OrchestratorError as error:
                return (str(error),)
        return ()


def _earlier(done: WatchPass, passes: Passes, *, since: datetime) -> tuple[WatchPass, ...]:
    """Give the passes before; those of a watch that was silent for long, however old they are."""
    recent = passes.passes(playbook=done.playbook, domain=done.domain, since=since)
    if any(each.pass_id < done.pass_id for each in recent):
        return recent
    return passes.passes(playbook=done.playbook, domain=done.domain)


@contextmanager
def publishing(
    audience: Audience, place: StatePlace, look: WhereToLook, variables: Mapping[str, str]
) -> Generator[Publisher]:
    """Open the ways to everybody while the block runs; nothing is sent yet.

    Raises:
        UsageError: What is named can't be used.
        MissingDependencyError: A package of an extra is missing.
    """
    with ExitStack() as stack:
        page = None
        if audience.metrics_file is not None or audience.metrics_page is not None:
            from ipsec_orchestrator.adapters.monitoring.exposition import (  # noqa: PLC0415 - lazy
                check_metrics_file,
                metrics_page,
            )

            if audience.metrics_file is not None:
                check_metrics_file(audience.metrics_file)
            if audience.metrics_page is not None:
                page = stack.enter_context(metrics_page(*audience.metrics_page))
        yield Publisher(
            ways=open_channels(audience.notify_source, audience.event_logs, variables),
            metrics_file=audience.metrics_file,
            page=page,
            place=place,
            look=look,
        )
