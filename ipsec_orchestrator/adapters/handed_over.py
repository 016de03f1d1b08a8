"""Credentials that a scheduler hands over as files in ``$CREDENTIALS_DIRECTORY``.

systemd makes the folder for a service (``LoadCredential``), in memory and for that service alone;
in Kubernetes a Secret is mounted there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.secret import Secret
from ipsec_orchestrator.planning.schedule.credential_names import (
    DIRECTORY_VARIABLE,
    KEYTAB,
    PASSWORD,
)

_CURE: Final = "docs/in-practice/schedule.md says how a schedule hands credentials over."


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """What lies in the folder: at most one of the two counts, the password first."""

    password: Secret | None = None
    keytab: str | None = None


def handed_over(variables: Mapping[str, str]) -> HandedOver:
    """Look into the folder, if there is one.

    Args:
        variables: The environment.

    Raises:
        UsageError: The password is there and can't be read, or is empty.
    """
    folder = variables.get(DIRECTORY_VARIABLE)
    if not folder:
        return HandedOver()
    password, keytab = Path(folder) / PASSWORD, Path(folder) / KEYTAB
    return HandedOver(
        password=_password(password) if password.exists() else None,
        keytab=str(keytab) if keytab.exists() else None,
    )


def _password(path: Path) -> Secret:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UsageError(f"The password in {path} can't be read: {reason}.", cure=_CURE) from error
    # An editor ends the last line; a line break is no part of a password.
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise UsageError(f"The password in {path} is empty.", cure=_CURE)
    return Secret(text)
