"""Logging on to a real DC: what is refused, why, and what stays unsent."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.domain_locator import (
    DomainController,
    FoundBy,
    confirm,
    locate,
    role_owner,
)
from ipsec_orchestrator.adapters.ldap import Endpoint, LdapDirectory
from ipsec_orchestrator.adapters.memory import seeded_directory
from ipsec_orchestrator.errors import (
    AccessDeniedError,
    AuthenticationError,
    HostUnreachableError,
    SpecificationError,
)
from ipsec_orchestrator.lab.domain.domain import Domain as LabDomain
from ipsec_orchestrator.model.directory import Attributes, Scope
from ipsec_orchestrator.model.inventory import AuthMethod, Domain, LdapTransport
from ipsec_orchestrator.model.secret import Secret

pytestmark = pytest.mark.lab

_USERS = "CN=Users,DC=ipsectest,DC=com"
_PASSWORD = "Vv8-weak-user.pw"  # noqa: S105 - of a user who lives as long as the test


@pytest.fixture
def weak_user(real_directory: LdapDirectory) -> Iterator[str]:
    """DN of an ordinary user."""
    dn = f"CN=weak,{_USERS}"
    attributes = Attributes(
        {
            "objectClass": (b"user",),
            "sAMAccountName": (b"weak",),
            "userAccountControl": (b"512",),
            "unicodePwd": (f'"{_PASSWORD}"'.encode("utf-16-le"),),
        },
    )
    real_directory.add(dn, attributes)
    yield dn
    real_directory.delete(dn)


def _as_weak(password: str = _PASSWORD) -> Credential:
    return Credential(user="IPSECTEST\\weak", password=Secret(password))


def _refusal(endpoint: Endpoint) -> AuthenticationError:
    with LdapDirectory(endpoint) as directory, pytest.raises(AuthenticationError) as caught:
        directory.names()
    return caught.value


@pytest.mark.parametrize(
    ("transport", "auth"),
    [
        (LdapTransport.SEALED, AuthMethod.NTLM),
        (LdapTransport.SEALED, AuthMethod.NEGOTIATE),
        (LdapTransport.LDAPS, AuthMethod.SIMPLE),
    ],
)
def test_a_wrong_password_is_told_as_such(
    endpoint: Callable[..., Endpoint], weak_user: str, transport: LdapTransport, auth: AuthMethod
) -> None:
    """The number 52e in the DC's answer becomes a sentence, without the password in it."""
    del weak_user
    error = _refusal(endpoint(transport=transport, auth=auth, credential=_as_weak("wrong-one")))
    assert "user name or password is wrong" in str(error)
    assert "wrong-one" not in str(error)


def test_a_disabled_account_is_told_as_such(
    endpoint: Callable[..., Endpoint], weak_user: str, real_directory: LdapDirectory
) -> None:
    """The number 533 becomes "disabled", which no other password would cure."""
    real_directory.replace(weak_user, Attributes.of_text(userAccountControl="514"))
    error = _refusal(endpoint(auth=AuthMethod.NTLM, credential=_as_weak()))
    assert "disabled" in error.reason


def test_a_password_that_must_change_is_told_as_such(
    endpoint: Callable[..., Endpoint], weak_user: str, real_directory: LdapDirectory
) -> None:
    """The number 773 becomes "must be changed"."""
    real_directory.replace(weak_user, Attributes.of_text(pwdLastSet="0"))
    error = _refusal(endpoint(auth=AuthMethod.NTLM, credential=_as_weak()))
    assert "must be changed" in error.reason


