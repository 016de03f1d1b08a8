"""The running domain, as independent clients see it."""

import json
import os
import subprocess
from pathlib import Path

import dns.message
import dns.query
import dns.rrset
import pytest

from ipsec_orchestrator.errors import LabInUseError, LabProgramError
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.server import SambaServer
from ipsec_orchestrator.lab.domain.tools import run_in_lab, samba_client_options

pytestmark = pytest.mark.lab

STRONGER_AUTH_REQUIRED = 8
ADMIN_DN = "CN=Administrator,CN=Users,DC=ipsectest,DC=com"
IP_SECURITY = "CN=IP Security,CN=System,DC=ipsectest,DC=com"


def ldapsearch(domain: Domain, url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A simple bind of OpenLDAP's client as Administrator, password from its file."""
    layout = domain.layout
    command = ["ldapsearch", "-x", "-H", url, "-D", ADMIN_DN, "-y", str(layout.admin_password_file)]
    return subprocess.run(
        [*command, "-b", "DC=ipsectest,DC=com", "-s", "base", "dn"],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], **environment},
        timeout=30,
        check=False,
    )


def ldbsearch(domain: Domain, *arguments: str, ccache: Path | None = None) -> str:
    """A search of Samba's client with Kerberos, sealed."""
    layout = domain.layout
    options = samba_client_options(layout, ccache=ccache)
    command = ["ldbsearch", "-H", f"ldap://{layout.dc_fqdn}", *options, *arguments]
    return run_in_lab(layout, command, ccache=ccache).stdout


def machine_ticket(domain: Domain, account: str, ccache: Path) -> Path:
    """A ticket of a computer account by the lab's keytab."""
    keytab = str(domain.layout.keytab)
    run_in_lab(domain.layout, ["kinit", "-k", "-t", keytab, account], ccache=ccache)
    return ccache


def resolve(domain: Domain, name: str, kind: str) -> list[str]:
    """The records that the domain's DNS server has for a name."""
    query = dns.message.make_query(name, kind)
    answer: list[dns.rrset.RRset] = dns.query.udp(
        query, str(domain.layout.dc_address), timeout=5
    ).answer
    return [record.to_text() for rrset in answer for record in rrset]


def test_bind_without_protection_is_refused(samba_domain: Domain) -> None:
    """A simple bind in the clear fails with strongerAuthRequired."""
    result = ldapsearch(samba_domain, f"ldap://{samba_domain.layout.dc_address}")

    assert result.returncode == STRONGER_AUTH_REQUIRED


def test_bind_inside_tls_is_accepted(samba_domain: Domain) -> None:
    """The same bind through LDAPS works, the certificate checked against the lab's authority."""
    url = f"ldaps://{samba_domain.layout.dc_address}"
    result = ldapsearch(samba_domain, url, LDAPTLS_CACERT=str(samba_domain.layout.ca_file))

    assert result.returncode == 0, result.stderr
    assert "dn: DC=ipsectest,DC=com" in result.stdout


def test_ldaps_certificate_is_not_trusted_by_itself(samba_domain: Domain) -> None:
    """Without the lab's authority the LDAPS connection is refused by the client."""
    url = f"ldaps://{samba_domain.layout.dc_address}"
    result = ldapsearch(samba_domain, url, LDAPTLS_CACERT="/dev/null")

    assert result.returncode != 0


def test_ldaps_certificate_has_the_name_of_the_dc(samba_domain: Domain) -> None:
    """TLS with server name indication verifies for dc1.ipsectest.com and for no other name."""
    layout = samba_domain.layout

    def verify(name: str) -> int:
        server = f"{layout.dc_address}:{layout.ports.ldaps}"
        command = ["openssl", "s_client", "-connect", server, "-servername", name]
        options = ["-verify_hostname", name, "-verify_return_error", "-CAfile", str(layout.ca_file)]
        done = subprocess.run(
            [*command, *options], input=b"", capture_output=True, timeout=30, check=False
        )
        return done.returncode

    assert verify(layout.dc_fqdn) == 0
    assert verify("dc2.ipsectest.com") != 0


