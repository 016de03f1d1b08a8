"""Where the DC is and how to speak to it, as one value."""

from dataclasses import dataclass, field

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.model.inventory import LdapSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A DC to speak LDAP with.

    Attributes:
        fqdn: Its DNS name: for the ticket (``ldap/fqdn``), the certificate, and messages.
        settings: Transport, authentication, port, CA file, durations. Its ``server`` and
            ``address`` are the locator's business and not looked at here: the DC may be another.
        credential: Who we are.
        address: Where to connect; ``None`` leaves it to the name.
    """

    fqdn: str
    credential: Credential
    settings: LdapSettings = field(default_factory=LdapSettings)
    address: str | None = None

    @property
    def connect_to(self) -> str:
        """Address or name for the TCP connection."""
        return self.address or self.fqdn
