"""The inventory of a lab, complete: no command needs a further option."""

import io
from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML

from ipsec_orchestrator.lab.azure import AzureFiles, azure_section, scene_of
from ipsec_orchestrator.lab.azure.lab_side import PORT as AZURE_PORT
from ipsec_orchestrator.lab.domain.layout import DNS_DOMAIN, LabLayout
from ipsec_orchestrator.lab.lab_hosts import (
    AZURE_SUBNET,
    HTTP_PORT,
    ON_PREMISES_SUBNET,
    OU,
    LabHost,
)

# In the lab everything answers in milliseconds, so that a host that does not is soon given up.
DEADLINE_SECONDS = 60
CONNECT_SECONDS = 5


def inventory_text(layout: LabLayout, hosts: Sequence[LabHost], notes: Sequence[str] = ()) -> str:
    """Write the inventory; it refers to the lab's own credential cache.

    Args:
        layout: The lab.
        hosts: Its hosts.
        notes: Sentences that every proof about a member has to carry.
    """
    document: dict[str, Any] = {
        "domain": {
            "name": DNS_DOMAIN,
            "controllers": [host.name for host in hosts if host.is_domain_controller],
            "dns_server": str(layout.dc_address),
            "ldap": {
                "transport": "sealed",
                "auth": "negotiate",
                "address": str(layout.dc_address),
                "ca_file": str(layout.ca_file),
            },
            "credentials": {
                "ccache": str(layout.ccache),
                "krb5_conf": str(layout.krb5_conf),
            },
        },
        "networks": {"azure": AZURE_SUBNET, "on-premises": ON_PREMISES_SUBNET},
        "defaults": {
            "winrm": {
                "transport": "psrp",
                "auth": "negotiate",
                "scheme": "http",
                "port": HTTP_PORT,
                "ca_file": str(layout.ca_file),
                "connect_timeout": CONNECT_SECONDS,
                "deadline": DEADLINE_SECONDS,
            },
        },
        "hosts": {host.name: _host(host, notes) for host in hosts},
        "azure": azure_section(azure_files(layout), azure_url(layout), scene_of(hosts)),
    }
    yaml = YAML()
    text = io.StringIO()
    text.write(f"# The lab {layout.name!r}: written by `orchestrate lab up`, gone with it.\n")
    yaml.dump(document, text)  # pyright: ignore[reportUnknownMemberType]  # ruamel leaves it untyped
    return text.getvalue()


def azure_files(layout: LabLayout) -> AzureFiles:
    """Where the certificates and the identity for the imitated Azure lie."""
    return AzureFiles(folder=layout.root / "azure")


def azure_url(layout: LabLayout) -> str:
    """Where the imitated Azure answers."""
    return f"https://{layout.dc_address}:{AZURE_PORT}"


def _host(host: LabHost, notes: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "role": host.role.value,
        "fqdn": host.fqdn,
        "addresses": [str(host.internal_address)],
        "winrm": {"address": str(host.address)},
    }
    if not host.is_domain_controller:
        found["ou"] = OU
        if notes:
            found["variables"] = {"proof_notes": list(notes)}
    return found