def test_admin_ticket_opens_the_directory(samba_domain: Domain) -> None:
    """KRB5_CONFIG and the lab's credential cache are enough for a sealed LDAP search."""
    found = ldbsearch(samba_domain, "-b", IP_SECURITY, "(objectClass=ipsecPolicy)", "ipsecName")

    assert "ipsecName: Server (Request Security)" in found


def test_admin_ticket_is_private_and_renewable(samba_domain: Domain) -> None:
    """Renewing puts a new cache of mode 600 in the place of the old one."""
    before = samba_domain.layout.ccache.stat()
    samba_domain.renew_admin_ticket()
    after = samba_domain.layout.ccache.stat()

    assert after.st_ino != before.st_ino
    assert after.st_mode & 0o777 == 0o600


def test_wrong_password_is_told_as_such(fresh_domain: Domain) -> None:
    """A ticket for a password that is not the Administrator's fails with kinit's own words."""
    fresh_domain.start()
    fresh_domain.layout.admin_password_file.write_text("Not-the-password-1", encoding="utf-8")
    with pytest.raises(LabProgramError, match=r"Preauthentication failed|Password incorrect"):
        fresh_domain.renew_admin_ticket()


@pytest.mark.parametrize("account", ["VM1$", "HOST1$", "DC1$"])
def test_computers_read_policies(samba_domain: Domain, tmp_path: Path, account: str) -> None:
    """A computer account reads the IPsec objects and the GPO containers, as a member has to."""
    ccache = machine_ticket(samba_domain, account, tmp_path / "computer.ccache")
    wanted = ["-b", IP_SECURITY, "(objectClass=ipsecPolicy)", "ipsecData", "ipsecNFAReference"]
    policies = ldbsearch(samba_domain, *wanted, ccache=ccache)
    gpos = ldbsearch(
        samba_domain,
        *["-b", "CN=Policies,CN=System,DC=ipsectest,DC=com"],
        *["(objectClass=groupPolicyContainer)", "displayName", "gPCFileSysPath"],
        ccache=ccache,
    )

    assert "ipsecData:: " in policies
    assert "ipsecNFAReference: " in policies
    assert "displayName: Default Domain Policy" in gpos


def test_computers_read_sysvol_and_do_not_write(samba_domain: Domain, tmp_path: Path) -> None:
    """A computer account gets GPT.INI over SMB and may not make a folder in SYSVOL."""
    layout = samba_domain.layout
    ccache = machine_ticket(samba_domain, "VM2$", tmp_path / "computer.ccache")

    def smb(command: str) -> subprocess.CompletedProcess[str]:
        share = f"//{layout.dc_fqdn}/sysvol"
        options = samba_client_options(layout, ccache=ccache)
        client = ["smbclient", share, *options, "-c", command]
        return run_in_lab(layout, client, ccache=ccache, check=False)

    policy = "{31B2F340-016D-11D2-945F-00C04FB984F9}"
    read = smb(f"cd ipsectest.com\\Policies\\{policy}; get GPT.INI {tmp_path / 'gpt.ini'}")
    write = smb("mkdir ipsectest.com\\Policies\\mine")

    assert read.returncode == 0, read.stderr
    assert "Version=0" in (tmp_path / "gpt.ini").read_text(encoding="ascii")
    assert "NT_STATUS_ACCESS_DENIED" in write.stdout + write.stderr


def test_computer_accounts_are_like_joined_hosts(samba_domain: Domain) -> None:
    """A computer account is in its unit with full name, AES only, and WinRM's service names."""
    found = ldbsearch(samba_domain, "-b", "OU=IPSecOU,DC=ipsectest,DC=com", "(cn=vm1)")

    assert "dNSHostName: vm1.ipsectest.com" in found
    assert "msDS-SupportedEncryptionTypes: 24" in found
    for name in ("HOST/vm1.ipsectest.com", "HTTP/vm1.ipsectest.com", "WSMAN/VM1"):
        assert f"servicePrincipalName: {name}" in found


