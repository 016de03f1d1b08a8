"""SSH signatures by ``ssh-keygen -Y``, on Windows too; keys and passphrases stay with it."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ipsec_orchestrator.adapters.signatures.refusal import SignatureRefused
from ipsec_orchestrator.codec.ssh_signature import SshSignature, read_ssh_signature
from ipsec_orchestrator.errors import CodecError, MissingDependencyError, SigningError
from ipsec_orchestrator.model.approval import Approval, SignatureKind

NAMESPACE: Final = "plan@ipsec-orchestrator"
"""What our signatures are for: one that was made for something else approves no plan."""

_PROGRAM: Final = "ssh-keygen"
_VERIFY_SECONDS: Final = 30.0


def sign_with_ssh(content: bytes, key: Path) -> bytes:
    """Give the armored signature.

    Args:
        content: The plan file.
        key: Private key, or the public key of one that ssh-agent holds.

    Raises:
        SigningError: No such key, wrong passphrase, no agent.
        MissingDependencyError: There is no ssh-keygen.
    """
    # The passphrase is asked for on the terminal, or by SSH_ASKPASS: it never comes here.
    done = subprocess.run(
        [_program(), "-Y", "sign", "-n", NAMESPACE, "-f", str(key)],
        input=content,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise SigningError(
            f"ssh-keygen could not sign with {key}: {_last_line(done.stderr)}.",
            cure="Name a private key, or the public key of one that ssh-agent holds.",
        )
    return done.stdout.replace(b"\r\n", b"\n")


class AllowedSigners:
    """A file of allowed signers, as OpenSSH has it (ssh-keygen(1), ALLOWED SIGNERS)."""

    kind = SignatureKind.SSH

    def __init__(self, path: Path) -> None:
        self._path = path

    def verify(self, content: bytes, signature: bytes, name: str) -> Approval:
        """Tell who signed the content.

        Raises:
            SignatureRefused: It does not count.
            MissingDependencyError: There is no ssh-keygen.
        """
        claimed = _claimed(signature)
        if claimed.namespace != NAMESPACE:
            raise SignatureRefused(
                f"it was made for another purpose (namespace {claimed.namespace!r}, not "
                f"{NAMESPACE!r})"
            )
        with TemporaryDirectory(prefix="orchestrate-signature-") as folder:
            # What was read is what is verified, whatever becomes of the file meanwhile.
            copy = Path(folder) / "signature"
            copy.write_bytes(signature)
            common = ("-f", str(self._path), "-s", str(copy))
            found = _ask(("-Y", "find-principals", *common), b"")
            principals = found.stdout.decode(errors="replace").splitlines()
            if found.returncode != 0 or not principals or not principals[0]:
                raise SignatureRefused(
                    f"the key {claimed.fingerprint} is not among those of {self._path}"
                )
            principal = principals[0]
            verified = _ask(("-Y", "verify", *common, "-n", NAMESPACE, "-I", principal), content)
        if verified.returncode != 0:
            raise SignatureRefused(
                f"it does not hold for this plan: {_last_line(verified.stderr or verified.stdout)}"
            )
        return Approval(principal=principal, key=claimed.fingerprint, kind=self.kind, file=name)


def _claimed(signature: bytes) -> SshSignature:
    try:
        return read_ssh_signature(signature.decode())
    except (CodecError, UnicodeDecodeError) as error:
        raise SignatureRefused("it is no SSH signature, or damaged") from error


def _ask(arguments: Sequence[str], content: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [_program(), *arguments],
            input=content,
            capture_output=True,
            timeout=_VERIFY_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SignatureRefused("ssh-keygen did not answer") from error


def _program() -> str:
    found = shutil.which(_PROGRAM)
    if found is None:
        raise MissingDependencyError(
            "There is no ssh-keygen on this machine.",
            cure="Install OpenSSH 8.2 or later: Debian openssh-client; on Windows the feature "
            "OpenSSH Client.",
        )
    return found


def _last_line(said: bytes) -> str:
    """Give the program's own words, for people."""
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1].rstrip(". ") if lines else "it gave no reason"
