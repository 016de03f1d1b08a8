"""From password, keytab and cache to a ticket of the run's own, with a real KDC."""

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.authentication import Credential, user_and_password
from ipsec_orchestrator.adapters.ldap import Endpoint, LdapDirectory
from ipsec_orchestrator.adapters.secrets import (
    PASSWORD_VARIABLE,
    USER_VARIABLE,
    GivenCredential,
    open_credential,
)
from ipsec_orchestrator.errors import AuthenticationError, HostUnreachableError
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.tools import run_in_lab
from ipsec_orchestrator.model.inventory import AuthMethod, CredentialSource
from ipsec_orchestrator.model.secret import Secret

pytestmark = pytest.mark.lab

_DOMAIN = "ipsectest.com"
_REALM_NOWHERE = """[libdefaults]
 default_realm = IPSECTEST.COM
 dns_lookup_kdc = false
[realms]
 IPSECTEST.COM = {
  kdc = 127.0.0.1:1
 }
"""


def _reads(endpoint: Endpoint) -> bool:
    with LdapDirectory(endpoint) as directory:
        return directory.names().domain == _DOMAIN


@pytest.mark.parametrize(
    "user", ["Administrator", "IPSECTEST\\Administrator", "administrator@ipsectest.com"]
)
def test_a_password_becomes_a_ticket_in_a_private_cache(
    real_domain: Domain, source: CredentialSource, endpoint: Callable[..., Endpoint], user: str
) -> None:
    """Whatever form the name has: the cache is ours alone while the run lasts, and then gone."""
    given = GivenCredential(user=user, password=real_domain.admin_password)
    with open_credential(
        source, domain=_DOMAIN, auth=AuthMethod.KERBEROS, given=given
    ) as credential:
        assert credential.ccache is not None
        cache = Path(credential.ccache.removeprefix("FILE:"))
        assert stat.S_IMODE(cache.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(cache.stat().st_mode) == 0o600
        assert os.environ["KRB5CCNAME"] == credential.ccache
        assert os.environ["KRB5_CONFIG"] == source.krb5_conf
        assert _reads(endpoint(auth=AuthMethod.KERBEROS, credential=credential))
        assert user_and_password(credential) == (None, None)
    assert not cache.parent.exists()
    assert os.environ.get("KRB5CCNAME") != credential.ccache


def test_the_environment_of_the_process_is_restored(
    real_domain: Domain, source: CredentialSource
) -> None:
    """After the block both variables are what they were, also when the block fails."""
    before = {name: os.environ.get(name) for name in ("KRB5_CONFIG", "KRB5CCNAME")}
    given = GivenCredential(password=real_domain.admin_password)
    with (
        pytest.raises(KeyError, match="inside"),
        open_credential(source, domain=_DOMAIN, given=given),
    ):
        raise KeyError("inside")
    assert {name: os.environ.get(name) for name in before} == before


def test_the_two_variables_are_a_source(
    real_domain: Domain, source: CredentialSource, endpoint: Callable[..., Endpoint]
) -> None:
    """User and password from the environment log on."""
    variables = {
        USER_VARIABLE: "Administrator",
        PASSWORD_VARIABLE: real_domain.admin_password.reveal(),
    }
    with open_credential(
        replace(source, user=None), domain=_DOMAIN, environment=variables
    ) as credential:
        assert credential.origin == "environment"
        assert _reads(endpoint(credential=credential))


def test_a_cache_of_the_inventory_is_used_as_it_is(
    real_domain: Domain, source: CredentialSource, endpoint: Callable[..., Endpoint]
) -> None:
    """The lab's own cache needs no password and stays where it is."""
    cache = real_domain.facts.ccache
    with open_credential(
        replace(source, user=None, ccache=str(cache)), domain=_DOMAIN, environment={}
    ) as credential:
        assert credential == Credential(ccache=f"FILE:{cache}", origin="ccache")
        assert _reads(endpoint(credential=credential, auth=AuthMethod.NEGOTIATE))
    assert cache.exists()


@pytest.mark.parametrize("user", ["vm1$", None])
def test_a_keytab_becomes_a_ticket(
    real_domain: Domain,
    source: CredentialSource,
    endpoint: Callable[..., Endpoint],
    tmp_path: Path,
    user: str | None,
) -> None:
    """A keytab logs its user on, or without a user the first of its entries."""
    keytab = tmp_path / "vm1.keytab"
    conf = str(real_domain.layout.smb_conf)
    run_in_lab(
        real_domain.layout,
        ["samba-tool", "domain", "exportkeytab", str(keytab), "--principal=vm1$", "-s", conf],
    )
    with open_credential(
        replace(source, user=user, keytab=str(keytab)), domain=_DOMAIN, environment={}
    ) as credential:
        assert credential.origin == "keytab"
        assert credential.password is None
        assert _reads(endpoint(credential=credential))


@pytest.mark.parametrize("way", ["handed over", "variable"])
def test_a_keytab_of_a_schedule_becomes_a_ticket(
    real_domain: Domain,
    source: CredentialSource,
    endpoint: Callable[..., Endpoint],
    tmp_path: Path,
    way: str,
) -> None:
    """Whether the scheduler makes a folder or sets a variable: its keytab logs on."""
    keytab = tmp_path / "ipsec-orchestrator.keytab"
    conf = str(real_domain.layout.smb_conf)
    run_in_lab(
        real_domain.layout,
        ["samba-tool", "domain", "exportkeytab", str(keytab), "--principal=vm1$", "-s", conf],
    )
    variables = {
        "handed over": {"CREDENTIALS_DIRECTORY": str(tmp_path)},
        "variable": {"KRB5_CLIENT_KTNAME": f"FILE:{keytab}"},
    }
    with open_credential(
        replace(source, user=None), domain=_DOMAIN, environment=variables[way]
    ) as credential:
        assert credential.origin == "keytab"
        assert _reads(endpoint(credential=credential))


def test_a_keytab_without_the_users_key_is_told_as_such(
    real_domain: Domain, source: CredentialSource, tmp_path: Path
) -> None:
    """The cure speaks of klist."""
    keytab = tmp_path / "vm1.keytab"
    conf = str(real_domain.layout.smb_conf)
    run_in_lab(
        real_domain.layout,
        ["samba-tool", "domain", "exportkeytab", str(keytab), "--principal=vm1$", "-s", conf],
    )
    other = replace(source, user="Administrator", keytab=str(keytab))
    with (
        pytest.raises(AuthenticationError) as caught,
        open_credential(other, domain=_DOMAIN, environment={}),
    ):
        pass
    assert "klist -k" in (caught.value.cure or "")


@pytest.mark.parametrize("auth", [AuthMethod.NEGOTIATE, AuthMethod.KERBEROS])
def test_a_wrong_password_is_final(source: CredentialSource, auth: AuthMethod) -> None:
    """The verdict of the KDC ends it: no credential comes out for another method to try."""
    given = GivenCredential(user="Administrator", password=Secret("wrong-one"))
    with (
        pytest.raises(AuthenticationError) as caught,
        open_credential(source, domain=_DOMAIN, auth=auth, given=given),
    ):
        pass
    assert "password is wrong" in caught.value.reason
    assert "wrong-one" not in str(caught.value)


def test_without_a_kdc_negotiation_goes_on_with_the_password(
    real_domain: Domain,
    source: CredentialSource,
    endpoint: Callable[..., Endpoint],
    tmp_path: Path,
) -> None:
    """No KDC in reach: NTLM logs on with the password; Kerberos alone says what is missing."""
    nowhere = tmp_path / "krb5.conf"
    nowhere.write_text(_REALM_NOWHERE, encoding="utf-8")
    lost = replace(source, krb5_conf=str(nowhere))
    given = GivenCredential(password=real_domain.admin_password)
    with open_credential(lost, domain=_DOMAIN, given=given) as credential:
        assert credential.ccache is None
        assert _reads(endpoint(credential=credential, auth=AuthMethod.NEGOTIATE))
    with (
        pytest.raises(HostUnreachableError) as caught,
        open_credential(lost, domain=_DOMAIN, auth=AuthMethod.KERBEROS, given=given),
    ):
        pass
    assert caught.value.reason == "no KDC was found or answered"
