"""Result codes and AD's numbers become typed errors with a cure."""

import pytest

from ipsec_orchestrator.adapters.authentication.refusals import LOGON
from ipsec_orchestrator.adapters.ldap.results import MEANINGS, Outcome, error_of
from ipsec_orchestrator.errors import (
    AccessDeniedError,
    AuthenticationError,
    BackendError,
    DirectoryError,
    ObjectExistsError,
)

_LOGON = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {}, v4563"


def _error(code: int, diagnostic: str = "") -> BackendError:
    outcome = Outcome(code=code, diagnostic=diagnostic)
    return error_of(outcome, server="dc1.ipsectest.com", dn="CN=x,DC=y", order="replace")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (7, AuthenticationError),
        (8, AuthenticationError),
        (13, AuthenticationError),
        (48, AuthenticationError),
        (49, AuthenticationError),
        (50, AccessDeniedError),
        (68, ObjectExistsError),
        (16, DirectoryError),
        (32, DirectoryError),
        (53, DirectoryError),
        (66, DirectoryError),
        (123, DirectoryError),
    ],
)
def test_a_code_has_its_class(code: int, kind: type[BackendError]) -> None:
    """Refused logons, missing rights and taken names have classes of their own."""
    assert type(_error(code)) is kind


@pytest.mark.parametrize("code", sorted(set(MEANINGS) - {7, 8, 13, 48, 49, 50, 68}))
def test_a_directory_error_names_object_order_and_number(code: int) -> None:
    """Whoever reads the sentence knows what was done to what, and can look the number up."""
    error = _error(code)
    assert isinstance(error, DirectoryError)
    assert error.code == code
    assert str(error).startswith("CN=x,DC=y: replace: ")
    assert f"(LDAP result {code})" in str(error)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("525", "no such user"),
        ("52e", "user name or password is wrong"),
        ("530", "this hour"),
        ("531", "this workstation"),
        ("532", "password has expired"),
        ("533", "disabled"),
        ("701", "account has expired"),
        ("773", "must be changed"),
        ("775", "locked out"),
        ("80090346", "channel binding"),
    ],
)
def test_the_number_of_a_refused_logon_becomes_a_sentence(number: str, words: str) -> None:
    """AD hides the reason of code 49 in a number; it comes out in words with a cure."""
    error = _error(49, _LOGON.format(number))
    assert isinstance(error, AuthenticationError)
    assert words in error.reason
    assert error.cure == LOGON[int(number, 16)].cure
    assert "AcceptSecurityContext" not in str(error)


def test_signing_that_is_demanded_is_told_with_the_setting() -> None:
    """Code 8 names the two transports that satisfy it."""
    error = _error(8)
    assert "sealed" in (error.cure or "")
    assert "ldaps" in (error.cure or "")


def test_an_unbound_connection_is_a_matter_of_credentials() -> None:
    """AD tells a request without logon as code 1 with the number 4DC."""
    error = _error(1, "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this")
    assert isinstance(error, AuthenticationError)


def test_the_extended_number_is_shown() -> None:
    """The Win32 number in front of AD's message stays visible, as eight digits."""
    error = _error(19, "000020B5: AtrErr: DSID-03153440, #1:")
    assert isinstance(error, DirectoryError)
    assert "[000020B5]" in error.reason
    assert "does not exist" in error.reason


def test_localized_words_decide_nothing() -> None:
    """A message without numbers leaves the code's own meaning."""
    assert _error(53, "Der Server ist nicht bereit").args == _error(53).args
