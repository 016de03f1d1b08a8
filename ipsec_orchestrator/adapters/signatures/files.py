"""Where signatures lie: beside the plan, one file each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

from ipsec_orchestrator.adapters.signatures.minisign_keys import (
    MinisignKey,
    is_minisign_file,
    sign_with_minisign,
)
from ipsec_orchestrator.adapters.signatures.ssh_keygen import AllowedSigners, sign_with_ssh
from ipsec_orchestrator.errors import SigningError
from ipsec_orchestrator.model.approval import SignatureKind

Signers: TypeAlias = AllowedSigners | MinisignKey

_ENDINGS: Final = {SignatureKind.SSH: "sig", SignatureKind.MINISIGN: "minisig"}
# A signature is less than a kilobyte, a list of signers a few lines; nothing larger is read.
_LARGEST_BYTES: Final = 1 << 20


def read_signers(path: Path) -> Signers:
    """Read a file of those who may sign: allowed signers of OpenSSH, or a minisign public key.

    Raises:
        SigningError: It can't be read.
    """
    content = _read(path)
    return MinisignKey(content, str(path)) if is_minisign_file(content) else AllowedSigners(path)


def signatures_beside(plan: Path) -> Iterator[tuple[Path, SignatureKind, bytes]]:
    """Give the signatures of a plan, ``plan.json.sig`` and ``plan.json.NAME.sig``, by name.

    Raises:
        SigningError: One can't be read.
    """
    try:
        names = sorted(entry.name for entry in plan.absolute().parent.iterdir())
    except OSError as error:
        raise SigningError(f"{plan}: its folder can't be read: {error.strerror}.") from error
    for name in names:
        rest = name.removeprefix(f"{plan.name}.")
        if rest == name:
            continue
        for kind, ending in _ENDINGS.items():
            if rest == ending or rest.endswith(f".{ending}"):
                path = plan.with_name(name)
                yield path, kind, _read(path)


def sign_file(plan: Path, content: bytes, key: Path, identity: str | None, comment: str) -> Path:
    """Write a signature beside a plan and give its path.

    Args:
        plan: The plan file.
        content: What was read of it.
        key: SSH key (private, or public with the private one in ssh-agent), or minisign's secret
            key.
        identity: Goes into the name of the signature's file, for a second signature.
        comment: What minisign signs along with the plan.

    Raises:
        SigningError: There is a signature of that name, or none could be made.
    """
    is_minisign = is_minisign_file(_read(key))
    ending = _ENDINGS[SignatureKind.MINISIGN if is_minisign else SignatureKind.SSH]
    middle = f".{identity}" if identity else ""
    path = plan.with_name(f"{plan.name}{middle}.{ending}")
    if path.exists():
        raise SigningError(
            f"There is a signature already: {path}.",
            cure="Give yours a name of its own with --identity, or delete the file if it is of an "
            "earlier plan.",
        )
    if is_minisign:
        sign_with_minisign(plan, key, path, comment)
    else:
        try:
            path.write_bytes(sign_with_ssh(content, key))
        except OSError as error:
            raise SigningError(f"{path} can't be written: {error.strerror}.") from error
    return path


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise SigningError(f"{path} can't be read: {error.strerror}.") from error
    if len(content) > _LARGEST_BYTES:
        raise SigningError(f"{path} is too large to be a key or a signature.")
    return content