def test_a_user_without_rights_may_read_and_not_write(
    endpoint: Callable[..., Endpoint], weak_user: str
) -> None:
    """What the DC forbids is AccessDeniedError with the DN, for add, replace and delete."""
    guest = f"CN=Guest,{_USERS}"
    target = endpoint(auth=AuthMethod.NTLM, credential=_as_weak())
    with LdapDirectory(target) as directory:
        assert directory.read(weak_user, ["cn"]) is not None
        with pytest.raises(AccessDeniedError) as added:
            directory.add(f"CN=x,{_USERS}", Attributes.of_text(objectClass="container"))
        with pytest.raises(AccessDeniedError) as replaced:
            directory.replace(guest, Attributes.of_text(description="x"))
        with pytest.raises(AccessDeniedError) as deleted:
            directory.delete(guest)
    assert [added.value.target, replaced.value.target] == [f"CN=x,{_USERS}", guest]
    assert deleted.value.target == guest


def test_simple_bind_is_not_sent_without_tls(
    endpoint: Callable[..., Endpoint], administrator: Credential
) -> None:
    """Readable passwords stay here: the refusal is ours, before anything is sent."""
    error = _refusal(endpoint(auth=AuthMethod.SIMPLE, credential=administrator))
    assert "would send the password readable" in error.reason
    assert "ldaps" in (error.cure or "")


def test_simple_bind_needs_a_password(endpoint: Callable[..., Endpoint]) -> None:
    """An empty password would be an anonymous success; it is refused."""
    for password in (None, Secret("")):
        error = _refusal(
            endpoint(
                transport=LdapTransport.LDAPS,
                auth=AuthMethod.SIMPLE,
                credential=Credential(user="weak@ipsectest.com", password=password),
            )
        )
        assert error.reason == "simple bind needs a user and a password"


def test_ntlm_needs_a_password(
    endpoint: Callable[..., Endpoint], administrator: Credential
) -> None:
    """NTLM with a ticket alone is refused in plain words."""
    only_ticket = replace(administrator, password=None)
    error = _refusal(endpoint(auth=AuthMethod.NTLM, credential=only_ticket))
    assert error.reason == "NTLM needs a user and a password"


def test_a_missing_ticket_is_told_as_such(
    endpoint: Callable[..., Endpoint], tmp_path: Path
) -> None:
    """A cache that is not there is named by negotiation too, though NTLM was tried last."""
    nothing = Credential(ccache=f"FILE:{tmp_path}/none")
    for auth in (AuthMethod.KERBEROS, AuthMethod.NEGOTIATE):
        error = _refusal(endpoint(auth=auth, credential=nothing))
        assert error.reason == "the credential cache does not exist"


def test_a_service_that_the_kdc_does_not_know_is_told_as_such(
    endpoint: Callable[..., Endpoint],
) -> None:
    """A name without a service principal gets no ticket, and the cure speaks of names."""
    error = _refusal(endpoint(fqdn="other.ipsectest.com"))
    assert error.reason == "the KDC knows no service of that name"


def test_a_certificate_for_another_name_is_refused(endpoint: Callable[..., Endpoint]) -> None:
    """The name in the certificate must be the DC's, although the CA is trusted."""
    target = endpoint(transport=LdapTransport.LDAPS, fqdn="dc2.ipsectest.com")
    with LdapDirectory(target) as directory, pytest.raises(HostUnreachableError) as caught:
        directory.names()
    assert "certificate was refused" in caught.value.reason
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


def test_a_certificate_of_an_unknown_ca_is_refused(endpoint: Callable[..., Endpoint]) -> None:
    """Without the CA's file the DC is not believed."""
    target = endpoint(transport=LdapTransport.LDAPS, ca_file=None)
    with LdapDirectory(target) as directory, pytest.raises(HostUnreachableError) as caught:
        directory.names()
    assert "certificate was refused" in caught.value.reason
    assert "ca_file" in (caught.value.cure or "")


def test_a_ca_file_that_is_none_is_an_error_of_the_inventory(
    endpoint: Callable[..., Endpoint], tmp_path: Path
) -> None:
    """A file without a certificate is named."""
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("nothing", encoding="utf-8")
    target = endpoint(transport=LdapTransport.LDAPS, ca_file=nonsense)
    with LdapDirectory(target) as directory, pytest.raises(SpecificationError) as caught:
        directory.names()
    assert caught.value.problems[0].file == str(nonsense)


