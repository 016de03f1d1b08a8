"""One simulated Windows host: registry, services, WMI, and its Group Policy client."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Final

from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.lab.windows.cim import ROOT_CIMV2, RSOP_COMPUTER, CimRepository
from ipsec_orchestrator.lab.windows.computer_account import read_computer_account
from ipsec_orchestrator.lab.windows.group_policy_client import (
    GroupPolicyRun,
    RunMemory,
    run_group_policy,
)
from ipsec_orchestrator.lab.windows.group_policy_scope import TemplateReader
from ipsec_orchestrator.lab.windows.health_registry import (
    lay_out,
    write_ailments,
    write_last_run,
)
from ipsec_orchestrator.lab.windows.host_processes import HostProcesses
from ipsec_orchestrator.lab.windows.imitated_error import INVALID_NAMESPACE, ImitatedError
from ipsec_orchestrator.lab.windows.network import SimulatedNetwork
from ipsec_orchestrator.lab.windows.policy_download import download_policy
from ipsec_orchestrator.lab.windows.policy_registry import (
    EXTENSION_KEY,
    SYSTEM_POLICIES_KEY,
    assigned_policy_dn,
    clear_assigned,
    write_assigned,
    write_cache,
)
from ipsec_orchestrator.lab.windows.programs import Programs
from ipsec_orchestrator.lab.windows.registry_file import (
    RegistryFile,
)
from ipsec_orchestrator.lab.windows.rsop_log import CimInstance, RsopLog
from ipsec_orchestrator.lab.windows.services import (
    KEYING_SERVICE,
    POLICY_AGENT,
    TASK_SCHEDULER,
    Services,
    StartMode,
)
from ipsec_orchestrator.lab.windows.task_scheduler import TaskScheduler
from ipsec_orchestrator.lab.windows.windows_settings import AgentBehaviour, WindowsSettings
from ipsec_orchestrator.ports import Directory

_LOG: Final = logging.getLogger(__name__)
_SECURITY_CENTER: Final = r"root\SecurityCenter2"
# ERROR_NO_SUCH_DOMAIN: what gpsvc notes when it finds no domain controller.
_NO_SUCH_DOMAIN: Final = 1355
# Windows Server 2022, as PSLAB_PRETEND_51 pretends to be.
OS_VERSION: Final = "10.0.20348"


class SimulatedHost:
    """State and behaviour. Safe for several threads at once; one refresh at a time."""

    def __init__(
        self,
        settings: WindowsSettings,
        *,
        registry: RegistryFile,
        open_directory: Callable[[], AbstractContextManager[Directory]],
        read_template: TemplateReader,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        network: SimulatedNetwork | None = None,
    ) -> None:
        """Set the host up; its registry file is made if it is not there.

        Args:
            settings: How it is set up.
            registry: Its registry, shared with the PowerShell engine.
            open_directory: Opens the directory with the host's own account.
            read_template: Gives the ``gpt.ini`` of a GPO as the host would read it from SYSVOL.
            clock: The true time.
            network: What it sees of other hosts; without one there is none.
        """
        self.settings = settings
        self.registry = registry
        self.services = Services()
        self.rules_deleted = False
        """Whether somebody has deleted the agent's dynamic rules since it read its policy."""
        self.rsop = RsopLog()
        self._open_directory = open_directory
        self._read_template = read_template
        self._clock = clock
        self.network = network or SimulatedNetwork()
        self.programs = Programs(self, lambda: self.settings.ailments.tasks_blocked)
        self.tasks = TaskScheduler(
            self.now, self.programs.run, lambda: self.services.get(TASK_SCHEDULER).running
        )
        self._memory = RunMemory()
        # Windows has one machine-wide critical section for computer policy.
        self._policy_section = threading.Lock()
        self.on_policy: Callable[[], None] = _nothing
        """Called when the policy that is in force may be another one."""
        self._processes = HostProcesses(settings.name, self.refresh_policy)
        self.cim = CimRepository(
            {
                ROOT_CIMV2: {
                    "Win32_Service": self._service_instances,
                    "Win32_OperatingSystem": self._os_instances,
                },
                _SECURITY_CENTER: {"FirewallProduct": self._firewall_products},
                RSOP_COMPUTER: {
                    "RSOP_ExtensionStatus": self.rsop.extension_status,
                    "RSOP_IPSECPolicySetting": self.rsop.policy_settings,
                },
            },
        )
        with registry.change() as keys:
            lay_out(keys, settings, now=self.now())
            write_ailments(keys, settings.ailments, now=self.now())
            assigned = assigned_policy_dn(keys)
        self.services.disable_only(settings.ailments.services_disabled)
        if assigned is not None:
            # The registry is from an earlier life of this host: it has been booted.
            self._wake_agent()

    def now(self) -> datetime:
        """Give the time by the host's own clock."""
        return self._clock() + timedelta(seconds=self.settings.clock_skew_seconds)

    def refresh_policy(self, *, force: bool) -> GroupPolicyRun | None:
        """Do what ``gpupdate /target:computer`` makes the client do, and wait for it.

        Returns:
            The run; ``None`` if it failed as a whole, which the host survives like Windows does.
        """
        with self._policy_section:
            begin = self.now()
            try:
                with self._open_directory() as directory:
                    run = self._run(directory, begin, force=force)
            except BackendError as error:
                _LOG.warning("%s: Group Policy failed: %s", self.settings.name, error)
                self._note_run(_NO_SUCH_DOMAIN)
                return None
            self._note_run(0)
            return run

    def change_settings(self, settings: WindowsSettings) -> None:
        """Take other settings from now on; name and account stay what they are."""
        before, self.settings = self.settings, settings
        if before.ailments == settings.ailments:
            return
        with self.registry.change() as keys:
            write_ailments(keys, settings.ailments, now=self.now())
            if before.ailments.stale_group_policy and not settings.ailments.stale_group_policy:
                write_last_run(keys, ended_at=self.now(), status=0)
        if before.ailments.services_disabled != settings.ailments.services_disabled:
            self.services.disable_only(settings.ailments.services_disabled)

    def start_process(self, command_line: str) -> tuple[int, int | None]:
        """Start a program and return at once: its return value and process id."""
        return self._processes.start(command_line)

    def wait_for_processes(self, timeout_seconds: float) -> bool:
        """Wait until everything that was started has ended; tell whether it has."""
        return self._processes.wait(timeout_seconds)

    def start_service(self, name: str) -> None:
        """Start a service; PolicyAgent then reads its policy as if its timer had run out.

        Raises:
            ImitatedError: No such service, or it is disabled.
        """
        if self.services.start(name) and name.casefold() == POLICY_AGENT.casefold():
            self._load_policy_at_start()
            self.on_policy()

    def stop_service(self, name: str) -> None:
        """Stop a service; without PolicyAgent nothing is enforced.

        Raises:
            ImitatedError: No such service.
        """
        self.services.stop(name)
        if name.casefold() == POLICY_AGENT.casefold():
            self.on_policy()

    def forget_rules(self) -> None:
        """Take the agent's rules out of force until it reads its policy again."""
        self.rules_deleted = True
        self.on_policy()

    def reboot(self) -> None:
        """Start anew: services by their start types, the agent if it has a policy, then tasks."""
        self.services.boot()
        if assigned_policy_dn(self.registry.read()) is not None:
            self._wake_agent()
            self._load_policy_at_start()
        self.on_policy()
        self.tasks.boot()

    def _run(self, directory: Directory, begin: datetime, *, force: bool) -> GroupPolicyRun:
        computer = read_computer_account(directory, self.settings.account, self.settings.addresses)
        run = run_group_policy(
            directory,
            computer,
            self._read_template,
            memory=self._memory,
            force=force,
            call_when_unchanged=self._call_when_unchanged(),
        )
        self._memory = run.memory
        extension = run.extension
        if extension is None:
            return run
        if extension.assignment is not None:
            if extension.assignment.policy_dn is None:
                with self.registry.change() as keys:
                    clear_assigned(keys)
            else:
                with self.registry.change() as keys:
                    write_assigned(
                        keys,
                        policy_dn=extension.assignment.policy_dn,
                        name=extension.assignment.name,
                    )
                self._wake_agent()
                self._load_policy(directory)
            self.on_policy()
        if self._logs_rsop():
            self.rsop.record(extension, begin_time=begin, end_time=self.now())
        return run

    def _note_run(self, status: int) -> None:
        with self.registry.change() as keys:
            write_last_run(keys, ended_at=self.now(), status=status)

    def _firewall_products(self) -> Sequence[CimInstance]:
        if not self.settings.ailments.firewall_third_party:
            # Servers have no Security Center.
            raise ImitatedError(INVALID_NAMESPACE, _SECURITY_CENTER)
        return [{"displayName": "Fortress Endpoint Firewall", "productState": 266240}]

    def _wake_agent(self) -> None:
        if self.settings.policy_agent is AgentBehaviour.STAYS_STOPPED:
            return
        for name in (POLICY_AGENT, KEYING_SERVICE):
            if self.services.get(name).start_mode is not StartMode.DISABLED:
                self.services.start(name)

    def _load_policy_at_start(self) -> None:
        try:
            with self._open_directory() as directory:
                self._load_policy(directory)
        except BackendError as error:
            _LOG.warning("%s: PolicyAgent keeps its cache: %s", self.settings.name, error)

    def _load_policy(self, directory: Directory) -> None:
        """Read the assigned policy into the cache; what can't be read leaves the cache as it is."""
        policy_dn = assigned_policy_dn(self.registry.read())
        if policy_dn is None or not self.services.get(POLICY_AGENT).running:
            return
        self.rules_deleted = False
        try:
            objects = download_policy(directory, policy_dn)
        except BackendError as error:
            _LOG.warning("%s: PolicyAgent keeps its cache: %s", self.settings.name, error)
            return
        with self.registry.change() as keys:
            write_cache(keys, objects)

    def _call_when_unchanged(self) -> bool:
        value = self.registry.read().value(EXTENSION_KEY, "NoGPOListChanges")
        return value is None or value.content == 0

    def _logs_rsop(self) -> bool:
        value = self.registry.read().value(SYSTEM_POLICIES_KEY, "RSoPLogging")
        return value is None or value.content != 0

    def _service_instances(self) -> Sequence[CimInstance]:
        return [
            {
                "Name": found.name,
                "State": "Running" if found.running else "Stopped",
                "StartMode": found.start_mode.value,
                "Started": found.running,
            }
            for found in self.services.all()
        ]

    def _os_instances(self) -> Sequence[CimInstance]:
        return [
            {
                "CSName": self.settings.name.upper(),
                "Version": OS_VERSION,
                "BuildNumber": OS_VERSION.rpartition(".")[2],
                "LocalDateTime": self.now(),
            },
        ]


def _nothing() -> None:
    """Nobody wants to know."""
