"""One small world behind every way of running scripts on members."""

import datetime as dt
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typing_extensions import override

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.members import WindowsMembers
from ipsec_orchestrator.adapters.memory import (
    MemoryDirectory,
    MemoryGpos,
    MemorySysvol,
    seeded_directory,
)
from ipsec_orchestrator.adapters.memory.members import MemoryMembers
from ipsec_orchestrator.codec import IpsecPolicy, encode
from ipsec_orchestrator.codec.gp_link import GpoLinkText
from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.lab.windows import (
    ControlServer,
    GposAsMaker,
    GpoStore,
    NetworkPlace,
    RegistryFile,
    SimulatedHost,
    SimulatedNetwork,
    WindowsCommands,
    WindowsSettings,
    canned_answer,
    canned_script,
    engine_environment,
)
from ipsec_orchestrator.lab.winrm import (
    CannedBackend,
    EngineBackend,
    Faults,
    HostSettings,
    Locale,
    WindowsDrive,
    WinrmService,
)
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.inventory import (
    AuthMethod,
    Host,
    HostRole,
    MemberTransport,
    Scheme,
    WinrmSettings,
)
from ipsec_orchestrator.model.secret import Secret
from ipsec_orchestrator.ports import Members
from tests.lacking import lacking

DOMAIN: Final = "ipsectest.com"
DOMAIN_DN: Final = "DC=ipsectest,DC=com"
OU: Final = f"OU=IPSecOU,{DOMAIN_DN}"
POLICY_ID: Final = UUID("8c0f0a3e-5b1d-5f6e-9d52-1a2b3c4d5e6f")
POLICY_DN: Final = f"CN=ipsecPolicy{{{POLICY_ID}}},CN=IP Security,CN=System,{DOMAIN_DN}"
PAIR: Final = "[{E437BC1C-AA7D-11D2-A382-00C04F991E27}{DEA8AFA0-CC85-11D0-9CE2-0080C7221EBD}]"
PASSWORD: Final = "Correct-Horse-1"  # noqa: S105 - of an account that the test makes
# Every process takes addresses of its own, or parallel runs would meet on one.
_PREFIX: Final = f"127.{130 + os.getpid() % 64}.{os.getpid() // 64 % 250}"
_NUMBERS: Final = itertools.count()


