"""Where the receivers of notifications stand: their addresses hold tokens and passwords.

So the text comes only from a file that its owner alone may read, the environment, the keyring of
the system or a credential of systemd, and it is a secret from there on.
"""

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ipsec_orchestrator.errors import MissingDependencyError, NotifyFileError
from ipsec_orchestrator.model.secret import Secret

NOTIFY_VARIABLE: Final = "IPSEC_ORCHESTRATOR_NOTIFY"
KEYRING: Final = "keyring:"
KEYRING_USER: Final = "notify"
CREDENTIAL: Final = "credential:"
CREDENTIALS_FOLDER: Final = "CREDENTIALS_DIRECTORY"
# A list of receivers; more is some other file, named by mistake.
_LARGEST: Final = 1_000_000


def read_notify_source(source: str | None, variables: Mapping[str, str]) -> Secret | None:
    """Give the text that says who is to be told, in the format of apprise.

    Args:
        source: A file, ``keyring:SERVICE`` or ``credential:NAME``; ``None`` for the environment.
        variables: The environment.

    Returns:
        The text; ``None`` if nobody is named anywhere.

    Raises:
        NotifyFileError: It is not there, can't be read, or others may read it.
        MissingDependencyError: This system has no keyring.
    """
    if source is None:
        text = variables.get(NOTIFY_VARIABLE)
        # In a variable several addresses stand on one line, too.
        return Secret("\n".join(text.split())) if text else None
    if source.startswith(KEYRING):
        return _from_keyring(source.removeprefix(KEYRING))
    if source.startswith(CREDENTIAL):
        return _from_systemd(source.removeprefix(CREDENTIAL), variables)
    # Whom systemd or Kubernetes lets read their credentials is their own affair: with an ACL or a
    # group for the one user of the service, who alone gets into the folder.
    folder = variables.get(CREDENTIALS_FOLDER)
    given = bool(folder) and Path(source).parent == Path(folder or "")
    return _from_file(Path(source), private=not given)


def _from_file(path: Path, *, private: bool) -> Secret:
    try:
        with path.open("rb") as file:
            if private:
                _check_private(path, os.fstat(file.fileno()))
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise NotifyFileError(f"{path} can't be read: {error.strerror}.") from error
    if len(content) > _LARGEST:
        raise NotifyFileError(f"{path} is too large for a list of receivers.")
    try:
        return Secret(content.decode())
    except UnicodeDecodeError as error:
        # Not chained: the exception holds the whole content.
        place = error.start
        raise NotifyFileError(f"{path} is not UTF-8, at byte {place}.") from None


def _check_private(path: Path, seen: os.stat_result) -> None:
    """Refuse a file that others can read or write; on Windows its ACL decides, unseen from here."""
    if sys.platform != "win32":
        if seen.st_uid not in {0, os.geteuid()}:
            raise NotifyFileError(
                f"{path} belongs to another user, who could send the news anywhere.",
                cure=f"Take a copy of your own, and chmod 600 {path}",
            )
        if stat.S_IMODE(seen.st_mode) & 0o077:
            raise NotifyFileError(
                f"{path} may be read by others (mode {stat.S_IMODE(seen.st_mode):04o}), and what it "
                "holds is secret.",
                cure=f"chmod 600 {path}, and change the tokens in it if others could read them.",
            )


def _from_systemd(name: str, variables: Mapping[str, str]) -> Secret:
    folder = variables.get(CREDENTIALS_FOLDER)
    if not folder:
        raise NotifyFileError(
            f"There is no credential {name}: {CREDENTIALS_FOLDER} is not set.",
            cure=f"Start it as a service of systemd with LoadCredential={name}:FILE.",
        )
    if not name or Path(name).name != name:
        raise NotifyFileError(f"{name!r} is no name of a credential.")
    return _from_file(Path(folder) / name, private=False)


def _from_keyring(service: str) -> Secret:
    import keyring  # noqa: PLC0415 - loads slowly
    import keyring.errors  # noqa: PLC0415 - as above

    try:
        text = keyring.get_password(service, KEYRING_USER)
    except keyring.errors.NoKeyringError as error:
        raise MissingDependencyError(
            "This system has no keyring that can be used.",
            cure="Install one (Secret Service, KWallet), or name a file with mode 600.",
        ) from error
    except keyring.errors.KeyringError as error:
        raise NotifyFileError(
            f"The keyring did not give the entry {service}: it is locked or refused.",
            cure="Unlock it, or name a file with mode 600.",
        ) from error
    if text is None:
        raise NotifyFileError(
            f"The keyring has no entry {service} of the user {KEYRING_USER}.",
            cure=f"Store it: keyring set {service} {KEYRING_USER}",
        )
    return Secret("\n".join(text.split()))
