"""Members over WinRM with Kerberos of a real domain: name, service and certificate have to fit."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.authentication import (
    Credential,
    kerberos_environment,
    kerberos_installed,
)
from ipsec_orchestrator.adapters.ldap import Endpoint, LdapDirectory
from ipsec_orchestrator.adapters.members import WindowsMembers
from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.errors import AuthenticationError
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.kerberos import renew_admin_ticket
from ipsec_orchestrator.lab.windows import (
    RegistryFile,
    SimulatedHost,
    WindowsCommands,
    WindowsSettings,
    canned_answer,
)
from ipsec_orchestrator.lab.winrm import CannedBackend, HostSettings, WinrmService
from ipsec_orchestrator.model.inventory import (
    AuthMethod,
    Host,
    HostRole,
    LdapSettings,
    MemberTransport,
    Scheme,
    WinrmSettings,
)
from ipsec_orchestrator.model.secret import Secret
from tests.lacking import lacking

pytestmark = pytest.mark.lab


@pytest.fixture
def listener(samba_domain: Domain, tmp_path: Path) -> Iterator[Mapping[Scheme, int]]:
    """vm1 of the domain behind a listener; gives its ports. The administrator has a ticket."""
    if not kerberos_installed():
        lacking("gssapi and krb5 are not installed")
    layout = samba_domain.layout
    passwords = json.loads(layout.computer_passwords_file.read_text(encoding="utf-8"))
    credential = Credential(user="IPSECTEST\\vm1$", password=Secret(passwords["vm1"]))
    endpoint = Endpoint(
        fqdn=layout.dc_fqdn,
        settings=LdapSettings(auth=AuthMethod.NTLM),
        credential=credential,
        address=str(layout.dc_address),
    )
    host = SimulatedHost(
        WindowsSettings(name="vm1", account="vm1$"),
        registry=RegistryFile(tmp_path / "vm1.json"),
        open_directory=lambda: LdapDirectory(endpoint),
        read_template=lambda _: None,
    )
    renew_admin_ticket(layout)
    settings = HostSettings(
        name="vm1",
        fqdn="vm1.ipsectest.com",
        address=str(layout.member_address(1)),
        http_port=0,
        https_port=0,
        certificate_file=layout.certificate("vm1"),
        key_file=layout.private_key("vm1"),
        backend=CannedBackend(answer=canned_answer({"vm1": WindowsCommands(host)})),
    )
    with ExitStack() as stack:
        stack.enter_context(
            kerberos_environment(krb5_conf=str(layout.krb5_conf), ccache=f"FILE:{layout.ccache}"),
        )
        service = stack.enter_context(
            WinrmService(
                [settings],
                ntlm_user_file=layout.ntlm_user_file,
                keytab_file=layout.keytab,
            ),
        )
        running = service.hosts["vm1"]
        assert running.http_port is not None
        assert running.https_port is not None
        yield {Scheme.HTTP: running.http_port, Scheme.HTTPS: running.https_port}


def vm1(
    domain: Domain,
    ports: Mapping[Scheme, int],
    *,
    transport: MemberTransport,
    scheme: Scheme,
    auth: AuthMethod,
    fqdn: str = "vm1.ipsectest.com",
) -> Host:
    """The inventory entry."""
    return Host(
        name="vm1",
        role=HostRole.AZURE_VM,
        fqdn=fqdn,
        winrm=WinrmSettings(
            transport=transport,
            auth=auth,
            scheme=scheme,
            port=ports[scheme],
            ca_file=str(domain.layout.ca_file),
            address=str(domain.layout.member_address(1)),
        ),
    )


@pytest.mark.parametrize("transport", list(MemberTransport))
@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize("auth", [AuthMethod.KERBEROS, AuthMethod.NEGOTIATE])
def test_a_ticket_opens_every_way(
    samba_domain: Domain,
    listener: Mapping[Scheme, int],
    transport: MemberTransport,
    scheme: Scheme,
    auth: AuthMethod,
) -> None:
    """With nothing but the credential cache both transports get in, over HTTP and HTTPS."""
    members = WindowsMembers(Credential(ccache=f"FILE:{samba_domain.layout.ccache}"))
    host = vm1(samba_domain, listener, transport=transport, scheme=scheme, auth=auth)

    answer = members.run(host, script_call("member_policy"))

    assert isinstance(answer, Mapping)
    assert answer["culture"] == "en-US"


@pytest.mark.parametrize("transport", list(MemberTransport))
def test_the_ticket_is_for_the_name_of_the_inventory(
    samba_domain: Domain,
    listener: Mapping[Scheme, int],
    transport: MemberTransport,
) -> None:
    """A ticket is asked for the FQDN: a name that the domain does not know gets none."""
    members = WindowsMembers(Credential(ccache=f"FILE:{samba_domain.layout.ccache}"))
    host = vm1(
        samba_domain,
        listener,
        transport=transport,
        scheme=Scheme.HTTP,
        auth=AuthMethod.KERBEROS,
        fqdn="vm9.ipsectest.com",
    )

    with pytest.raises(AuthenticationError, match=r"vm9\.ipsectest\.com"):
        members.run(host, script_call("member_policy"))


@pytest.mark.parametrize("transport", list(MemberTransport))
def test_no_ticket_is_said_with_a_cure(
    samba_domain: Domain,
    listener: Mapping[Scheme, int],
    tmp_path: Path,
    transport: MemberTransport,
) -> None:
    """A credential cache that is not there ends in a sentence that says what to do."""
    members = WindowsMembers(Credential(ccache=f"FILE:{tmp_path}/none"))
    host = vm1(
        samba_domain,
        listener,
        transport=transport,
        scheme=Scheme.HTTP,
        auth=AuthMethod.KERBEROS,
    )

    with pytest.raises(AuthenticationError) as caught:
        members.run(host, script_call("member_policy"))

    assert caught.value.cure is not None