class FolderSysvol(MemorySysvol):
    """Templates in a folder, as a domain controller has them."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    @override
    def read(self, gpo_id: UUID, path: str) -> bytes | None:
        file = self._file(gpo_id, path)
        return file.read_bytes() if file.exists() else None

    @override
    def write(self, gpo_id: UUID, path: str, content: bytes) -> None:
        self._file(gpo_id, path).write_bytes(content)

    @override
    def make_folder(self, gpo_id: UUID) -> None:
        self._file(gpo_id, "gpt.ini").parent.mkdir(parents=True)

    @override
    def delete_folder(self, gpo_id: UUID) -> None:
        for file in self._file(gpo_id, "gpt.ini").parent.iterdir():
            file.unlink()

    def _file(self, gpo_id: UUID, path: str) -> Path:
        return self.folder / DOMAIN / "Policies" / braced(gpo_id) / path.casefold()


@dataclass(slots=True, kw_only=True)
class World:
    """dc1 and vm1 of one domain, without any transport."""

    directory: MemoryDirectory
    sysvol: FolderSysvol
    commands: Mapping[str, WindowsCommands]

    @property
    def vm1(self) -> SimulatedHost:
        """The member in the OU."""
        return self.commands["vm1"].host


def make_world(folder: Path, *, locale: str = "en-US") -> World:
    """Make a domain whose OU has a GPO that assigns a policy; vm1 has not refreshed yet."""
    directory = seeded_directory(SystemClock(), units=["IPSecOU"], computers=[("vm1", "IPSecOU")])
    sysvol = FolderSysvol(folder / "sysvol")
    gpos = MemoryGpos(directory, sysvol)
    store = GpoStore(lambda: nullcontext(directory), GposAsMaker(gpos, uuid4), sysvol)
    directory.add(
        POLICY_DN,
        Attributes.of_text(
            objectClass="ipsecPolicy",
            ipsecName="Größe 大きさ",
            ipsecID=f"{{{POLICY_ID}}}",
            ipsecDataType="256",
        ).with_values("ipsecData", [encode(IpsecPolicy())]),
    )
    gpo = store.create("assigning")
    for dn in assignment_dns(gpo.dn)[1:-1]:
        directory.add(dn, Attributes.of_text(objectClass="container"))
    assignment = Attributes.of_text(
        objectClass="ipsecPolicy",
        ipsecOwnersReference=POLICY_DN,
        ipsecName="Größe 大きさ",
    )
    directory.add(assignment_dns(gpo.dn)[-1], assignment)
    directory.replace(gpo.dn, Attributes.of_text(gPCMachineExtensionNames=PAIR, versionNumber="1"))
    directory.replace(OU, Attributes.of_text(gPLink=str(GpoLinkText(dn=gpo.dn))))

    network = SimulatedNetwork(
        NetworkPlace(fqdn=f"{name}.{DOMAIN}", shown=ip_address(address))
        for name, address in (("dc1", "10.2.27.5"), ("vm1", "10.0.1.20"))
    )

    def commands(name: str, gpos: GpoStore | None) -> WindowsCommands:
        settings = WindowsSettings(
            name=name,
            account=f"{name.upper()}$",
            locale=locale,
            sysvol=None if gpos is None else str(sysvol.folder),
        )
        host = SimulatedHost(
            settings,
            registry=RegistryFile(folder / f"{name}.json"),
            open_directory=lambda: nullcontext(directory),
            read_template=lambda gpo_id: sysvol.read(gpo_id, "gpt.ini"),
            network=network,
        )
        return WindowsCommands(host, gpos)

    return World(
        directory=directory,
        sysvol=sysvol,
        commands={"dc1": commands("dc1", store), "vm1": commands("vm1", None)},
    )


@dataclass(slots=True, kw_only=True)
class Reached:
    """A world with a way to its hosts.

    Attributes:
        world: What is behind.
        members: The adapter under test.
        hosts: Inventory entries by name.
        set_faults: Makes a host misbehave.
    """

    world: World
    members: Members
    hosts: Mapping[str, Host]
    set_faults: Callable[[str, Faults], None] | None = None

    def with_settings(self, name: str, settings: WinrmSettings) -> Host:
        """Give a host reached in another way."""
        return replace(self.hosts[name], winrm=settings)


def credential(password: str = PASSWORD) -> Credential:
    """The administrator."""
    return Credential(user=r"IPSECTEST\Administrator", password=Secret(password))


def reach(
    stack: ExitStack,
    folder: Path,
    *,
    backend: str,
    transport: MemberTransport,
    scheme: Scheme,
    powershell: Path | None = None,
) -> Reached:
    """Start listeners in front of a new world."""
    world = make_world(folder, locale="de-DE")
    control = stack.enter_context(ControlServer(folder / "control", world.commands))
    accounts = folder / "accounts"
    accounts.write_text(f"IPSECTEST:Administrator:{PASSWORD}\n")
    authority, right, wrong, key = make_certificates(folder)
    settings = []
    for name, commands in world.commands.items():
        settings.append(
            HostSettings(
                name=name,
                fqdn=f"{name}.{DOMAIN}",
                address=f"{_PREFIX}.{next(_NUMBERS) % 250 + 1}",
                http_port=0,
                https_port=0,
                certificate_file=right,
                key_file=key,
                wrong_certificate_file=wrong,
                wrong_key_file=key,
                backend=CannedBackend(answer=canned_answer(world.commands))
                if backend == "canned" or powershell is None
                else EngineBackend(
                    executable=powershell,
                    environment=engine_environment(commands, control),
                    drive=WindowsDrive(folder=folder / "drives" / name),
                ),
                faults=Faults(locale=Locale.GERMAN),
            ),
        )
    service = stack.enter_context(WinrmService(settings, ntlm_user_file=accounts))
    hosts = {
        found.name: Host(
            name=found.name,
            role=HostRole.AZURE_VM,
            fqdn=found.fqdn,
            winrm=WinrmSettings(
                transport=transport,
                auth=AuthMethod.NTLM,
                scheme=scheme,
                port=service.hosts[found.name].https_port
                if scheme is Scheme.HTTPS
                else service.hosts[found.name].http_port,
                ca_file=str(authority),
                address=found.address,
                connect_timeout_seconds=5.0,
            ),
        )
        for found in settings
    }
    stack.callback(lambda: [c.host.wait_for_processes(10.0) for c in world.commands.values()])
    return Reached(
        world=world,
        members=WindowsMembers(credential()),
        hosts=hosts,
        set_faults=service.set_faults,
    )


def make_certificates(folder: Path) -> tuple[Path, Path, Path, Path]:
    """Make an authority, a certificate for both names, one for another name, and their key."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def sign(names: list[str]) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name("member" if names else "authority"))
            .issuer_name(_name("authority"))
            .public_key((key if names else ca_key).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        )
        if names:
            # No address: the name has to be what is checked.
            alternatives = [x509.DNSName(name) for name in names]
            builder = builder.add_extension(
                x509.SubjectAlternativeName(alternatives), critical=False
            )
        return builder.sign(ca_key, hashes.SHA256())

    files = {
        "ca.pem": sign([]),
        "right.pem": sign([f"dc1.{DOMAIN}", f"vm1.{DOMAIN}"]),
        "wrong.pem": sign(["elsewhere.example"]),
    }
    for name, certificate in files.items():
        (folder / name).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    return folder / "ca.pem", folder / "right.pem", folder / "wrong.pem", folder / "key.pem"


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