def test_service_tickets_match_the_keytab(samba_domain: Domain, tmp_path: Path) -> None:
    """The KDC's tickets for every host's HTTP service can be opened with the hosts' keytab."""
    layout = samba_domain.layout
    ccache = tmp_path / "tickets"
    ccache.write_bytes(layout.ccache.read_bytes())
    names = [f"HTTP/{host.fqdn}" for host in samba_domain.hosts]
    result = run_in_lab(layout, ["kvno", "-k", str(layout.keytab), *names], ccache=ccache)

    assert result.stdout.count("keytab entry valid") == len(names)


def test_dns_knows_the_hosts(samba_domain: Domain) -> None:
    """Forward, reverse and service records of the domain and its hosts are right."""
    layout = samba_domain.layout
    vm1 = next(host for host in samba_domain.hosts if host.name == "vm1")

    assert resolve(samba_domain, vm1.fqdn, "A") == [str(vm1.address)]
    assert resolve(samba_domain, vm1.address.reverse_pointer, "PTR") == [f"{vm1.fqdn}."]
    assert resolve(samba_domain, "ipsectest.com", "A") == [str(layout.dc_address)]
    pdc = resolve(samba_domain, "_ldap._tcp.pdc._msdcs.ipsectest.com", "SRV")
    assert pdc == [f"0 100 389 {layout.dc_fqdn}."]


def test_samba_finds_its_own_group_policy_sound(samba_domain: Domain) -> None:
    """The GPO and SYSVOL checks of samba-tool have nothing to complain about."""
    layout = samba_domain.layout
    url = f"ldap://{layout.dc_fqdn}"
    options = samba_client_options(layout)
    listed = run_in_lab(layout, ["samba-tool", "gpo", "listall", "-H", url, *options])
    run_in_lab(layout, ["samba-tool", "gpo", "aclcheck", "-H", url, *options])
    run_in_lab(layout, ["samba-tool", "ntacl", "sysvolcheck", f"--configfile={layout.smb_conf}"])

    assert "Default Domain Policy" in listed.stdout


def test_second_start_from_elsewhere_is_refused(samba_domain: Domain) -> None:
    """A server object of another process can't start the same domain, and does it no harm."""
    with pytest.raises(LabInUseError):
        SambaServer(samba_domain.layout).start()

    layout = samba_domain.layout
    options = samba_client_options(layout)
    run_in_lab(layout, ["smbclient", f"//{layout.dc_fqdn}/sysvol", *options, "-c", "ls"])


def test_reset_forgets_everything(fresh_domain: Domain) -> None:
    """After a reset the domain runs again and what was written is gone, in LDAP and in SYSVOL."""
    layout = fresh_domain.layout
    fresh_domain.start()
    url = f"ldap://{layout.dc_fqdn}"
    options = samba_client_options(layout)
    run_in_lab(layout, ["samba-tool", "gpo", "create", "short-lived", "-H", url, *options])
    before = ldbsearch(fresh_domain, "-b", "CN=Policies,CN=System,DC=ipsectest,DC=com")
    fresh_domain.reset()
    after = ldbsearch(fresh_domain, "-b", "CN=Policies,CN=System,DC=ipsectest,DC=com")

    assert "short-lived" in before
    assert "short-lived" not in after
    policies = layout.samba_dir / "state" / "sysvol" / "ipsectest.com" / "Policies"
    assert len(list(policies.iterdir())) == 2
    run_in_lab(layout, ["samba-tool", "ntacl", "sysvolcheck", f"--configfile={layout.smb_conf}"])


def test_no_secret_is_in_any_process_list(samba_domain: Domain) -> None:
    """No command line or environment of any process holds a password of the lab."""
    layout = samba_domain.layout
    passwords: dict[str, str] = json.loads(layout.computer_passwords_file.read_text("utf-8"))
    secrets = [samba_domain.admin_password.reveal(), *passwords.values()]
    seen = b""
    for name in ("cmdline", "environ"):
        for path in Path("/proc").glob(f"[0-9]*/{name}"):
            try:
                seen += path.read_bytes()
            except OSError:
                continue  # it has ended meanwhile

    assert b"samba" in seen
    assert not [secret for secret in secrets if secret.encode("ascii") in seen]
