"""Who is let in, and what has to be encrypted."""

import base64
import http.client
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import pytest
import spnego
import winrm
from pypsrp.exceptions import AuthenticationError, WinRMTransportError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from spnego.channel_bindings import GssChannelBindings
from winrm.exceptions import InvalidCredentialsError

from ipsec_orchestrator.lab.winrm import CannedBackend, WinrmHost

USER: Final = r"IPSECTEST\Administrator"
PASSWORD: Final = "Correct-Horse-1"  # noqa: S105 - of an account that the test makes
ECHO: Final = 'param($Text) "$Text"'

StartHost: TypeAlias = Callable[..., WinrmHost]
Connect: TypeAlias = Callable[..., WSMan]


class Pki(Protocol):
    """The certificates of the session."""

    ca_file: Path


def echo(wsman: WSMan) -> list[object]:
    """Run a script over a connection."""
    with RunspacePool(wsman) as pool, PowerShell(pool) as shell:
        shell.add_script(ECHO).add_parameter("Text", "hello")
        return list(shell.invoke())


@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
def test_http_with_message_encryption(
    start_host: StartHost, canned: CannedBackend, connect: Connect, auth: str
) -> None:
    """NTLM works bare and inside SPNEGO, with encrypted messages."""
    assert echo(connect(start_host(canned), auth=auth, encryption="always")) == ["hello"]


@pytest.mark.parametrize("encryption", ["auto", "always"])
def test_https_with_a_verified_certificate(
    start_host: StartHost, canned: CannedBackend, connect: Connect, pki: Pki, encryption: str
) -> None:
    """HTTPS works with and without message encryption inside; the client checks the name."""
    host = start_host(canned, pki=pki)

    assert echo(connect(host, ca_file=pki.ca_file, encryption=encryption)) == ["hello"]


def test_https_without_channel_binding(
    start_host: StartHost, canned: CannedBackend, connect: Connect, pki: Pki
) -> None:
    """A client that sends no channel binding is forgiven, as with CbtHardeningLevel Relaxed."""
    host = start_host(canned, pki=pki)

    assert echo(connect(host, ca_file=pki.ca_file, negotiate_send_cbt=False)) == ["hello"]


@pytest.mark.parametrize("encryption", ["auto", "always"])
def test_pywinrm_over_https(
    start_host: StartHost, canned: CannedBackend, pki: Pki, encryption: str
) -> None:
    """Pywinrm gets in over verified HTTPS too."""
    host = start_host(canned, pki=pki)
    session = winrm.Session(
        f"https://{host.settings.address}:{host.https_port}/wsman",
        auth=(USER, PASSWORD),
        transport="ntlm",
        ca_trust_path=str(pki.ca_file),
        message_encryption=encryption,
        proxy=None,
    )

    assert session.run_cmd("ipconfig").status_code == 1


@pytest.mark.parametrize(
    ("username", "password"), [(USER, "wrong"), (r"IPSECTEST\nobody", PASSWORD)]
)
def test_wrong_credentials_are_refused(
    start_host: StartHost, canned: CannedBackend, connect: Connect, username: str, password: str
) -> None:
    """A wrong password and an unknown name look the same: 401."""
    host = start_host(canned)

    with pytest.raises(AuthenticationError):
        echo(connect(host, username=username, password=password))


def test_pywinrm_is_told_of_a_wrong_password(start_host: StartHost, canned: CannedBackend) -> None:
    """Pywinrm raises its own class for 401."""
    host = start_host(canned)
    url = f"http://{host.settings.address}:{host.http_port}/wsman"
    session = winrm.Session(
        url, auth=(USER, "wrong"), transport="ntlm", ca_trust_path=None, proxy=None
    )

    with pytest.raises(InvalidCredentialsError):
        session.run_cmd("ipconfig")


