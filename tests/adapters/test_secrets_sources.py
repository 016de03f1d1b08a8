"""Where credentials come from, in which order, without a network."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest
import spnego
from typing_extensions import override

from ipsec_orchestrator.adapters.authentication import (
    Credential,
    check_usable,
    for_spnego,
    principal_of,
    user_and_password,
)
from ipsec_orchestrator.adapters.secrets import (
    PASSWORD_VARIABLE,
    USER_VARIABLE,
    GivenCredential,
    open_credential,
)
from ipsec_orchestrator.errors import AuthenticationError, MissingDependencyError, UsageError
from ipsec_orchestrator.model.inventory import AuthMethod, CredentialSource
from ipsec_orchestrator.model.secret import Secret

_DOMAIN = "ipsectest.com"


class _Keyring(keyring.backend.KeyringBackend):
    """A keyring that holds one password, or is locked."""

    priority = 1.0

    def __init__(self, *, locked: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring has types in part only
        self._locked = locked

    @override
    def get_password(self, service: str, username: str) -> str | None:
        if self._locked:
            raise keyring.errors.KeyringLocked("locked")
        return "from-keyring" if (service, username) == ("lab", "a@ipsectest.com") else None

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.PasswordSetError(service)


@pytest.fixture(autouse=True)
def _keyring_restored() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def no_ticket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The process has no ticket cache."""
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path}/none")


def _found(
    source: CredentialSource,
    *,
    given: GivenCredential | None = None,
    environment: dict[str, str] | None = None,
) -> Credential:
    with open_credential(
        source,
        domain=_DOMAIN,
        auth=AuthMethod.NTLM,
        given=given or GivenCredential(),
        environment=environment or {},
    ) as credential:
        return credential


_ENVIRONMENT = {USER_VARIABLE: "env", PASSWORD_VARIABLE: "from-env"}


def test_the_prompt_goes_before_everything() -> None:
    """What a person has just typed is taken."""
    source = CredentialSource(user="inventory", ccache="/cache", keyring_service="lab")
    given = GivenCredential(user="me", password=Secret("typed"))
    found = _found(source, given=given, environment=_ENVIRONMENT)
    assert (found.user, found.password) == ("me@ipsectest.com", Secret("typed"))
    assert found.origin == "prompt"


def test_the_environment_goes_before_the_inventory() -> None:
    """The two variables override cache, keytab and keyring."""
    found = _found(CredentialSource(ccache="/cache"), environment=_ENVIRONMENT)
    assert (found.user, found.password) == ("env@ipsectest.com", Secret("from-env"))


def test_the_inventorys_cache_goes_before_the_keyring() -> None:
    """A cache is taken by name; a plain path is a file."""
    found = _found(CredentialSource(ccache="/cache", keyring_service="lab"))
    assert found.ccache == "FILE:/cache"
    assert found.password is None


def test_a_cache_of_another_type_keeps_its_type() -> None:
    """``KCM:`` and the like pass through."""
    assert _found(CredentialSource(ccache="KCM:0")).ccache == "KCM:0"


def test_the_keyring_gives_the_password_of_the_user() -> None:
    """Service and user lead to the password."""
    keyring.set_keyring(_Keyring())
    found = _found(CredentialSource(user="a", keyring_service="lab"))
    assert found.password == Secret("from-keyring")
    assert found.origin == "keyring"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (CredentialSource(user="b", keyring_service="lab"), "keyring set lab 'b@ipsectest.com'"),
        (CredentialSource(keyring_service="lab"), USER_VARIABLE),
    ],
)
def test_a_keyring_without_the_entry_says_how_to_make_it(
    source: CredentialSource, words: str
) -> None:
    """A missing entry or user is an error with the command that cures it."""
    keyring.set_keyring(_Keyring())
    with pytest.raises(UsageError) as caught:
        _found(source)
    assert words in (caught.value.cure or "")


