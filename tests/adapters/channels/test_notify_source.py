"""Where receivers may stand, and that what others can read is refused."""

import os
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.channels.notify_source import (
    NOTIFY_VARIABLE,
    read_notify_source,
)
from ipsec_orchestrator.errors import MissingDependencyError, NotifyFileError
from ipsec_orchestrator.model.secret import Secret

ADDRESS = "json://user:T0PSECRET@127.0.0.1/hook"


class _Keyring(keyring.backend.KeyringBackend):
    """A keyring with one entry."""

    priority = 1.0

    @override
    def get_password(self, service: str, username: str) -> str | None:
        return ADDRESS if (service, username) == ("watch", "notify") else None

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def _keyring_restored() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A list of receivers that only its owner can read."""
    path = tmp_path / "notify.conf"
    path.touch(mode=0o600)
    path.write_text(ADDRESS, encoding="utf-8")
    return path


def test_a_file_of_its_owner_is_taken(file: Path) -> None:
    """And what it holds is a secret from there on."""
    found = read_notify_source(str(file), {})

    assert found == Secret(ADDRESS)
    assert "T0PSECRET" not in f"{found} {found!r}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o666])
def test_a_file_that_others_can_use_is_refused(file: Path, mode: int) -> None:
    """The sentence names the mode and the cure, and nothing of the content."""
    file.chmod(mode)
    with pytest.raises(NotifyFileError) as caught:
        read_notify_source(str(file), {})

    assert f"mode {mode:04o}" in str(caught.value)
    assert f"chmod 600 {file}" in str(caught.value)
    assert "T0PSECRET" not in str(caught.value)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_refused(file: Path) -> None:
    """Whoever wrote it could send the news anywhere."""
    os.chown(file, 65534, 65534)
    with pytest.raises(NotifyFileError, match="belongs to another user"):
        read_notify_source(str(file), {})


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path, file: Path) -> None:
    """Neither is a traceback, and the content of the second is not shown."""
    with pytest.raises(NotifyFileError, match=r"none\.conf can't be read"):
        read_notify_source(str(tmp_path / "none.conf"), {})
    file.write_bytes(b"T0PSECRET \xff")
    with pytest.raises(NotifyFileError, match="is not UTF-8, at byte 10") as caught:
        read_notify_source(str(file), {})
    assert caught.value.__cause__ is None
    file.write_bytes(b"x" * 1_000_001)
    with pytest.raises(NotifyFileError, match="too large"):
        read_notify_source(str(file), {})


def test_the_environment_is_looked_at_if_no_file_is_named(file: Path) -> None:
    """Several addresses stand in it with spaces; without it nobody is told."""
    several = {NOTIFY_VARIABLE: f"{ADDRESS}  mailto://x@example.com"}

    assert read_notify_source(None, several) == Secret(f"{ADDRESS}\nmailto://x@example.com")
    assert read_notify_source(None, {}) is None
    assert read_notify_source(str(file), several) == Secret(ADDRESS)


def test_a_credential_of_systemd_is_taken(tmp_path: Path) -> None:
    """By its name or its path; systemd itself decides who may read it."""
    (tmp_path / "notify").write_text(ADDRESS, encoding="utf-8")
    (tmp_path / "notify").chmod(0o440)
    variables = {"CREDENTIALS_DIRECTORY": str(tmp_path)}

    assert read_notify_source("credential:notify", variables) == Secret(ADDRESS)
    assert read_notify_source(f"{tmp_path}/notify", variables) == Secret(ADDRESS)
    with pytest.raises(NotifyFileError, match="may be read by others"):
        read_notify_source(f"{tmp_path}/notify", {"CREDENTIALS_DIRECTORY": "/run/elsewhere"})
    with pytest.raises(NotifyFileError, match="is no name of a credential"):
        read_notify_source("credential:../notify", variables)
    with pytest.raises(NotifyFileError, match="LoadCredential=notify:FILE"):
        read_notify_source("credential:notify", {})


def test_the_keyring_is_taken() -> None:
    """An entry that is not there is said with the command that makes it."""
    keyring.set_keyring(_Keyring())  # type: ignore[no-untyped-call]  # typed in part

    assert read_notify_source("keyring:watch", {}) == Secret(ADDRESS)
    with pytest.raises(NotifyFileError, match="keyring set other notify"):
        read_notify_source("keyring:other", {})
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]  # as above
    with pytest.raises(MissingDependencyError, match="no keyring"):
        read_notify_source("keyring:watch", {})