def test_unencrypted_messages_over_http_are_refused(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """AllowUnencrypted is false: an authenticated client that sends plain SOAP gets 500."""
    with pytest.raises(WinRMTransportError) as caught:
        echo(connect(start_host(canned), encryption="never"))

    assert caught.value.code == 500
    assert not caught.value.response_text


def test_basic_is_not_offered(start_host: StartHost, canned: CannedBackend) -> None:
    """Negotiate and Kerberos are offered, and a Basic header is no way in."""
    host = start_host(canned)
    connection = http.client.HTTPConnection(host.settings.address, host.http_port, timeout=10)
    header = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    connection.request("POST", "/wsman", b"", {"Authorization": header})
    answer = connection.getresponse()
    connection.close()

    assert answer.status == 401
    assert answer.headers.get_all("WWW-Authenticate") == ["Negotiate", "Kerberos"]


@pytest.mark.parametrize("token", ["", "!!!", "AAAA", "TlRMTVNTUAADAAAA", "TlRMTVNTUAAB"])
def test_broken_tokens_are_refused(
    start_host: StartHost, canned: CannedBackend, token: str
) -> None:
    """Whatever stands where a token belongs gives 401 and leaves the connection usable."""
    host = start_host(canned)
    connection = http.client.HTTPConnection(host.settings.address, host.http_port, timeout=10)

    statuses = []
    for _ in range(2):
        connection.request("POST", "/wsman", b"", {"Authorization": f"Negotiate {token}"})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()

    assert statuses == [401, 401]


def handshake(connection: http.client.HTTPConnection, bindings: GssChannelBindings | None) -> int:
    """Authenticate by hand; gives the last status."""
    context = spnego.client(USER, PASSWORD, protocol="ntlm", channel_bindings=bindings)
    token = context.step()
    status = 0
    while token is not None:
        header = "Negotiate " + base64.b64encode(token).decode()
        connection.request("POST", "/wsman", b"", {"Authorization": header})
        answer = connection.getresponse()
        answer.read()
        status = answer.status
        challenge = answer.headers.get("WWW-Authenticate", "").partition(" ")[2]
        token = context.step(base64.b64decode(challenge)) if challenge else None
    return status


@pytest.mark.parametrize(
    ("binding", "status"), [(b"tls-server-end-point:" + b"\0" * 32, 401), (None, 200)]
)
def test_a_binding_to_another_channel_is_refused(
    start_host: StartHost,
    canned: CannedBackend,
    pki: Pki,
    binding: bytes | None,
    status: int,
) -> None:
    """A token that was bound to another TLS channel, as a relay would bring it, is refused."""
    host = start_host(canned, pki=pki)
    trust = ssl.create_default_context(cafile=str(pki.ca_file))
    connection = http.client.HTTPSConnection(
        host.settings.address, host.https_port, context=trust, timeout=10
    )
    bindings = None if binding is None else GssChannelBindings(application_data=binding)

    found = handshake(connection, bindings)
    connection.close()

    assert found == status


def test_authentication_belongs_to_the_connection(
    start_host: StartHost, canned: CannedBackend
) -> None:
    """After the handshake the same connection needs no header; another one does."""
    host = start_host(canned)
    first = http.client.HTTPConnection(host.settings.address, host.http_port, timeout=10)
    second = http.client.HTTPConnection(host.settings.address, host.http_port, timeout=10)
    handshake(first, None)

    statuses = []
    for connection in (first, second):
        connection.request("POST", "/wsman", b"")
        statuses.append(connection.getresponse().status)
        connection.close()

    assert statuses == [200, 401]


def test_messages_that_were_not_encrypted_for_us_are_refused(
    start_host: StartHost, canned: CannedBackend
) -> None:
    """An encrypted body whose seal does not fit gives 400."""
    host = start_host(canned)
    connection = http.client.HTTPConnection(host.settings.address, host.http_port, timeout=10)
    handshake(connection, None)
    protocol = "application/HTTP-SPNEGO-session-encrypted"
    body = (
        b"--Encrypted Boundary\r\n\tContent-Type: " + protocol.encode() + b"\r\n"
        b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=4\r\n"
        b"--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
        b"\x10\0\0\0" + bytes(20) + b"--Encrypted Boundary--\r\n"
    )

    connection.request(
        "POST",
        "/wsman",
        body,
        {
            "Content-Type": f'multipart/encrypted;protocol="{protocol}";boundary="Encrypted Boundary"'
        },
    )
    status = connection.getresponse().status
    connection.close()

    assert status == 400
