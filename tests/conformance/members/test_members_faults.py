"""What goes wrong between us and a member, and what is made of it."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import pytest

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.members import WindowsMembers
from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.errors import (
    AccessDeniedError,
    AuthenticationError,
    HostUnreachableError,
    OutcomeUnknownError,
)
from ipsec_orchestrator.lab.winrm import Faults
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.secret import Secret
from ipsec_orchestrator.ports import Members

READ = script_call("member_policy")
CHANGE = script_call("start_refresh", {"Force": False})


class Reached(Protocol):
    """Hosts that can be made to misbehave."""

    members: Members
    hosts: Mapping[str, Host]
    set_faults: Callable[[str, Faults], None]


def test_a_hang_ends_at_the_deadline(canned_over_http: Reached) -> None:
    """A host that takes requests and never answers costs the deadline and no more."""
    canned_over_http.set_faults("vm1", Faults(hang=True))
    begin = time.monotonic()

    with pytest.raises(HostUnreachableError, match=r"1\.5 seconds"):
        canned_over_http.members.run(
            canned_over_http.hosts["vm1"],
            replace(READ, deadline_seconds=1.5),
        )

    assert time.monotonic() - begin < 4.0


def test_a_slow_change_that_misses_its_deadline_is_unknown(canned_over_http: Reached) -> None:
    """When the deadline passes after the order was sent nobody knows what became of it."""
    canned_over_http.set_faults("vm1", Faults(latency_seconds=0.5))

    with pytest.raises(OutcomeUnknownError, match="start_refresh"):
        canned_over_http.members.run(
            canned_over_http.hosts["vm1"],
            replace(CHANGE, deadline_seconds=2.9),
        )


def test_a_refused_connection_is_unreachable(canned_over_http: Reached) -> None:
    """Nobody listens: nothing has happened, for changes too."""
    canned_over_http.set_faults("vm1", Faults(refused=True))

    with pytest.raises(HostUnreachableError):
        canned_over_http.members.run(canned_over_http.hosts["vm1"], CHANGE)


def test_a_reset_before_the_order_is_unreachable(canned_over_http: Reached) -> None:
    """A connection cut at its first request has carried no order."""
    canned_over_http.set_faults("vm1", Faults(reset_after_requests=0))

    with pytest.raises(HostUnreachableError):
        canned_over_http.members.run(canned_over_http.hosts["vm1"], CHANGE)


def requests_before_the_order(host: Host) -> int:
    """How many requests a connection brings before the one that orders the script.

    Two or three of NTLM's handshake, Create, and with PSRP one that waits for the pool.
    """
    return 5 if host.winrm.transport.value == "psrp" else 4


def test_a_reset_after_the_order_is_unknown_for_changes(canned_over_http: Reached) -> None:
    """The order was carried out and its answer cut off: unknown, and not repeated."""
    host = canned_over_http.hosts["vm1"]
    cut = Faults(reset_after_requests=requests_before_the_order(host), reset_in_response=True)
    canned_over_http.set_faults("vm1", cut)

    with pytest.raises(OutcomeUnknownError, match="the connection was cut"):
        canned_over_http.members.run(host, CHANGE)


def test_a_reset_after_the_order_is_unreachable_for_reads(canned_over_http: Reached) -> None:
    """A question whose answer was cut off has changed nothing."""
    host = canned_over_http.hosts["vm1"]
    cut = Faults(reset_after_requests=requests_before_the_order(host), reset_in_response=True)
    canned_over_http.set_faults("vm1", cut)

    with pytest.raises(HostUnreachableError, match="the connection was cut"):
        canned_over_http.members.run(host, READ)


def test_no_right_to_run_scripts_is_access_denied(canned_over_http: Reached) -> None:
    """Authenticated but not allowed: its own error, with a cure."""
    canned_over_http.set_faults("vm1", Faults(access_denied=True))

    with pytest.raises(AccessDeniedError) as caught:
        canned_over_http.members.run(canned_over_http.hosts["vm1"], READ)

    assert caught.value.cure is not None


def test_a_wrong_password_is_an_authentication_error(canned_over_http: Reached) -> None:
    """The refusal is told at once, and the password is in no text of it."""
    wrong = Credential(user=r"IPSECTEST\Administrator", password=Secret("not-the-password"))

    with pytest.raises(AuthenticationError) as caught:
        WindowsMembers(wrong).run(canned_over_http.hosts["vm1"], READ)

    assert "not-the-password" not in f"{caught.value!s} {caught.value!r}"


def test_https_needs_no_address_in_the_certificate(canned_over_https: Reached) -> None:
    """The connection goes to an address, the certificate is checked for the host's name."""
    answer = canned_over_https.members.run(canned_over_https.hosts["vm1"], READ)

    assert isinstance(answer, Mapping)


def test_a_certificate_of_another_name_is_refused(canned_over_https: Reached) -> None:
    """A certificate of the right authority but for another host is not accepted."""
    canned_over_https.set_faults("vm1", Faults(wrong_certificate=True))

    with pytest.raises(HostUnreachableError, match=r"certificate.*vm1\.ipsectest\.com"):
        canned_over_https.members.run(canned_over_https.hosts["vm1"], CHANGE)


def test_the_name_of_the_inventory_is_what_counts(canned_over_https: Reached) -> None:
    """A right certificate is refused where the inventory expects another name."""
    host = replace(canned_over_https.hosts["vm1"], fqdn="vm9.ipsectest.com")

    with pytest.raises(HostUnreachableError, match="certificate"):
        canned_over_https.members.run(host, READ)


def test_an_unknown_authority_is_refused(canned_over_https: Reached) -> None:
    """Without ca_file only public authorities count."""
    host = canned_over_https.hosts["vm1"]
    host = replace(host, winrm=replace(host.winrm, ca_file=None))

    with pytest.raises(HostUnreachableError, match="ca_file is not set"):
        canned_over_https.members.run(host, READ)


def test_a_missing_ca_file_is_said(canned_over_https: Reached) -> None:
    """A ca_file that is not there is named as the reason; nothing is sent."""
    host = canned_over_https.hosts["vm1"]
    host = replace(host, winrm=replace(host.winrm, ca_file="/nowhere/ca.pem"))

    with pytest.raises(HostUnreachableError, match=r"/nowhere/ca\.pem"):
        canned_over_https.members.run(host, READ)


def test_scripts_and_passwords_are_not_logged(
    canned_over_http: Reached,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not even with every logger wide open does our process log what a script holds."""
    with caplog.at_level(logging.INFO):
        canned_over_http.members.run(canned_over_http.hosts["vm1"], READ)

    assert "GPTIPSECPolicy" not in caplog.text
    assert "Correct-Horse-1" not in caplog.text
