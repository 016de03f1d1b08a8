"""What a lab is and how to reach it, as ``lab status`` tells it."""

from dataclasses import dataclass
from pathlib import Path

from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.lab_hosts import HTTP_PORT, lab_hosts
from ipsec_orchestrator.lab.lab_settings import LabSettings
from ipsec_orchestrator.lab.wire.topology import BRIDGE, namespace_name
from ipsec_orchestrator.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class LabStatus:
    """What a lab is and whether it runs."""

    layout: LabLayout
    settings: LabSettings
    running: bool

    def to_json(self) -> dict[str, Json]:
        """Give the document of ``lab status --json``."""
        layout = self.layout
        facts = Domain.open(layout).facts
        return {
            "name": layout.name,
            "running": self.running,
            "realm": facts.realm,
            "domain": facts.dns_domain,
            "domain_dn": facts.domain_dn,
            "dc": {
                "fqdn": facts.dc_fqdn,
                "address": str(facts.dc_address),
                "ldap_port": facts.ldap_port,
                "ldaps_port": facts.ldaps_port,
            },
            "admin": {
                "user": facts.admin_user,
                "password": layout.admin_password_file.read_text(encoding="utf-8"),
            },
            "ca_file": str(facts.ca_file),
            "krb5_conf": str(facts.krb5_conf),
            "ccache": str(facts.ccache),
            "inventory": str(inventory_file(layout)),
            "state_dir": str(layout.state_dir),
            "powershell": self.settings.powershell,
            "wire": {"namespace": namespace_name(layout.network), "bridge": BRIDGE}
            if self.settings.wire
            else None,
            "hosts": [
                {
                    "name": host.name,
                    "fqdn": host.fqdn,
                    "role": host.role.value,
                    "address": str(host.address),
                    "port": HTTP_PORT,
                    "scheme": "http",
                    "auth": "negotiate",
                }
                for host in lab_hosts(layout, self.settings.members)
            ],
        }


def inventory_file(layout: LabLayout) -> Path:
    """Where the lab's inventory lies."""
    return layout.root / "inventory.yml"
