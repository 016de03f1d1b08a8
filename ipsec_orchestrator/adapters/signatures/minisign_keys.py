"""minisign: verifying by the library py-minisign, signing by the program, which keeps the key."""

import base64
import binascii
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from ipsec_orchestrator.adapters.signatures.refusal import SignatureRefused
from ipsec_orchestrator.errors import MissingDependencyError, SigningError
from ipsec_orchestrator.model.approval import Approval, SignatureKind

_COMMENT: Final = b"untrusted comment:"
# Algorithm "Ed", eight bytes of key id, 32 bytes of key.
_PUBLIC_KEY_BYTES: Final = 42


def is_minisign_file(content: bytes) -> bool:
    """Tell whether a file is a key of minisign, public or secret, and none of OpenSSH."""
    return content.lstrip().startswith(_COMMENT)


class MinisignKey:
    """A public key file of minisign, with one key."""

    kind = SignatureKind.MINISIGN

    def __init__(self, content: bytes, name: str) -> None:
        """Read it.

        Raises:
            SigningError: It is no public key.
        """
        lines = content.split(b"\n")
        try:
            raw = base64.b64decode(lines[1].strip(), validate=True)
        except (IndexError, binascii.Error):
            raw = b""
        if len(raw) != _PUBLIC_KEY_BYTES:
            raise SigningError(f"{name}: not a public key of minisign.")
        self._text = lines[1].strip()
        # As minisign prints it: a little-endian number.
        self.id = f"{int.from_bytes(raw[2:10], 'little'):X}"

    def verify(self, content: bytes, signature: bytes, name: str) -> Approval:
        """Tell who signed the content.

        Raises:
            SignatureRefused: It does not count.
            MissingDependencyError: The library is not installed.
        """
        minisign = _library()
        try:
            read = minisign.Signature.from_bytes(signature.strip())
        except minisign.Error as error:
            raise SignatureRefused("it is no minisign signature, or damaged") from error
        try:
            minisign.PublicKey.from_base64(self._text).verify(content, read)
        except minisign.Error as error:
            raise SignatureRefused(
                f"it does not hold for this plan and the key {self.id}: {error}"
            ) from error
        return Approval(principal=f"minisign key {self.id}", key=self.id, kind=self.kind, file=name)


def sign_with_minisign(plan: Path, key: Path, signature: Path, comment: str) -> None:
    """Let minisign write the signature; it asks for the password itself.

    Raises:
        SigningError: It did not.
        MissingDependencyError: There is no minisign.
    """
    program = shutil.which("minisign")
    if program is None:
        raise MissingDependencyError(
            "There is no minisign on this machine.",
            cure="Install it (Debian package minisign), or sign with an SSH key.",
        )
    done = subprocess.run(
        [program, "-S", "-m", str(plan), "-s", str(key), "-x", str(signature), "-t", comment],
        stdout=sys.stderr.fileno(),
        check=False,
    )
    if done.returncode != 0:
        raise SigningError(f"minisign could not sign with {key} (exit code {done.returncode}).")


def _library() -> Any:  # noqa: ANN401 - a module without types, loaded only where it is needed
    try:
        return import_module("minisign")
    except ImportError as error:
        raise MissingDependencyError(
            "Verifying minisign signatures needs the package py-minisign.",
            cure="pip install 'ipsec_orchestrator[minisign]'",
        ) from error