def test_a_locked_keyring_says_so() -> None:
    """A keyring that refuses is not taken for an empty one."""
    keyring.set_keyring(_Keyring(locked=True))
    with pytest.raises(UsageError, match="locked"):
        _found(CredentialSource(user="a", keyring_service="lab"))


def test_a_system_without_keyring_says_so() -> None:
    """Where no keyring can be had, the other ways are named."""
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]  # as above
    with pytest.raises(MissingDependencyError) as caught:
        _found(CredentialSource(user="a", keyring_service="lab"))
    assert "prompt" in (caught.value.cure or "")


def test_a_password_without_user_is_refused() -> None:
    """Half of a pair is an error, not a guess."""
    with pytest.raises(UsageError, match="no user"):
        _found(CredentialSource(), environment={PASSWORD_VARIABLE: "x"})


def test_a_keytab_that_is_not_there_is_named() -> None:
    """The path is checked before any KDC is asked."""
    with pytest.raises(UsageError, match="/nowhere/keytab"):
        _found(CredentialSource(keytab="/nowhere/keytab"))


@pytest.mark.usefixtures("no_ticket")
def test_nothing_at_all_names_every_way() -> None:
    """Without any source the sentence lists them."""
    with pytest.raises(UsageError) as caught:
        _found(CredentialSource())
    for way in ("--user", USER_VARIABLE, PASSWORD_VARIABLE, "ccache", "keytab", "kinit"):
        assert way in (caught.value.cure or "")


@pytest.mark.parametrize("user", ["DOM\\a", "a@other.com"])
def test_a_qualified_name_stays_as_it_is(user: str) -> None:
    """Only a bare name gets the domain."""
    given = GivenCredential(user=user, password=Secret("x"))
    assert _found(CredentialSource(), given=given).user == user


@pytest.mark.parametrize(
    ("user", "principal"),
    [
        ("a", "a@IPSECTEST.COM"),
        ("DOM\\a", "a@IPSECTEST.COM"),
        ("a@other.com", "a@OTHER.COM"),
        ("vm1$", "vm1$@IPSECTEST.COM"),
    ],
)
def test_a_name_becomes_a_principal(user: str, principal: str) -> None:
    """The realm is the name's own, or the domain's, in capitals."""
    assert principal_of(user, _DOMAIN) == principal


def test_no_rendering_shows_the_password() -> None:
    """Neither the value nor what pyspnego gets prints it."""
    credential = Credential(user="a", password=Secret("visible?"))
    assert "visible?" not in repr(credential)
    assert "visible?" not in repr(for_spnego(credential, AuthMethod.NTLM))


def test_pyspnego_gets_the_ticket_first() -> None:
    """With both, the ticket serves Kerberos and the password NTLM; NTLM alone gets no ticket."""
    both = Credential(user="a", password=Secret("x"), ccache="FILE:/c")
    assert [type(found) for found in for_spnego(both, AuthMethod.NEGOTIATE)] == [
        spnego.KerberosCCache,
        spnego.Password,
    ]
    assert [type(found) for found in for_spnego(both, AuthMethod.NTLM)] == [spnego.Password]
    assert [type(found) for found in for_spnego(Credential(), AuthMethod.NEGOTIATE)] == [
        spnego.CredentialCache
    ]


def test_clients_of_names_and_passwords_take_the_ticket_from_the_environment() -> None:
    """With a ticket they get neither name nor password; without one, both."""
    secret = Secret("x")
    assert user_and_password(Credential(user="a", password=secret)) == ("a", secret)
    both = Credential(user="a", password=secret, ccache="FILE:/c")
    assert user_and_password(both) == (None, None)


def test_ntlm_without_password_is_refused_before_any_connection() -> None:
    """The sentence says what is missing."""
    with pytest.raises(AuthenticationError, match="NTLM needs a user and a password"):
        check_usable(Credential(user="a"), AuthMethod.NTLM, target="dc1")


