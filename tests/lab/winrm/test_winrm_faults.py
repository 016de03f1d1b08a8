"""Each fault of a host, as clients see it."""

import email.utils
import http.client
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import pytest
import requests
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.lab.winrm import (
    NO_FAULTS,
    CannedBackend,
    EngineBackend,
    Faults,
    Locale,
    WinrmHost,
)

ECHO: Final = 'param($Text) "$Text"'
HANDSHAKE_REQUESTS: Final = 3  # unauthenticated, negotiate, authenticate

StartHost: TypeAlias = Callable[..., WinrmHost]
Connect: TypeAlias = Callable[..., WSMan]


class Pki(Protocol):
    """The certificates of the session."""

    ca_file: Path


def echo(wsman: WSMan) -> list[object]:
    """Run a script over a connection, closing the pool only where nothing went wrong."""
    pool = RunspacePool(wsman)
    pool.open()
    shell = PowerShell(pool)
    output = list(shell.add_script(ECHO).add_parameter("Text", "hello").invoke())
    shell.close()
    pool.close()
    return output


def test_latency_delays_every_answer(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """Each of a conversation's requests waits, the handshake's included."""
    host = start_host(canned, faults=Faults(latency_seconds=0.1))
    began = time.monotonic()

    assert echo(connect(host)) == ["hello"]
    assert time.monotonic() - began > 8 * 0.1


def test_refused_until_it_is_taken_back(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """A refusing host accepts no connection; taken back it listens on the same port."""
    host = start_host(canned)
    port = host.http_port
    host.set_faults(Faults(refused=True))

    with pytest.raises(requests.exceptions.ConnectionError, match="refused"):
        echo(connect(host))
    host.set_faults(NO_FAULTS)

    assert host.http_port == port
    assert echo(connect(host)) == ["hello"]


def test_refusing_breaks_live_connections(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """A client that is connected when the host goes away loses its connection."""
    host = start_host(canned)
    pool = RunspacePool(connect(host))
    pool.open()
    host.set_faults(Faults(refused=True))

    with pytest.raises(requests.exceptions.ConnectionError):
        pool.close()


@pytest.mark.parametrize("requests_before", [0, HANDSHAKE_REQUESTS, HANDSHAKE_REQUESTS + 2])
def test_reset_before_an_answer(
    start_host: StartHost, canned: CannedBackend, connect: Connect, requests_before: int
) -> None:
    """The connection is reset at the start, after the handshake, or in the conversation."""
    host = start_host(canned, faults=Faults(reset_after_requests=requests_before))

    with pytest.raises(requests.exceptions.ConnectionError):
        echo(connect(host))


def test_reset_in_the_middle_of_an_answer(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """Half of an answer arrives: the order was carried out, and the client can't know."""
    calls: list[str] = []

    def count(call: object) -> object:
        calls.append("called")
        return canned.answer(call)  # type: ignore[arg-type] # passed on as it came

    # Handshake, Create, Receive of the state, Command; then Receive of the output breaks.
    faults = Faults(reset_after_requests=HANDSHAKE_REQUESTS + 3, reset_in_response=True)
    host = start_host(CannedBackend(answer=count), faults=faults)  # type: ignore[arg-type] # same

    with pytest.raises(requests.exceptions.RequestException):
        echo(connect(host))
    assert calls == ["called"]


def test_hanging_hosts_never_answer(
    start_host: StartHost, canned: CannedBackend, connect: Connect
) -> None:
    """The request is taken and nothing comes back: the client's own time-out ends it."""
    host = start_host(canned, faults=Faults(hang=True))

    with pytest.raises(requests.exceptions.ReadTimeout):
        echo(connect(host, read_timeout=1))


def test_stopping_ends_hanging_requests(start_host: StartHost, canned: CannedBackend) -> None:
    """A host can be stopped while it keeps a client waiting."""
    host = start_host(canned, faults=Faults(hang=True))
    connection = http.client.HTTPConnection(host.settings.address, host.http_port, timeout=10)
    connection.request("POST", "/wsman", b"")

    host.stop()

    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        connection.getresponse()
    connection.close()


def test_access_denied(start_host: StartHost, canned: CannedBackend, connect: Connect) -> None:
    """Everybody is authenticated and told WSManFault 5."""
    host = start_host(canned, faults=Faults(access_denied=True))

    with pytest.raises(WSManFaultError) as caught:
        echo(connect(host))

    assert caught.value.code == 5
    assert caught.value.reason == "Access is denied."


@pytest.mark.parametrize(
    ("locale", "reason"),
    [(Locale.GERMAN, "Zugriff verweigert"), (Locale.JAPANESE, "アクセスが拒否されました。")],
)
def test_localized_fault_texts(
    start_host: StartHost,
    canned: CannedBackend,
    connect: Connect,
    locale: Locale,
    reason: str,
) -> None:
    """The text follows the host's language, the code does not."""
    host = start_host(canned, faults=Faults(access_denied=True, locale=locale))

    with pytest.raises(WSManFaultError) as caught:
        echo(connect(host))

    assert (caught.value.code, caught.value.reason) == (5, reason)


def test_wrong_certificate(
    start_host: StartHost, canned: CannedBackend, connect: Connect, pki: Pki
) -> None:
    """The certificate was made out to another name: verifying clients refuse it."""
    host = start_host(canned, pki=pki)
    host.set_faults(Faults(wrong_certificate=True))

    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        echo(connect(host, ca_file=pki.ca_file))
    host.set_faults(NO_FAULTS)

    assert echo(connect(host, ca_file=pki.ca_file)) == ["hello"]


def test_a_wrong_certificate_must_exist(start_host: StartHost, canned: CannedBackend) -> None:
    """The fault can't be set on a host that was given no wrong certificate."""
    with pytest.raises(UsageError, match="no wrong certificate"):
        start_host(canned).set_faults(Faults(wrong_certificate=True))


def test_clock_skew_shows_in_the_date_header(start_host: StartHost, canned: CannedBackend) -> None:
    """A host whose clock is an hour ahead says so in every answer."""
    host = start_host(canned, faults=Faults(clock_skew_seconds=3600))
    connection = http.client.HTTPConnection(host.settings.address, host.http_port, timeout=10)

    connection.request("POST", "/wsman", b"")
    answer = connection.getresponse()
    connection.close()
    said = email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()

    assert 3590 < said - time.time() < 3610


def test_the_engine_is_told_locale_and_clock_skew(
    start_host: StartHost, engine: EngineBackend, connect: Connect
) -> None:
    """Scripts see both in the environment variables that the backend names."""
    told = replace(engine, locale_variable="HOST_LOCALE", clock_skew_variable="HOST_SKEW")
    host = start_host(told, faults=Faults(clock_skew_seconds=-300, locale=Locale.GERMAN))

    with RunspacePool(connect(host)) as pool, PowerShell(pool) as shell:
        shell.add_script('"$env:HOST_LOCALE $env:HOST_SKEW"')
        output = shell.invoke()

    assert output == ["de-DE -300"]