_WAYS: Final = [
    "memory",
    *(
        f"{backend}-{transport.value}-{scheme.value}"
        for backend in ("canned", "engine")
        for transport in MemberTransport
        for scheme in Scheme
    ),
]


@pytest.fixture(scope="module", params=_WAYS)
def reached(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Reached]:
    """The same world by every way: in memory; canned and engine by each transport and scheme."""
    folder = tmp_path_factory.mktemp("members")
    way: str = request.param
    if way == "memory":
        world = make_world(folder, locale="de-DE")
        yield Reached(
            world=world,
            members=MemoryMembers({n: canned_script(c) for n, c in world.commands.items()}),
            hosts={
                name: Host(name=name, role=HostRole.AZURE_VM, fqdn=f"{name}.{DOMAIN}")
                for name in world.commands
            },
        )
        return
    backend, transport, scheme = way.split("-")
    path = os.environ.get("IPSEC_LAB_POWERSHELL", "")
    if backend == "engine" and not path:
        lacking("IPSEC_LAB_POWERSHELL does not name a PowerShell")
    with ExitStack() as stack:
        yield reach(
            stack,
            folder,
            backend=backend,
            transport=MemberTransport(transport),
            scheme=Scheme(scheme),
            powershell=Path(path) if path else None,
        )


@pytest.fixture(params=[t.value for t in MemberTransport])
def canned_over_http(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reached]:
    """A canned world of its own by HTTP, by each transport, to be broken by the test."""
    with ExitStack() as stack:
        yield reach(
            stack,
            tmp_path,
            backend="canned",
            transport=MemberTransport(request.param),
            scheme=Scheme.HTTP,
        )


@pytest.fixture(params=[t.value for t in MemberTransport])
def canned_over_https(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reached]:
    """A canned world of its own by HTTPS, by each transport, to be broken by the test."""
    with ExitStack() as stack:
        yield reach(
            stack,
            tmp_path,
            backend="canned",
            transport=MemberTransport(request.param),
            scheme=Scheme.HTTPS,
        )
