"""Several checks of one plan, and all that they find told at once."""

from types import TracebackType

from ipsec_orchestrator.errors import StalePlanError, StaleValue


class Gathered:
    """Catches what every single check finds, so that all of it is told at once."""

    def __init__(self) -> None:
        self._found: list[StaleValue] = []

    def __enter__(self) -> None:
        """Begin one check."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """End it; anything but a stale plan goes on."""
        if not isinstance(error, StalePlanError):
            return False
        self._found.extend(error.differences)
        return True

    def tell(self) -> None:
        """Raise what was found, if anything was.

        Raises:
            StalePlanError: Something was.
        """
        if self._found:
            raise StalePlanError.of(self._found)
