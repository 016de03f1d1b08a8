"""Many hosts at once, by threads of one process."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

from typing_extensions import override

from ipsec_orchestrator.ports.runner import Item, Result, Runner


class ThreadRunner(Runner):
    """Runs up to ``threads`` pieces of work at a time."""

    def __init__(self, *, threads: int = 50) -> None:
        self._threads = threads

    @override
    def each(
        self,
        work: Callable[[Item], Result],
        items: Iterable[Item],
    ) -> Iterator[tuple[Item, Result]]:
        waiting = list(items)
        if not waiting:
            return
        pool = ThreadPoolExecutor(max_workers=min(self._threads, len(waiting)))
        try:
            futures = {pool.submit(work, item): item for item in waiting}
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            # Left early (an exception, Ctrl-C): what has not begun never begins. What has begun
            # ends by its own deadline; nobody waits for it here.
            pool.shutdown(wait=False, cancel_futures=True)
