"""TLS for LDAPS: certificate and name are always checked; and the channel binding of it."""

import hashlib
import ssl
import warnings

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from spnego.channel_bindings import GssChannelBindings

from ipsec_orchestrator.errors import HostUnreachableError, SpecificationError
from ipsec_orchestrator.errors.spec import Problem

_WEAK = frozenset({"md5", "sha1"})


def client_context(ca_file: str | None) -> ssl.SSLContext:
    """Make a context that demands a valid certificate for the name that is asked for.

    Args:
        ca_file: PEM file of the issuing CA; ``None`` trusts the system's.

    Raises:
        SpecificationError: The CA file can't be read or holds no certificate.
    """
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SpecificationError(
            [
                Problem(
                    file=str(ca_file),
                    line=1,
                    column=1,
                    path="ca_file",
                    message="is no readable PEM file with a CA certificate",
                ),
            ],
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def tls_failure(error: ssl.SSLError, *, fqdn: str) -> HostUnreachableError:
    """Say in plain words why TLS did not come up."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return HostUnreachableError(
            host=fqdn,
            reason=f"its certificate was refused: {error.verify_message.rstrip('.')}",
            cure="Name the issuing CA's file as ca_file, and use the name in the certificate.",
        )
    return HostUnreachableError(
        host=fqdn,
        reason=f"TLS failed ({error.reason or 'connection ended in the handshake'})",
        cure="Has the DC a certificate for LDAPS? Is this the LDAPS port (636)?",
    )


def channel_binding(connection: ssl.SSLSocket) -> GssChannelBindings | None:
    """Give the binding ``tls-server-end-point`` ([RFC5929] 4) of a connection.

    The hash is the one of the certificate's signature, SHA-256 in place of MD5 and SHA-1; it is
    undefined (``None``) where the signature has no single hash, as with Ed25519.
    """
    encoded = connection.getpeercert(binary_form=True)
    if not encoded:
        return None
    with warnings.catch_warnings():
        # A certificate that the trust check accepted may still have oddities that the library
        # announces to refuse one day; they are no news for our user.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        algorithm = x509.load_der_x509_certificate(encoded).signature_hash_algorithm
    if algorithm is None:
        return None
    name = "sha256" if algorithm.name in _WEAK else algorithm.name
    digest = hashlib.new(name, encoded).digest()
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest)
