"""Filling the domain: the Administrator, units, computer accounts, DNS records and keys."""

import json
from collections.abc import Sequence

from ipsec_orchestrator.lab.domain.keytab import KeytabEntry, read_keytab, write_keytab
from ipsec_orchestrator.lab.domain.layout import (
    DC_NAME,
    DNS_DOMAIN,
    DOMAIN_DN,
    NETBIOS_DOMAIN,
    REALM,
    DomainHost,
    LabLayout,
)
from ipsec_orchestrator.lab.domain.passwords import random_password
from ipsec_orchestrator.lab.domain.private_files import make_private_folder, write_file
from ipsec_orchestrator.lab.domain.samba_python import run_samba_script
from ipsec_orchestrator.model.json import Json

FILL_BASE_SECONDS = 120.0
FILL_SECONDS_PER_HOST = 0.5
"""25 ms are usual: Samba derives every account's keys in all their forms."""

HOST_SERVICES = ("HOST", "HTTP", "RestrictedKrbHost", "WSMAN")
"""What a Windows host with WinRM registers, each with its short and its full name."""

KEYTAB_SERVICES = ("HTTP", "http", "HOST", "host", "WSMAN")
"""What WinRM clients ask tickets for: a keytab is case-sensitive, AD and its clients are not."""


AES_ENCRYPTION_TYPES = (17, 18)
"""[RFC3962] aes128-cts-hmac-sha1-96 and aes256-cts-hmac-sha1-96."""


def fill_domain(layout: LabLayout, hosts: Sequence[DomainHost], *, new_keys: bool) -> None:
    """Give a provisioned domain everything of this lab; its server must be down.

    Leaves behind the Administrator's password, those of the computers, and one keytab for all
    simulated hosts.

    Args:
        layout: The lab.
        hosts: All simulated hosts; ``dc1`` may be among them or not, its keys are always there.
        new_keys: Whether the domain was copied, so that krbtgt and the DC need keys of their own.

    Raises:
        LabProgramError: Samba refused something; the error has its last lines.
    """
    make_private_folder(layout.secrets_dir)
    members = [host for host in hosts if not host.is_domain_controller]
    passwords = {host.name: random_password() for host in members}
    admin_password = random_password()
    exported = layout.secrets_dir / "accounts.keytab"
    exported.unlink(missing_ok=True)
    request: dict[str, Json] = {
        "smb_conf": str(layout.smb_conf),
        "domain_dn": DOMAIN_DN,
        "dns_domain": DNS_DOMAIN,
        "realm": REALM,
        "dc_address": str(layout.dc_address),
        "dc_account": f"{DC_NAME.upper()}$",
        "dc_service_names": list(_dc_service_names(layout)),
        "admin_password": admin_password,
        "reverse_zone": f"{layout.network}.127.in-addr.arpa",
        "units": sorted({host.ou for host in members} | {"IPSecOU"}),
        "computers": [_computer(host, passwords[host.name]) for host in members],
        "new_keys": new_keys,
        "keytab": str(exported),
    }
    run_samba_script(
        "fill_domain",
        request,
        log=layout.root / "provision.log",
        deadline_seconds=FILL_BASE_SECONDS + FILL_SECONDS_PER_HOST * len(members),
    )
    keys = read_keytab(exported.read_bytes())
    exported.unlink()
    write_file(layout.keytab, write_keytab(_host_keys(keys)))
    write_file(layout.admin_password_file, admin_password)
    write_file(layout.computer_passwords_file, json.dumps(passwords))


def _computer(host: DomainHost, password: str) -> dict[str, Json]:
    names = (host.name.upper(), host.fqdn)
    return {
        "name": host.name,
        "account": host.account,
        "fqdn": host.fqdn,
        "address": str(host.address),
        "unit": host.ou,
        "password": password,
        "operating_system": host.operating_system,
        "service_names": [f"{service}/{name}" for service in HOST_SERVICES for name in names],
    }


def _dc_service_names(layout: LabLayout) -> list[str]:
    fqdn, short = layout.dc_fqdn, DC_NAME.upper()
    own = [f"{service}/{name}" for service in HOST_SERVICES for name in (short, fqdn)]
    directory = [
        f"ldap/{short}",
        f"ldap/{fqdn}",
        f"ldap/{fqdn}/{DNS_DOMAIN}",
        f"ldap/{fqdn}/{NETBIOS_DOMAIN}",
        f"ldap/{fqdn}/DomainDnsZones.{DNS_DOMAIN}",
        f"ldap/{fqdn}/ForestDnsZones.{DNS_DOMAIN}",
        f"GC/{fqdn}/{DNS_DOMAIN}",
        f"HOST/{fqdn}/{DNS_DOMAIN}",
        f"HOST/{fqdn}/{NETBIOS_DOMAIN}",
    ]
    return own + directory


def _host_keys(accounts: Sequence[KeytabEntry]) -> list[KeytabEntry]:
    """Put every account's AES keys under the names that clients ask for, and under its own."""
    entries: list[KeytabEntry] = []
    for key in accounts:
        if key.encryption_type not in AES_ENCRYPTION_TYPES:
            continue  # the DC's account has RC4 too, which nobody ought to use
        fqdn = f"{key.components[0].removesuffix('$').lower()}.{DNS_DOMAIN}"
        entries.append(key)
        entries += [key.renamed(service, fqdn) for service in KEYTAB_SERVICES]
    return entries
