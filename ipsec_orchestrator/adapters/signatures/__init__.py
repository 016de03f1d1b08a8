"""Signatures of plan files, by programs and libraries that others keep: OpenSSH and minisign."""

from ipsec_orchestrator.adapters.signatures.files import (
    read_signers,
    sign_file,
    signatures_beside,
)
from ipsec_orchestrator.adapters.signatures.refusal import SignatureRefused
from ipsec_orchestrator.adapters.signatures.ssh_keygen import NAMESPACE

__all__ = ["NAMESPACE", "SignatureRefused", "read_signers", "sign_file", "signatures_beside"]