_WITHOUT_KERBEROS = """
import sys
sys.modules["gssapi"] = None
sys.modules["krb5"] = None
from ipsec_orchestrator.adapters.authentication import Credential, check_usable
from ipsec_orchestrator.adapters.ldap import LdapDirectory
from ipsec_orchestrator.adapters.secrets import GivenCredential, open_credential
from ipsec_orchestrator.errors import MissingDependencyError
from ipsec_orchestrator.model.inventory import AuthMethod, CredentialSource
from ipsec_orchestrator.model.secret import Secret
given = GivenCredential(user="a", password=Secret("x"))
with open_credential(CredentialSource(), domain="d.com", given=given) as found:
    assert found.password == Secret("x") and found.ccache is None
    check_usable(found, AuthMethod.NEGOTIATE, target="dc1")
try:
    check_usable(found, AuthMethod.KERBEROS, target="dc1")
except MissingDependencyError as error:
    print(error)
"""


def test_without_the_kerberos_packages_ntlm_still_works() -> None:
    """The plain install negotiates with a password; Kerberos says what to install."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_KERBEROS], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert 'pip install "ipsec_orchestrator[kerberos]"' in done.stdout
    assert "gcc python3-dev libkrb5-dev" in done.stdout


def _folder(path: Path, **files: bytes) -> dict[str, str]:
    """A folder as a scheduler makes it, and the variable that names it."""
    for name, content in files.items():
        (path / f"ipsec-orchestrator.{name}").write_bytes(content)
    return {"CREDENTIALS_DIRECTORY": str(path)}


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_a_password_that_is_handed_over_goes_before_the_inventory(
    tmp_path: Path, ending: bytes
) -> None:
    """What a scheduler puts into the folder of credentials is taken, without its line break."""
    variables = _folder(tmp_path, password="pä ss ".encode() + ending)
    found = _found(CredentialSource(user="a", ccache="/cache"), environment=variables)

    assert (found.user, found.password) == ("a@ipsectest.com", Secret("pä ss "))
    assert found.origin == "handed over"


def test_the_environment_goes_before_what_is_handed_over(tmp_path: Path) -> None:
    """The variable is nearer to whoever gave it."""
    variables = {**_ENVIRONMENT, **_folder(tmp_path, password=b"x")}

    assert _found(CredentialSource(), environment=variables).password == Secret("from-env")


@pytest.mark.parametrize(
    ("content", "words"), [(b"\n", "empty"), (b"\xff\xfe", "not UTF-8"), (None, "can't be read")]
)
def test_a_password_that_is_none_is_refused_without_repeating_it(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    """An empty or damaged file is an error, not a reason to look elsewhere."""
    if content is None:
        (tmp_path / "ipsec-orchestrator.password").mkdir()
        variables = _folder(tmp_path)
    else:
        variables = _folder(tmp_path, password=content)

    with pytest.raises(UsageError, match=words) as caught:
        _found(CredentialSource(user="a", ccache="/cache"), environment=variables)
    assert "schedule.md" in str(caught.value)


def test_a_folder_with_nothing_of_ours_changes_nothing(tmp_path: Path) -> None:
    """Credentials of other programs are none of our business."""
    (tmp_path / "password").write_text("x")
    found = _found(CredentialSource(ccache="/cache"), environment=_folder(tmp_path))

    assert found.origin == "ccache"


@pytest.mark.usefixtures("no_ticket")
def test_a_keytab_of_the_environment_comes_after_the_inventory(tmp_path: Path) -> None:
    """It stands in for the ticket that nobody will fetch; a wrong one is told by its name."""
    variables = {"KRB5_CLIENT_KTNAME": f"FILE:{tmp_path}/none"}

    assert _found(CredentialSource(ccache="/cache"), environment=variables).origin == "ccache"
    with pytest.raises(UsageError, match=f"no keytab {tmp_path}/none. Correct KRB5_CLIENT_KTNAME"):
        _found(CredentialSource(), environment=variables)
