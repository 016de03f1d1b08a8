"""Ways to people and to the logs of the system, and the record of what each of them was told."""

from collections.abc import Mapping
from typing import Protocol

from ipsec_orchestrator.model.news import Announcement


class Channel(Protocol):
    """One way. It may be told the same twice, if it failed in the middle of the first time."""

    @property
    def key(self) -> str:
        """Name it in the record of what was told: the same in every pass, and no secret."""
        ...

    @property
    def title(self) -> str:
        """Name it for people, without anything secret."""
        ...

    def tell(self, announcement: Announcement) -> None:
        """Deliver it, within a bounded time.

        Raises:
            ChannelError: It was not delivered, or not all of it.
        """
        ...


class ToldRecord(Protocol):
    """Up to which pass each channel was told; on the disk."""

    def read(self, playbook: str, domain: str) -> Mapping[str, str]:
        """Give the id of the last pass whose news were told, by key of the channel.

        A record that is damaged counts as none.

        Raises:
            BackendError: It is there, but can't be read.
        """
        ...

    def write(self, playbook: str, domain: str, told: Mapping[str, str]) -> None:
        """Replace it.

        Raises:
            BackendError: It can't be written.
        """
        ...
