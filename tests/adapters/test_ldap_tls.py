"""The TLS context and the channel binding, on real handshakes over loopback."""

import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from ipsec_orchestrator.adapters.ldap.tls import channel_binding, client_context, tls_failure
from ipsec_orchestrator.errors import SpecificationError

_NAME = "dc1.ipsectest.com"


def _certificate(folder: Path, algorithm: hashes.HashAlgorithm | None) -> Path:
    """Write a self-signed certificate with its key; without algorithm, by Ed25519."""
    key = (
        ed25519.Ed25519PrivateKey.generate()
        if algorithm is None
        else ec.generate_private_key(ec.SECP256R1())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, algorithm)  # type: ignore[arg-type]  # Ed25519 takes none
    )
    path = folder / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(params=["sha256", "sha384", "sha512", "ed25519"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, int, str]]:
    """A TLS server; its certificate's file, its port, and the signature's hash."""
    algorithms: dict[str, hashes.HashAlgorithm | None] = {
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
        "ed25519": None,
    }
    path = _certificate(tmp_path, algorithms[request.param])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                try:
                    with context.wrap_socket(client, server_side=True) as secured:
                        secured.recv(1)
                except OSError:
                    return  # the client refused us, which is what some tests want

        thread = threading.Thread(target=serve)
        thread.start()
        yield path, listener.getsockname()[1], request.param
        thread.join(timeout=10)


def test_the_binding_is_the_hash_of_the_certificate(server: tuple[Path, int, str]) -> None:
    """``tls-server-end-point:`` and the certificate's hash by its own algorithm; none for Ed25519."""
    path, port, algorithm = server
    context = client_context(str(path))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=_NAME) as secured,
    ):
        binding = channel_binding(secured)
        encoded = secured.getpeercert(binary_form=True)
    assert encoded is not None
    if algorithm == "ed25519":
        assert binding is None
    else:
        assert binding is not None
        digest = hashlib.new(algorithm, encoded).digest()
        assert binding.application_data == b"tls-server-end-point:" + digest


def test_another_name_is_refused(server: tuple[Path, int, str]) -> None:
    """A trusted certificate for another name ends the handshake, and the sentence says why."""
    path, port, _ = server
    context = client_context(str(path))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            context.wrap_socket(plain, server_hostname="dc2.ipsectest.com")
        error = tls_failure(caught.value, fqdn="dc2.ipsectest.com")
    assert "certificate was refused" in error.reason
    assert error.host == "dc2.ipsectest.com"


def test_checks_are_on_and_old_versions_off() -> None:
    """Certificate and name are demanded, TLS 1.2 is the least."""
    context = client_context(None)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_missing_ca_file_is_an_error_of_the_inventory(tmp_path: Path) -> None:
    """The file is named as it was written."""
    missing = str(tmp_path / "none.pem")
    with pytest.raises(SpecificationError) as caught:
        client_context(missing)
    assert caught.value.problems[0].file == missing
