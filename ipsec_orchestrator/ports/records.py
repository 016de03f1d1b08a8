"""DNS as the workstation sees it: the service records that a domain lives by."""

from typing import Protocol


class ServiceRecords(Protocol):
    """Asks the DNS server that a run would use."""

    def hosts_of(self, name: str) -> tuple[str, ...]:
        """Give the hosts of an SRV record, best first; empty if there is no such record.

        Raises:
            HostUnreachableError: No DNS server answers.
        """
        ...