def test_ldaps_on_the_plain_port_says_so(
    endpoint: Callable[..., Endpoint], real_domain: LabDomain
) -> None:
    """TLS to a port that speaks none ends with a question about the port, not a hang."""
    target = endpoint(transport=LdapTransport.LDAPS, port=real_domain.facts.ldap_port)
    with LdapDirectory(target) as directory, pytest.raises(HostUnreachableError):
        directory.names()


def test_range_retrieval_goes_on_to_the_end(real_directory: LdapDirectory) -> None:
    """An attribute that comes in parts is given whole, under its plain name."""
    numbers = [f"{number:04}".encode() for number in range(250)]
    dn = f"CN=many,{_USERS}"
    real_directory.add(dn, Attributes({"objectClass": (b"contact",), "otherTelephone": numbers}))
    try:
        entry = real_directory.read(dn, ["otherTelephone;range=0-99", "cn"])
        found = list(real_directory.search(dn, Scope.BASE, "(cn=*)", ["otherTelephone;range=0-9"]))
    finally:
        real_directory.delete(dn)
    assert entry is not None
    assert set(entry.attributes) == {"cn", "otherTelephone"}
    assert sorted(entry.attributes["otherTelephone"]) == numbers
    assert sorted(found[0].attributes["otherTelephone"]) == numbers


def _inventory(real_domain: LabDomain, **more: str) -> Domain:
    facts = real_domain.facts
    return Domain(name=facts.dns_domain, dns_server=str(facts.dc_address), **more)  # type: ignore[arg-type]  # names and texts only


def test_the_pdc_emulator_is_found_by_dns(real_domain: LabDomain) -> None:
    """The domain's name and DNS server are enough."""
    found = locate(_inventory(real_domain))
    assert found == DomainController(
        fqdn="dc1.ipsectest.com",
        address=str(real_domain.facts.dc_address),
        found_by=FoundBy.PDC_RECORD,
    )


def test_the_inventory_overrides_dns(real_domain: LabDomain) -> None:
    """``pdc`` is taken as it is, completed by the domain's name."""
    found = locate(_inventory(real_domain, pdc="dc1"))
    assert found.fqdn == "dc1.ipsectest.com"
    assert found.found_by is FoundBy.OVERRIDE


def test_a_domain_that_dns_does_not_know_is_unreachable(real_domain: LabDomain) -> None:
    """Without any record the cure says what to write into the inventory."""
    unknown = replace(_inventory(real_domain), name="nowhere.invalid")
    with pytest.raises(HostUnreachableError) as caught:
        locate(unknown)
    assert "dns_server" in (caught.value.cure or "")


def test_the_directory_knows_the_role_owner(
    real_domain: LabDomain, real_directory: LdapDirectory
) -> None:
    """``fSMORoleOwner`` leads to the DC's DNS name, and the DC that was found is confirmed."""
    assert (role_owner(real_directory) or "").casefold() == "dc1.ipsectest.com"
    found = locate(_inventory(real_domain))
    assert confirm(_inventory(real_domain), found, lambda _: real_directory) == found


def test_another_dc_leads_to_the_role_owner(real_domain: LabDomain) -> None:
    """If DNS named a DC without the role, the one that has it is taken, with its own address."""
    other = DomainController(
        fqdn="dc9.ipsectest.com", address="127.0.0.9", found_by=FoundBy.DC_RECORD
    )
    directory = seeded_directory(SystemClock())
    found = confirm(_inventory(real_domain), other, lambda _: directory)
    assert found == DomainController(
        fqdn="dc1.ipsectest.com",
        address=str(real_domain.facts.dc_address),
        found_by=FoundBy.ROLE_OWNER,
    )
