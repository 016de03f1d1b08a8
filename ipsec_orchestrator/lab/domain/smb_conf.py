"""What Samba is told: the text of ``smb.conf`` for the server, for offline tools and for clients."""

from collections.abc import Mapping
from pathlib import Path

from ipsec_orchestrator.lab.domain.certificates import DC_LDAPS
from ipsec_orchestrator.lab.domain.directory_changes import LOG_CLASS
from ipsec_orchestrator.lab.domain.layout import (
    DC_NAME,
    DNS_DOMAIN,
    NETBIOS_DOMAIN,
    REALM,
    LabLayout,
)

RUNTIME_DIR = Path("/run/samba")
"""Where Debian's Samba keeps its sockets.

The path of winbindd's socket is compiled into libwbclient, without which the file server cannot
map users: no setting moves it. So the server gets a mount namespace of its own in which the lab's
``samba_dir`` lies here. That also keeps the paths of its sockets short (the limit is 107 bytes)
and lets the file server's unprivileged users reach SYSVOL whatever the modes of the folders above.
"""

FOLDERS: Mapping[str, str] = {
    "private dir": "private",
    "lock directory": "lock",
    "state directory": "state",
    "cache directory": "cache",
    "binddns dir": "bind-dns",
    "pid directory": "pid",
    "ncalrpc dir": "ncalrpc",
    "winbindd socket directory": "winbindd",
    "ntp signd socket directory": "ntp-signd",
    "usershare path": "usershares",
}
"""Every folder that Samba would otherwise share with other Sambas of the machine."""

TICKET_LIFETIME_HOURS = 168
"""A lab may stay up over a week-end without anybody renewing tickets."""


def server_text(layout: LabLayout) -> str:
    """Configuration of the running server, inside its mount namespace."""
    # Every write to the directory is noted with its author: the simulated DC's security log.
    return _domain_controller_text(layout, RUNTIME_DIR, log_level=f"1 {LOG_CLASS}")


def offline_text(layout: LabLayout) -> str:
    """The same for tools that open the databases outside of it (``samba-tool ntacl``)."""
    return _domain_controller_text(layout, layout.samba_dir)


def client_text(layout: LabLayout) -> str:
    """Configuration for Samba's own clients inside the mount namespace of ``tools.run_in_lab``."""
    settings = {
        "workgroup": NETBIOS_DOMAIN,
        "realm": REALM,
        "interfaces": f"{layout.dc_address}/8",
        "client signing": "required",
        "tls cafile": str(layout.ca_file),
        **{name: str(RUNTIME_DIR / sub) for name, sub in FOLDERS.items()},
    }
    return _section("global", settings)


def make_folders(layout: LabLayout) -> None:
    """Make the folders that both configurations name."""
    for base in (layout.samba_dir, layout.client_dir):
        for sub in FOLDERS.values():
            folder = base / sub
            folder.mkdir(parents=True, exist_ok=True)
        (base / "private").chmod(0o700)
    (layout.samba_dir / "etc").mkdir(exist_ok=True)
    (layout.samba_dir / "log").mkdir(exist_ok=True)


def _domain_controller_text(layout: LabLayout, base: Path, *, log_level: str = "1") -> str:
    sysvol = base / "state" / "sysvol"
    settings = {
        "netbios name": DC_NAME.upper(),
        "workgroup": NETBIOS_DOMAIN,
        "realm": REALM,
        "server role": "active directory domain controller",
        # nothing but this address, so that labs and other servers live side by side
        "interfaces": f"{layout.dc_address}/8",
        "bind interfaces only": "yes",
        "disable netbios": "yes",
        "smb ports": str(layout.ports.smb),
        "server services": "s3fs, rpc, ldap, cldap, kdc, winbindd, dns",
        "prefork children": "1",
        "prefork children:ldap": "2",  # members refresh their policies at the same time
        # as on Windows Server 2025: signed or sealed, or inside TLS ("yes" would refuse the latter)
        "ldap server require strong auth": "allow_sasl_over_tls",
        "server signing": "mandatory",
        "tls enabled": "yes",
        "tls certfile": str(layout.certificate(DC_LDAPS)),
        "tls keyfile": str(layout.private_key(DC_LDAPS)),
        "tls cafile": str(layout.ca_file),
        "tls priority": "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1",
        "kdc:user ticket lifetime": str(TICKET_LIFETIME_HOURS),
        "kdc:service ticket lifetime": str(TICKET_LIFETIME_HOURS),
        "kdc:renewal lifetime": str(TICKET_LIFETIME_HOURS),
        "log file": str(base / "log" / "%m.log"),
        "logging": "file",
        "log level": log_level,
        "load printers": "no",
        "disable spoolss": "yes",
        "printcap name": "/dev/null",
        "usershare max shares": "0",
        **{name: str(base / sub) for name, sub in FOLDERS.items()},
    }
    shares = {
        "sysvol": sysvol,
        "netlogon": sysvol / DNS_DOMAIN / "scripts",
    }
    sections = [_section("global", settings)]
    sections += [
        _section(name, {"path": str(path), "read only": "no"}) for name, path in shares.items()
    ]
    return "\n".join(sections)


def _section(name: str, settings: Mapping[str, str]) -> str:
    lines = [f"[{name}]", *(f"\t{key} = {value}" for key, value in settings.items())]
    return "\n".join(lines) + "\n"
