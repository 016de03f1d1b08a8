"""What the conformance suites of the domain's side share: a real domain, and ways to speak to it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.ldap import Endpoint, LdapDirectory
from ipsec_orchestrator.adapters.secrets import GivenCredential, open_credential
from ipsec_orchestrator.adapters.smb import Share, ShareEndpoint
from ipsec_orchestrator.lab.domain.claim import claim_layout
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.layout import DomainHost
from ipsec_orchestrator.lab.domain.prerequisites import missing_prerequisites
from ipsec_orchestrator.model.inventory import (
    AuthMethod,
    CredentialSource,
    LdapSettings,
    LdapTransport,
)
from tests.lacking import lacking


class CuttingProxy:
    """A TCP proxy that can cut a connection at the worst moment.

    Attributes:
        cut_answers: How many more answers to cut: the request goes through, then half of the
            answer (or nothing of it) comes back and the connection ends.
        connections: How many connections were made so far.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut_answers = 0
        self.connections = 0
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(self._target, timeout=10)
            server.settimeout(None)
            self._open += [client, server]
            self._start(self._pump_requests, client, server)
            self._start(self._pump_answers, server, client)

    def _pump_requests(self, client: socket.socket, server: socket.socket) -> None:
        _pump(client, server, lambda chunk: (chunk, False))

    def _pump_answers(self, server: socket.socket, client: socket.socket) -> None:
        def cut(chunk: bytes) -> tuple[bytes, bool]:
            if not self.cut_answers:
                return chunk, False
            self.cut_answers -= 1
            return chunk[: len(chunk) // 2], True

        _pump(server, client, cut)

    def hang_up(self) -> None:
        """End all connections that are open now, as a DC does with idle ones."""
        for found in self._open:
            _hang_up(found)

    def close(self) -> None:
        """Stop, and wait for the threads."""
        _hang_up(self._listener)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(timeout=10)
        for found in self._open:
            found.close()


def _pump(
    source: socket.socket, sink: socket.socket, treat: Callable[[bytes], tuple[bytes, bool]]
) -> None:
    """Pass on what comes, as treated, until either side or the treatment ends it."""
    ended = False
    while not ended:
        try:
            chunk = source.recv(65536)
            passed, ended = treat(chunk)
            sink.sendall(passed)
        except OSError:
            break
        ended = ended or not chunk
    _hang_up(source)
    _hang_up(sink)


def _hang_up(found: socket.socket) -> None:
    try:
        found.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was over already


@pytest.fixture(scope="session")
def real_domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:
    """A running Samba domain of this session's own."""
    missing = missing_prerequisites(tmp_path_factory.getbasetemp())
    if missing:
        lacking("; ".join(item.sentence for item in missing))
    layout = claim_layout(tmp_path_factory.mktemp("conformance"), "conformance")
    hosts = [
        DomainHost(name="dc1", address=layout.dc_address),
        DomainHost(name="vm1", address=layout.member_address(0)),
    ]
    domain = Domain.create(layout, hosts, cache_dir=tmp_path_factory.mktemp("cache"))
    try:
        domain.start()
        yield domain
    finally:
        domain.destroy()


@pytest.fixture(scope="session")
def source(real_domain: Domain) -> CredentialSource:
    """The inventory's word on credentials: the domain's krb5.conf and its administrator."""
    return CredentialSource(user="Administrator", krb5_conf=str(real_domain.facts.krb5_conf))


@pytest.fixture(scope="session")
def administrator(real_domain: Domain, source: CredentialSource) -> Iterator[Credential]:
    """The administrator, with a ticket and a password."""
    given = GivenCredential(password=real_domain.admin_password)
    with open_credential(source, domain=real_domain.facts.dns_domain, given=given) as credential:
        yield credential


EndpointMaker = Callable[..., Endpoint]


@pytest.fixture
def endpoint(real_domain: Domain, administrator: Credential) -> EndpointMaker:
    """A function that gives the DC's endpoint, with this or that otherwise."""
    facts = real_domain.facts

    def make(
        *,
        transport: LdapTransport = LdapTransport.SEALED,
        auth: AuthMethod = AuthMethod.KERBEROS,
        credential: Credential = administrator,
        fqdn: str = facts.dc_fqdn,
        address: str = str(facts.dc_address),
        port: int | None = None,
        ca_file: Path | None = facts.ca_file,
        read_timeout_seconds: float = 30.0,
    ) -> Endpoint:
        return Endpoint(
            fqdn=fqdn,
            credential=credential,
            address=address,
            settings=LdapSettings(
                transport=transport,
                auth=auth,
                port=port,
                ca_file=str(ca_file) if ca_file else None,
                connect_timeout_seconds=5.0,
                read_timeout_seconds=read_timeout_seconds,
            ),
        )

    return make


@pytest.fixture
def real_directory(endpoint: EndpointMaker) -> Iterator[LdapDirectory]:
    """The DC's directory, sealed by Kerberos."""
    with LdapDirectory(endpoint()) as directory:
        yield directory


@pytest.fixture
def sysvol_share(real_domain: Domain, administrator: Credential) -> Iterator[Share]:
    """SYSVOL of the DC."""
    facts = real_domain.facts
    share = Share(
        ShareEndpoint(fqdn=facts.dc_fqdn, credential=administrator, address=str(facts.dc_address))
    )
    yield share
    share.close()


@pytest.fixture
def proxy_to() -> Iterator[Callable[[str, int], CuttingProxy]]:
    """A function that puts a cutting proxy in front of a server."""
    with ExitStack() as stack:

        def make(host: str, port: int) -> CuttingProxy:
            proxy = CuttingProxy(host, port)
            stack.callback(proxy.close)
            return proxy

        yield make


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
