"""The lab's own certificate authority, and what it certifies: the DC and every host's HTTPS.

The authority's key is never stored: once the lab is made, nobody can certify anything in its name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ipsec_orchestrator.lab.domain.layout import DNS_DOMAIN, DomainHost, LabLayout
from ipsec_orchestrator.lab.domain.private_files import write_file

DC_LDAPS = "dc-ldaps"
"""Name of the domain controller's certificate among ``LabLayout.certificate``."""

WRONG_NAME = "wrong-name"
"""Name of a certificate that the right authority signed for a name that no host has."""

VALIDITY = timedelta(days=825)
"""The longest that clients of any platform accept."""

LEEWAY = timedelta(days=1)
"""Certificates count from yesterday on, so that a clock that is a little off does no harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def issue_certificates(layout: LabLayout, hosts: Sequence[DomainHost]) -> None:
    """Make a new authority and all certificates of a lab, as PEM files under ``layout.tls_dir``."""
    layout.tls_dir.mkdir(mode=0o755, exist_ok=True)
    now = datetime.now(tz=UTC)
    authority = _make_authority(now)
    write_file(layout.ca_file, _pem(authority.certificate), mode=0o644)
    _issue(
        layout,
        authority,
        now,
        file_name=DC_LDAPS,
        names=(layout.dc_fqdn, DNS_DOMAIN, layout.dc_fqdn.partition(".")[0]),
        address=layout.dc_address,
    )
    for host in hosts:
        _issue(
            layout,
            authority,
            now,
            file_name=host.name,
            names=(host.fqdn, host.name),
            address=host.address,
        )
    _issue(
        layout,
        authority,
        now,
        file_name=WRONG_NAME,
        names=(f"somebody-else.{DNS_DOMAIN}",),
        address=None,
    )


def _make_authority(now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Lab CA of {DNS_DOMAIN}")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LEEWAY)
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Authority(key=key, certificate=certificate)


def _issue(
    layout: LabLayout,
    authority: _Authority,
    now: datetime,
    *,
    file_name: str,
    names: Sequence[str],
    address: IPv4Address | None,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    if address is not None:
        alternatives.append(x509.IPAddress(address))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(names[0]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LEEWAY)
        .not_valid_after(now + VALIDITY - LEEWAY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )
    chain = _pem(certificate) + _pem(authority.certificate)
    write_file(layout.certificate(file_name), chain, mode=0o644)
    private_bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),  # its readers are servers: the file's mode protects it
    )
    write_file(layout.private_key(file_name), private_bytes, mode=0o600)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
