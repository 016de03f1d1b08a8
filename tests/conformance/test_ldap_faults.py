"""What LdapDirectory does when the network fails, with a real DC behind a proxy that cuts."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Protocol

import pytest

from ipsec_orchestrator.adapters.ldap import Endpoint, LdapDirectory
from ipsec_orchestrator.errors import HostUnreachableError, OutcomeUnknownError
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.model.directory import Attributes, Scope
from ipsec_orchestrator.model.inventory import AuthMethod, LdapTransport

pytestmark = pytest.mark.lab

_WAYS = [
    pytest.param((LdapTransport.SEALED, AuthMethod.KERBEROS), id="sealed-kerberos"),
    pytest.param((LdapTransport.SEALED, AuthMethod.NTLM), id="sealed-ntlm"),
    pytest.param((LdapTransport.LDAPS, AuthMethod.KERBEROS), id="ldaps-kerberos"),
]
_SECURITY = "CN=IP Security,CN=System,DC=ipsectest,DC=com"


class Proxy(Protocol):
    """What the tests use of the cutting proxy."""

    port: int
    cut_answers: int
    connections: int

    def hang_up(self) -> None:
        """End all connections."""
        ...


@pytest.fixture(params=_WAYS)
def proxied(
    request: pytest.FixtureRequest,
    real_domain: Domain,
    proxy_to: Callable[[str, int], Proxy],
    endpoint: Callable[..., Endpoint],
) -> Iterator[tuple[Proxy, LdapDirectory]]:
    """A directory that was read once, and the proxy in front of its DC."""
    transport, auth = request.param
    facts = real_domain.facts
    port = facts.ldaps_port if transport is LdapTransport.LDAPS else facts.ldap_port
    proxy = proxy_to(str(facts.dc_address), port)
    target = endpoint(transport=transport, auth=auth, address="127.0.0.1", port=proxy.port)
    with closing(LdapDirectory(target)) as directory:
        directory.names()
        assert proxy.connections == 1
        yield proxy, directory


@pytest.fixture
def scratch(real_directory: LdapDirectory) -> Iterator[str]:
    """DN of an object that may come to be; it is gone afterwards."""
    dn = f"CN=fault,{_SECURITY}"
    yield dn
    if real_directory.read(dn, ["cn"]):
        real_directory.delete(dn)


def test_a_read_survives_a_cut_in_the_answer(
    proxied: tuple[Proxy, LdapDirectory],
) -> None:
    """The connection ends inside an answer: the read is repeated on a new connection."""
    proxy, directory = proxied
    proxy.cut_answers = 1
    entry = directory.read(_SECURITY, ["cn"])
    assert entry is not None
    assert entry.attributes.text("cn") == "IP Security"
    assert proxy.cut_answers == 0
    assert proxy.connections == 2


def test_a_search_survives_a_cut_between_its_pages(
    proxied: tuple[Proxy, LdapDirectory],
) -> None:
    """A search of several pages gives every object once, though a connection broke meanwhile."""
    proxy, directory = proxied
    schema = f"CN=Schema,{directory.names().configuration_dn}"
    found: list[str] = []
    for entry in directory.search(schema, Scope.CHILDREN, "(objectClass=*)", ["cn"]):
        found.append(entry.dn)
        if len(found) == 500:
            proxy.cut_answers = 1
    assert len(found) > 1000
    assert len(set(found)) == len(found)
    assert proxy.cut_answers == 0
    assert proxy.connections == 2


def test_a_read_gives_up_after_three_broken_connections(
    proxied: tuple[Proxy, LdapDirectory],
) -> None:
    """A DC whose answers never arrive is unreachable, not retried for ever."""
    proxy, directory = proxied
    proxy.cut_answers = 100
    with pytest.raises(HostUnreachableError):
        directory.read(_SECURITY, ["cn"])
    # The first connection, and the attempts to make another, which its logon does not survive.
    assert 2 <= proxy.connections <= 10


def test_a_write_that_may_have_happened_is_said_to_be_unknown(
    proxied: tuple[Proxy, LdapDirectory], scratch: str, real_directory: LdapDirectory
) -> None:
    """The answer to an add is lost: the outcome is unknown, and the order is not repeated."""
    proxy, directory = proxied
    proxy.cut_answers = 1
    with pytest.raises(OutcomeUnknownError) as caught:
        directory.add(scratch, Attributes.of_text(objectClass="ipsecFilter"))
    assert caught.value.host == "dc1.ipsectest.com"
    assert proxy.connections == 1
    # It had happened: a repetition would have been told that the object exists.
    assert real_directory.read(scratch, ["cn"]) is not None
    assert directory.read(scratch, ["cn"]) is not None


def test_a_write_on_a_connection_known_to_be_dead_goes_through(
    proxied: tuple[Proxy, LdapDirectory], scratch: str
) -> None:
    """The DC hung up while we were idle: nothing was ordered yet, so a new connection is made."""
    proxy, directory = proxied
    proxy.hang_up()
    directory.add(scratch, Attributes.of_text(objectClass="ipsecFilter"))
    assert proxy.connections == 2
    assert directory.read(scratch, ["cn"]) is not None


def test_a_silent_dc_is_not_asked_again(
    real_domain: Domain, endpoint: Callable[..., Endpoint], silent_port: int
) -> None:
    """Nobody answers the logon: after the time-out the DC is unreachable, with the reason."""
    del real_domain
    target = endpoint(
        auth=AuthMethod.NTLM, address="127.0.0.1", port=silent_port, read_timeout_seconds=0.3
    )
    with LdapDirectory(target) as directory, pytest.raises(HostUnreachableError) as caught:
        directory.names()
    assert caught.value.reason == "no answer in time"


def test_a_closed_port_is_unreachable(endpoint: Callable[..., Endpoint], closed_port: int) -> None:
    """Nothing listens: the error names host, address and port."""
    target = endpoint(address="127.0.0.1", port=closed_port)
    with LdapDirectory(target) as directory, pytest.raises(HostUnreachableError) as caught:
        directory.names()
    assert caught.value.reason == "nothing listens there"
    assert f"127.0.0.1:{closed_port}" in str(caught.value)
