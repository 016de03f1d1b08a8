"""Kerberos tickets of a real KDC, taken by the listener with the keytab of its hosts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.winrm import CannedBackend, HostSettings, WinrmHost, WinrmService
from tests.lacking import lacking

pytestmark = pytest.mark.lab
pytest.importorskip("gssapi", reason="Kerberos needs the package gssapi")

# A process of its own: Kerberos libraries read their variables from the whole process.
CLIENT: Final = """
import json, sys
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
address, options = sys.argv[1], json.loads(sys.argv[2])
with WSMan(address, no_proxy=True, read_timeout=20, **options) as wsman:
    with RunspacePool(wsman) as pool, PowerShell(pool) as shell:
        print(*shell.add_script("whoami").invoke())
"""


@pytest.fixture
def host(samba_domain: Domain, canned: CannedBackend) -> Iterator[WinrmHost]:
    """vm1 of the domain, on HTTP and HTTPS."""
    layout = samba_domain.layout
    settings = HostSettings(
        name="vm1",
        fqdn="vm1.ipsectest.com",
        address=next(str(one.address) for one in samba_domain.hosts if one.name == "vm1"),
        http_port=0,
        https_port=0,
        certificate_file=layout.certificate("vm1"),
        key_file=layout.private_key("vm1"),
        backend=canned,
    )
    service = WinrmService(
        [settings], ntlm_user_file=layout.ntlm_user_file, keytab_file=layout.keytab
    )
    with service:
        yield service.hosts["vm1"]


def ask(domain: Domain, host: WinrmHost, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the client with the Administrator's ticket and nothing else."""
    domain.renew_admin_ticket()
    values: dict[str, object] = {
        "port": host.http_port,
        "ssl": False,
        "negotiate_hostname_override": host.settings.fqdn,
        "negotiate_service": "HTTP",
    }
    environment = {
        "PATH": os.environ["PATH"],
        "KRB5_CONFIG": str(domain.layout.krb5_conf),
        "KRB5CCNAME": f"FILE:{domain.layout.ccache}",
    }
    return subprocess.run(
        [sys.executable, "-c", CLIENT, host.settings.address, json.dumps(values | options)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
def test_tickets_over_http(samba_domain: Domain, host: WinrmHost, auth: str) -> None:
    """A ticket alone gets in, bare and inside SPNEGO, with encrypted messages."""
    done = ask(samba_domain, host, auth=auth, encryption="always")

    assert done.stdout == "Administrator@IPSECTEST.COM on vm1\n", done.stderr


@pytest.mark.parametrize("service", ["HTTP", "HOST"])
def test_both_service_classes_are_served(
    samba_domain: Domain, host: WinrmHost, service: str
) -> None:
    """Tickets for ``HTTP/`` and for ``HOST/``, the default of pypsrp, are both taken."""
    done = ask(samba_domain, host, auth="kerberos", negotiate_service=service)

    assert done.stdout == "Administrator@IPSECTEST.COM on vm1\n", done.stderr


@pytest.mark.parametrize("encryption", ["auto", "always"])
@pytest.mark.parametrize("send_binding", [True, False])
def test_tickets_over_https(
    samba_domain: Domain, host: WinrmHost, encryption: str, *, send_binding: bool
) -> None:
    """Bound to the channel or not, a ticket gets in over HTTPS; the certificate is verified."""
    done = ask(
        samba_domain,
        host,
        port=host.https_port,
        ssl=True,
        cert_validation=str(samba_domain.layout.ca_file),
        auth="kerberos",
        encryption=encryption,
        negotiate_send_cbt=send_binding,
    )

    assert done.stdout == "Administrator@IPSECTEST.COM on vm1\n", done.stderr


@pytest.mark.parametrize("other", ["dc1.ipsectest.com", "vm2.ipsectest.com"])
def test_tickets_for_another_host_are_refused(
    samba_domain: Domain, host: WinrmHost, other: str
) -> None:
    """A host takes no other host's tickets, although one keytab holds the keys of all."""
    done = ask(samba_domain, host, auth="kerberos", negotiate_hostname_override=other)

    assert done.returncode
    assert "AuthenticationError" in done.stderr


def test_no_replay_cache_is_left(samba_domain: Domain, host: WinrmHost) -> None:
    """Taking tickets leaves no file outside the lab's folder."""
    before = set(Path("/var/tmp").glob("krb5_*"))  # noqa: S108 - where the library would write

    done = ask(samba_domain, host, auth="kerberos")

    assert done.returncode == 0, done.stderr
    assert set(Path("/var/tmp").glob("krb5_*")) == before  # noqa: S108 - as above


PYWINRM_CLIENT: Final = """
import sys
import winrm
url, name, encryption, ca_file = sys.argv[1:]
session = winrm.Session(url, auth=("Administrator@IPSECTEST.COM", ""), transport="kerberos",
                        kerberos_hostname_override=name, message_encryption=encryption,
                        ca_trust_path=ca_file, proxy=None)
print(session.run_cmd("ipconfig").status_code)
"""


@pytest.mark.parametrize("encryption", ["auto", "always"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_pywinrms_own_kerberos(
    samba_domain: Domain, host: WinrmHost, scheme: str, encryption: str
) -> None:
    """Pywinrm's transport ``kerberos``, which seals with another library, gets in too."""
    kerberos = find_spec("kerberos")
    if kerberos is None or kerberos.origin is None:
        lacking("pywinrm's Kerberos needs pykerberos")
    samba_domain.renew_admin_ticket()
    port = host.http_port if scheme == "http" else host.https_port
    url = f"{scheme}://{host.settings.address}:{port}/wsman"
    arguments = [url, host.settings.fqdn, encryption, str(samba_domain.layout.ca_file)]

    done = subprocess.run(
        [sys.executable, "-c", PYWINRM_CLIENT, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(kerberos.origin).parent),
            "KRB5_CONFIG": str(samba_domain.layout.krb5_conf),
            "KRB5CCNAME": f"FILE:{samba_domain.layout.ccache}",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout == "1\n", done.stderr
