"""Certificates of the imitation: an authority of its own, the server, and the application.

The authority's key is never stored; what it certified is all that it will ever certify.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from ipsec_orchestrator.lab.domain.private_files import write_file

_VALIDITY: Final = timedelta(days=825)
# Certificates count from yesterday on, so that a clock that is a little off does no harm.
_LEEWAY: Final = timedelta(days=1)
_RSA_BITS: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureFiles:
    """Where the imitation's files lie, all in one folder."""

    folder: Path

    @property
    def ca_file(self) -> Path:
        """What clients check the server against."""
        return self.folder / "azure-ca.pem"

    @property
    def server_file(self) -> Path:
        """Certificate and key of the server, mode 600."""
        return self.folder / "azure-server.pem"

    @property
    def client_file(self) -> Path:
        """Certificate and RSA key of the application that may ask, mode 600."""
        return self.folder / "azure-client.pem"


def issue_azure_files(folder: Path, address: IPv4Address) -> AzureFiles:
    """Make all files for a server at an address."""
    files = AzureFiles(folder=folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = datetime.now(tz=UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _name("Lab CA of the imitated Azure")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    own = _builder(authority, authority, authority_key.public_key(), now)
    own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    ca = own.add_extension(usage, critical=True).sign(authority_key, hashes.SHA256())
    server_key = ec.generate_private_key(ec.SECP256R1())
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(address)])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    leaf = _builder(_name(str(address)), authority, server_key.public_key(), now)
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = leaf.add_extension(alternatives, critical=False)
    leaf = leaf.add_extension(issuer, critical=False)
    server = leaf.sign(authority_key, hashes.SHA256())
    client_key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    client_name = _name("Lab doctor")
    client = _builder(client_name, client_name, client_key.public_key(), now).sign(
        client_key, hashes.SHA256()
    )
    write_file(files.ca_file, _pem(ca), mode=0o644)
    write_file(files.server_file, _pem(server) + _key_pem(server_key), mode=0o600)
    write_file(files.client_file, _pem(client) + _key_pem(client_key), mode=0o600)
    return files


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    now: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LEEWAY)
        .not_valid_after(now + _VALIDITY - _LEEWAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),  # its readers are programs: the file's mode protects it
    )
