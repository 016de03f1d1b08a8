"""Certificates of HTTPS listeners."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What a listener presents.

    Attributes:
        context: Ready to wrap accepted sockets.
        binding: Data of the ``tls-server-end-point`` channel binding, RFC 5929 section 4.
    """

    context: ssl.SSLContext
    binding: bytes


def load_certificate(certificate_file: Path, key_file: Path) -> ServerCertificate:
    """Load a PEM chain and its key.

    Raises:
        OSError: A file can't be read.
        ValueError: The chain holds no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate_file, key_file)
    leaf = x509.load_pem_x509_certificates(certificate_file.read_bytes())[0]
    algorithm = leaf.signature_hash_algorithm
    # The RFC replaces the two broken hashes; without one of its own (Ed25519) SHA-256 is usual.
    if algorithm is None or algorithm.name in {"md5", "sha1"}:
        algorithm = hashes.SHA256()
    return ServerCertificate(context, b"tls-server-end-point:" + leaf.fingerprint(algorithm))
