"""The domain as a whole: create, start, stop, reset, destroy."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from pathlib import Path

from ipsec_orchestrator.errors import LabNotFoundError, MissingDependencyError
from ipsec_orchestrator.lab.domain.accounts import fill_domain
from ipsec_orchestrator.lab.domain.certificates import issue_certificates
from ipsec_orchestrator.lab.domain.claim import release_layout
from ipsec_orchestrator.lab.domain.kerberos import renew_admin_ticket, write_krb5_conf
from ipsec_orchestrator.lab.domain.layout import (
    ADMINISTRATOR,
    DC_NAME,
    DNS_DOMAIN,
    DOMAIN_DN,
    NETBIOS_DOMAIN,
    REALM,
    DomainHost,
    LabLayout,
)
from ipsec_orchestrator.lab.domain.ntlm_users import write_ntlm_users
from ipsec_orchestrator.lab.domain.prerequisites import missing_prerequisites
from ipsec_orchestrator.lab.domain.private_files import write_file
from ipsec_orchestrator.lab.domain.provision import copy_domain, provision_domain
from ipsec_orchestrator.lab.domain.server import SambaServer, server_process, stop_server_of
from ipsec_orchestrator.lab.domain.template import provision_from_template
from ipsec_orchestrator.model.secret import Secret

Progress = Callable[[str], None]


def _no_progress(_text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFacts:
    """What a client has to know about the domain."""

    realm: str
    dns_domain: str
    netbios_domain: str
    domain_dn: str
    dc_fqdn: str
    dc_address: IPv4Address
    ldap_port: int
    ldaps_port: int
    admin_user: str
    ca_file: Path
    krb5_conf: Path
    ccache: Path


class Domain:
    """A provisioned domain and, while it runs, its server.

    The server is a child of the process that called ``start`` and ends with it.
    """

    def __init__(self, layout: LabLayout, hosts: Sequence[DomainHost]) -> None:
        self.layout = layout
        self.hosts = tuple(hosts)
        self._server = SambaServer(layout)

    @classmethod
    def create(
        cls,
        layout: LabLayout,
        hosts: Sequence[DomainHost],
        *,
        cache_dir: Path | None = None,
        on_progress: Progress = _no_progress,
    ) -> "Domain":
        """Provision a new domain in place of whatever the lab's folder has of an older one.

        Args:
            layout: The lab, with its network claimed.
            hosts: All simulated hosts; each but ``dc1`` gets a computer account in its unit.
            cache_dir: Where empty domains are kept for the next time; without it one is made anew.
            on_progress: Called with a short sentence at the begin of each part.

        Raises:
            MissingDependencyError: This machine lacks something; the cure says what.
            LabProgramError: One of Samba's programs failed.
        """
        missing = missing_prerequisites(layout.root)
        if missing:
            raise MissingDependencyError(
                "The embedded domain can't run here: "
                + " ".join(prerequisite.sentence for prerequisite in missing),
                cure=" ".join(dict.fromkeys(prerequisite.cure for prerequisite in missing)),
            )
        stop_server_of(layout)
        for leftover in (layout.samba_dir, layout.pristine_dir):
            if leftover.exists():
                shutil.rmtree(leftover)
        on_progress("issue certificates")
        issue_certificates(layout, hosts)
        write_krb5_conf(layout)
        write_hosts_file(layout, hosts)
        on_progress(f"provision the domain {DNS_DOMAIN}")
        is_copy = False
        if cache_dir is None:
            provision_domain(layout)
        else:
            is_copy = provision_from_template(layout, cache_dir)
        on_progress(f"create {len(hosts)} computer accounts")
        fill_domain(layout, hosts, new_keys=is_copy)
        write_ntlm_users(layout)
        copy_domain(layout.samba_dir, layout.pristine_dir)
        write_file(_hosts_document(layout), _dump_hosts(hosts), mode=0o644)
        return cls(layout, hosts)

    @classmethod
    def open(cls, layout: LabLayout) -> "Domain":
        """Take an existing domain, running or not.

        Raises:
            LabNotFoundError: The lab has no domain.
        """
        document = _hosts_document(layout)
        if not document.exists():
            raise LabNotFoundError(name=layout.name, state_dir=str(layout.state_dir))
        return cls(layout, _load_hosts(document.read_text(encoding="utf-8")))

    @property
    def facts(self) -> DomainFacts:
        """What a client has to know."""
        layout = self.layout
        return DomainFacts(
            realm=REALM,
            dns_domain=DNS_DOMAIN,
            netbios_domain=NETBIOS_DOMAIN,
            domain_dn=DOMAIN_DN,
            dc_fqdn=layout.dc_fqdn,
            dc_address=layout.dc_address,
            ldap_port=layout.ports.ldap,
            ldaps_port=layout.ports.ldaps,
            admin_user=ADMINISTRATOR,
            ca_file=layout.ca_file,
            krb5_conf=layout.krb5_conf,
            ccache=layout.ccache,
        )

    @property
    def admin_password(self) -> Secret:
        """The Administrator's password."""
        return Secret(self.layout.admin_password_file.read_text(encoding="utf-8"))

    @property
    def is_running(self) -> bool:
        """Whether the domain's server runs, whoever started it."""
        return server_process(self.layout) is not None

    def start(self) -> None:
        """Start the server and return when the domain can be used.

        Raises:
            LabInUseError: Another process runs it.
            LabProgramError: Samba ended, or did not answer in time.
        """
        self._server.start()

    def stop(self) -> None:
        """End the server, whoever started it; without one it does nothing.

        Raises:
            LabProgramError: It did not end in time.
        """
        self._server.stop()
        stop_server_of(self.layout)

    def renew_admin_ticket(self) -> None:
        """Put a fresh ticket into the lab's credential cache.

        Raises:
            LabProgramError: The domain does not answer.
        """
        renew_admin_ticket(self.layout)

    def reset(self) -> None:
        """Bring the domain back to what it was before its first start; running stays running.

        Raises:
            LabProgramError: Samba did not end, start or answer in time.
        """
        was_running = self._server.is_running
        self.stop()
        copy_domain(self.layout.pristine_dir, self.layout.samba_dir)
        if was_running:
            self.start()

    def destroy(self) -> None:
        """Stop the server, remove everything of the lab, and give its network back.

        Raises:
            LabProgramError: The server did not end in time; nothing was removed.
        """
        self.stop()
        if self.layout.root.exists():
            shutil.rmtree(self.layout.root)
        release_layout(self.layout)


def write_hosts_file(layout: LabLayout, hosts: Sequence[DomainHost]) -> None:
    """Write names and addresses as ``/etc/hosts`` has them, for whoever wants to mount it there."""
    lines = ["127.0.0.1 localhost", f"{layout.dc_address} {layout.dc_fqdn} {DC_NAME} {DNS_DOMAIN}"]
    lines += [
        f"{host.address} {host.fqdn} {host.name}" for host in hosts if not host.is_domain_controller
    ]
    write_file(layout.hosts_file, "\n".join(lines) + "\n", mode=0o644)


def _hosts_document(layout: LabLayout) -> Path:
    return layout.root / "hosts.json"


def _dump_hosts(hosts: Sequence[DomainHost]) -> str:
    return json.dumps([{**asdict(host), "address": str(host.address)} for host in hosts])


def _load_hosts(text: str) -> list[DomainHost]:
    rows: list[dict[str, str]] = json.loads(text)
    return [
        DomainHost(
            name=row["name"],
            address=IPv4Address(row["address"]),
            ou=row["ou"],
            operating_system=row["operating_system"],
        )
        for row in rows
    ]
