"""Hosts, accounts and certificates for the tests of the WinRM listener."""

import datetime as dt
import ipaddress
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pypsrp.wsman import WSMan

from ipsec_orchestrator.lab.winrm import (
    UNKNOWN_SCRIPT,
    CannedBackend,
    CannedCall,
    CannedError,
    CannedResult,
    EngineBackend,
    Faults,
    HostSettings,
    Quotas,
    WinrmHost,
    WinrmService,
)
from tests.lacking import lacking

USER: Final = r"IPSECTEST\Administrator"
PASSWORD: Final = "Correct-Horse-1"  # noqa: S105 - of an account that the test makes

# Every process takes addresses of its own, or parallel runs would meet on one.
_PREFIX: Final = f"127.{128 + os.getpid() % 64}.{os.getpid() // 64 % 250}"
_ADDRESSES: Final = (f"{_PREFIX}.{number}" for number in itertools.cycle(range(1, 250)))


def canned_answer(call: CannedCall) -> CannedResult:
    """Answer as the engine does when it runs the same script."""
    match call.script:
        case 'param($Text) "$Text"':
            return CannedResult(output=[str(call.parameters["Text"])])
        case '"x" * 300000':
            return CannedResult(output=["x" * 300000])
        case "Write-Output before; throw 'broken'":
            return CannedResult(
                output=["before"],
                error=CannedError(message="broken", fully_qualified_error_id="broken"),
            )
        case "whoami":
            return CannedResult(output=[f"{call.user} on {call.host}"])
        case "raise":
            raise RuntimeError("an answer that fails")
        case _:
            return UNKNOWN_SCRIPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Pki:
    """A private authority and what it has signed.

    Attributes:
        ca_file: The authority.
        certificate_file: For the addresses of all hosts.
        wrong_certificate_file: For another name.
        key_file: Of both.
    """

    ca_file: Path
    certificate_file: Path
    wrong_certificate_file: Path
    key_file: Path


MakeHost: TypeAlias = Callable[..., WinrmHost]
Backend: TypeAlias = EngineBackend | CannedBackend


@pytest.fixture(scope="session")
def powershell() -> Path:
    """The PowerShell that hosts run scripts with."""
    path = os.environ.get("IPSEC_LAB_POWERSHELL", "")
    if not path:
        lacking("IPSEC_LAB_POWERSHELL does not name a PowerShell")
    return Path(path)


@pytest.fixture
def engine(powershell: Path, tmp_path: Path) -> EngineBackend:
    """A backend that runs scripts."""
    environment = {"PSLAB_PRETEND_51": "1", "HOME": str(tmp_path)}
    environment["PSLAB_CACHE"] = os.environ["PSLAB_CACHE"]  # unpacked once, not once a test
    return EngineBackend(executable=powershell, environment=environment)


@pytest.fixture
def canned() -> CannedBackend:
    """A backend that needs no PowerShell."""
    return CannedBackend(answer=canned_answer)


@pytest.fixture(params=["canned", "engine"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each backend in turn."""
    chosen: Backend = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def start_host(tmp_path: Path) -> Iterator[MakeHost]:
    """Starts hosts on loopback addresses of their own and stops them after the test."""
    accounts = tmp_path / "accounts"
    accounts.write_text(f"IPSECTEST:Administrator:{PASSWORD}\nIPSECTEST:other:{PASSWORD}\n")
    with ExitStack() as stack:

        def start(
            backend: Backend,
            *,
            pki: Pki | None = None,
            quotas: Quotas | None = None,
            faults: Faults | None = None,
            http_port: int = 0,
        ) -> WinrmHost:
            settings = HostSettings(
                name="vm1",
                fqdn="vm1.ipsectest.com",
                address=next(_ADDRESSES),
                http_port=http_port,
                https_port=None if pki is None else 0,
                certificate_file=None if pki is None else pki.certificate_file,
                key_file=None if pki is None else pki.key_file,
                wrong_certificate_file=None if pki is None else pki.wrong_certificate_file,
                wrong_key_file=None if pki is None else pki.key_file,
                backend=backend,
                quotas=quotas or Quotas(),
                faults=faults or Faults(),
            )
            service = stack.enter_context(WinrmService([settings], ntlm_user_file=accounts))
            return service.hosts["vm1"]

        yield start


Connect: TypeAlias = Callable[..., WSMan]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes pypsrp connections and closes them after the test."""
    with ExitStack() as stack:

        def make(host: WinrmHost, **options: object) -> WSMan:
            secure = "ca_file" in options
            port = host.https_port if secure else host.http_port
            values: dict[str, object] = {
                "username": USER,
                "password": PASSWORD,
                "auth": "ntlm",
                "connection_timeout": 10,
                "read_timeout": 30,
                "no_proxy": True,
            }
            if secure:
                values["cert_validation"] = str(options.pop("ca_file"))
            wsman = WSMan(
                host.settings.address,
                port=port,
                ssl=secure,
                **(values | options),  # type: ignore[arg-type] # options of many types
            )
            stack.callback(wsman.close)
            return wsman

        yield make


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """An authority that lives as long as the session."""
    folder = tmp_path_factory.mktemp("pki")
    ca_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    ca = _certificate(ca_name, ca_name, ca_key, ca_key, [])
    addresses: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(f"{_PREFIX}.{number}")) for number in range(1, 250)
    ]
    host_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hosts")])
    right = _certificate(host_name, ca_name, key, ca_key, addresses)
    wrong = _certificate(host_name, ca_name, key, ca_key, [x509.DNSName("elsewhere.example")])
    pki = Pki(
        ca_file=folder / "ca.pem",
        certificate_file=folder / "right.pem",
        wrong_certificate_file=folder / "wrong.pem",
        key_file=folder / "key.pem",
    )
    for path, certificate in (
        (pki.ca_file, ca),
        (pki.certificate_file, right),
        (pki.wrong_certificate_file, wrong),
    ):
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pki.key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pki


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    names: list[x509.GeneralName],
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    authority = not names
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=6))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
