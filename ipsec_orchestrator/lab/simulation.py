"""The simulated hosts of a running lab: state, commands, WinRM listeners."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from ipsec_orchestrator.adapters.authentication import Credential, kerberos_installed
from ipsec_orchestrator.adapters.ldap import Endpoint, LdapDirectory
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.lab.domain.certificates import WRONG_NAME
from ipsec_orchestrator.lab.domain.directory_changes import DirectoryChange, directory_changes
from ipsec_orchestrator.lab.domain.layout import (
    ADMINISTRATOR,
    DNS_DOMAIN,
    NETBIOS_DOMAIN,
    LabLayout,
)
from ipsec_orchestrator.lab.lab_hosts import HTTP_PORT, HTTPS_PORT, LabHost
from ipsec_orchestrator.lab.lab_settings import HostFaults, LabSettings
from ipsec_orchestrator.lab.proving.lab_wire import LabWire
from ipsec_orchestrator.lab.proving.network_faults import SOUND
from ipsec_orchestrator.lab.windows import (
    AgentBehaviour,
    ControlServer,
    DirectoryLog,
    GpoStore,
    NetworkPlace,
    RegistryFile,
    SambaTemplates,
    SambaToolMaker,
    SimulatedHost,
    SimulatedNetwork,
    WindowsCommands,
    WindowsSettings,
    canned_answer,
    engine_environment,
)
from ipsec_orchestrator.lab.winrm import (
    CannedBackend,
    EngineBackend,
    HostSettings,
    WindowsDrive,
    WinrmService,
)
from ipsec_orchestrator.model.inventory import AuthMethod, LdapSettings
from ipsec_orchestrator.model.secret import Secret
from ipsec_orchestrator.ports import Directory

_PROCESS_SECONDS = 5.0


class Simulation:
    """All hosts of one lab in this process, on top of a running domain."""

    def __init__(self, layout: LabLayout, hosts: Sequence[LabHost], settings: LabSettings) -> None:
        """Prepare the hosts; nothing listens yet."""
        self._layout = layout
        self._settings = settings
        self._faults: dict[str, HostFaults] = dict(settings.faults)
        passwords: dict[str, str] = json.loads(
            layout.computer_passwords_file.read_text(encoding="utf-8"),
        )
        self._network = SimulatedNetwork(
            [
                NetworkPlace(fqdn=host.fqdn, shown=host.internal_address, real=host.address)
                for host in hosts
            ],
            dns_server=str(layout.dc_address),
            dns_port=layout.ports.dns,
        )
        self._hosts = {
            host.name: self._host(host, Secret(passwords.get(host.name, ""))) for host in hosts
        }
        store = GpoStore(
            self._admin_directory, SambaToolMaker(layout=layout), SambaTemplates(layout)
        )
        self._commands = {
            host.name: WindowsCommands(
                self._hosts[host.name],
                store if host.is_domain_controller else None,
            )
            for host in hosts
        }
        for host in hosts:
            if host.is_domain_controller:
                self._commands[host.name].directory_log.log = DirectoryLog(
                    lambda: list(_notes(layout.server_log)), self._admin_directory
                )
        self._control = ControlServer(layout.root / "control", self._commands)
        self._hosts_in_order = tuple(hosts)
        self._winrm: WinrmService | None = None
        powershell = Path(settings.powershell) if settings.powershell else None
        self.wire = LabWire(layout, hosts, powershell) if settings.wire else None

    def start(self) -> None:
        """Listen on every host."""
        # The engines' environment names the control socket, which exists only once it listens.
        self._control.start()
        if self.wire is not None:
            self.wire.start(self._commands, self._control)
            for name, faults in self._faults.items():
                self._set_network_faults(name, faults)
        self._winrm = WinrmService(
            [self._listener(host) for host in self._hosts_in_order],
            ntlm_user_file=self._layout.ntlm_user_file,
            keytab_file=self._layout.keytab if kerberos_installed() else None,
        )
        self._winrm.start()
        for host in self._hosts.values():
            host.tasks.start()

    def reboot(self, name: str) -> None:
        """Restart a host.

        Raises:
            UsageError: There is no such host.
        """
        host = self._hosts.get(name)
        if host is None:
            raise UsageError(
                f"The lab has no host {name!r}.", cure="orchestrate lab status lists those it has."
            )
        host.reboot()

    def stop(self) -> None:
        """Stop listening, and wait a little for refreshes that are under way."""
        if self._winrm is not None:
            self._winrm.stop()
        self._control.stop()
        for host in self._hosts.values():
            host.tasks.stop()
        for host in self._hosts.values():
            host.wait_for_processes(_PROCESS_SECONDS)
        if self.wire is not None:
            self.wire.stop()

    def set_faults(self, name: str, faults: HostFaults) -> None:
        """Change what is wrong with a host.

        Raises:
            UsageError: There is no such host.
        """
        if self._winrm is not None:
            self._winrm.set_faults(name, faults.wire)
        host = self._hosts[name]
        host.change_settings(_with_faults(host.settings, faults))
        self._set_network_faults(name, faults)
        self._faults[name] = faults

    def _set_network_faults(self, name: str, faults: HostFaults) -> None:
        if self.wire is not None:
            if self.wire.has(name):
                self.wire.set_faults(name, faults.network)
        elif faults.network != SOUND:
            raise UsageError(
                "This lab has no network that could be broken.",
                cure="Start one with orchestrate lab up --wire.",
            )

    def faults(self) -> Mapping[str, HostFaults]:
        """What is wrong with which host at the moment."""
        return dict(self._faults)

    def _host(self, host: LabHost, password: Secret) -> SimulatedHost:
        is_dc = host.is_domain_controller
        account = f"{host.name.upper()}$"
        sysvol = self._layout.samba_dir / "state" / "sysvol"
        settings = WindowsSettings(
            name=host.name,
            account=account,
            addresses=(host.internal_address,),
            sysvol=str(sysvol) if is_dc else None,
        )
        faults = self._faults.get(host.name, HostFaults())
        opener = self._admin_directory if is_dc else self._opener(account, password)
        return SimulatedHost(
            _with_faults(settings, faults),
            registry=RegistryFile(self._registry_folder() / f"{host.name}.json"),
            open_directory=opener,
            read_template=lambda gpo_id: _template(sysvol, gpo_id),
            network=self._network,
        )

    def _registry_folder(self) -> Path:
        folder = registry_folder(self._layout)
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def _opener(
        self,
        account: str,
        password: Secret,
    ) -> Callable[[], AbstractContextManager[Directory]]:
        credential = Credential(user=f"{NETBIOS_DOMAIN}\\{account}", password=password)
        return lambda: self._directory(credential)

    def _admin_directory(self) -> AbstractContextManager[Directory]:
        password = Secret(self._layout.admin_password_file.read_text(encoding="utf-8"))
        return self._directory(
            Credential(user=f"{NETBIOS_DOMAIN}\\{ADMINISTRATOR}", password=password),
        )

    def _directory(self, credential: Credential) -> LdapDirectory:
        layout = self._layout
        # NTLM spares each of two hundred members a ticket of its own.
        settings = LdapSettings(auth=AuthMethod.NTLM, port=layout.ports.ldap)
        return LdapDirectory(
            Endpoint(
                fqdn=layout.dc_fqdn,
                credential=credential,
                settings=settings,
                address=str(layout.dc_address),
            ),
        )

    def _listener(self, host: LabHost) -> HostSettings:
        layout, commands = self._layout, self._commands[host.name]
        powershell = self._settings.powershell
        backend: EngineBackend | CannedBackend
        if powershell is None:
            backend = CannedBackend(answer=canned_answer(self._commands))
        else:
            backend = EngineBackend(
                executable=Path(powershell),
                environment=engine_environment(commands, self._control),
                drive=WindowsDrive(folder=drives_folder(layout) / host.name),
            )
        return HostSettings(
            name=host.name,
            fqdn=host.fqdn,
            address=str(host.address),
            http_port=HTTP_PORT,
            https_port=HTTPS_PORT,
            certificate_file=layout.certificate(host.name),
            key_file=layout.private_key(host.name),
            wrong_certificate_file=layout.certificate(WRONG_NAME),
            wrong_key_file=layout.private_key(WRONG_NAME),
            backend=backend,
            faults=self._faults.get(host.name, HostFaults()).wire,
        )


def _notes(log: Path) -> Iterator[DirectoryChange]:
    with log.open(encoding="utf-8", errors="replace") as lines:
        yield from directory_changes(lines)


def drives_folder(layout: LabLayout) -> Path:
    """Where the C: drives of the simulated hosts lie."""
    return layout.root / "drives"


def registry_folder(layout: LabLayout) -> Path:
    """Where the registries of the simulated hosts lie."""
    return layout.root / "registry"


def _with_faults(settings: WindowsSettings, faults: HostFaults) -> WindowsSettings:
    stopped = faults.agent_stopped
    return replace(
        settings,
        locale=faults.wire.locale.value,
        clock_skew_seconds=faults.wire.clock_skew_seconds,
        policy_agent=AgentBehaviour.STAYS_STOPPED if stopped else AgentBehaviour.STARTS,
        ailments=faults.ailments,
    )


def _template(sysvol: Path, gpo_id: UUID) -> bytes | None:
    folder = sysvol / DNS_DOMAIN / "Policies" / f"{{{str(gpo_id).upper()}}}"
    # Samba spells the file GPT.INI, Windows gpt.ini; over SMB the two are one.
    for name in ("GPT.INI", "gpt.ini"):
        if (folder / name).exists():
            return (folder / name).read_bytes()
    return None
