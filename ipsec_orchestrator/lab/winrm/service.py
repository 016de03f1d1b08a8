"""All simulated hosts of a lab in one process."""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.lab.winrm.acceptor import Acceptor
from ipsec_orchestrator.lab.winrm.faults import Faults
from ipsec_orchestrator.lab.winrm.host import WinrmHost
from ipsec_orchestrator.lab.winrm.settings import HostSettings

_SWEEP_SECONDS: Final = 1.0


class WinrmService:
    """Starts and stops hosts; all methods are safe for threads once it is started.

    Accounts are given by files because the security libraries take nothing else, and by variables
    of the whole process: two services in one process must share them.
    """

    def __init__(
        self,
        hosts: Sequence[HostSettings],
        *,
        ntlm_user_file: Path | None = None,
        keytab_file: Path | None = None,
    ) -> None:
        """Prepare the hosts without listening yet.

        Args:
            hosts: With unique names.
            ntlm_user_file: Lines of ``DOMAIN:user:password``; ``None`` refuses NTLM.
            keytab_file: Keys of ``HTTP/`` and ``HOST/`` of all hosts; ``None`` refuses Kerberos.

        Raises:
            UsageError: Names repeat, or a host's certificate is missing.
        """
        self._acceptor = Acceptor()
        self._hosts: dict[str, WinrmHost] = {}
        for settings in hosts:
            if settings.name in self._hosts:
                raise UsageError(
                    f"Two hosts are called {settings.name}.", cure="Give them different names."
                )
            self._hosts[settings.name] = WinrmHost(settings, self._acceptor)
        self._variables: dict[str, str] = {}
        if ntlm_user_file is not None:
            self._variables["NTLM_USER_FILE"] = str(ntlm_user_file)
        if keytab_file is not None:
            self._variables["KRB5_KTNAME"] = f"FILE:{keytab_file}"
            # The replay cache is a file in /var/tmp that would outlive the lab.
            self._variables["KRB5RCACHENAME"] = "none:"
        self._before: dict[str, str | None] = {}
        self._stopping = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="winrm-sweeper", daemon=True)

    @property
    def hosts(self) -> Mapping[str, WinrmHost]:
        """The hosts by name; their ``http_port`` and ``https_port`` are the real ones."""
        return self._hosts

    def start(self) -> None:
        """Listen on all hosts; a service is started once.

        Raises:
            BackendError: An address can't be listened on; nothing is left listening.
        """
        self._before = {name: os.environ.get(name) for name in self._variables}
        os.environ.update(self._variables)
        self._acceptor.start()
        self._sweeper.start()
        try:
            for host in self._hosts.values():
                host.start()
        except Exception:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all hosts, end all connections and all child processes."""
        self._stopping.set()
        self._sweeper.join()
        for host in self._hosts.values():
            host.stop()
        self._acceptor.stop()
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def set_faults(self, name: str, faults: Faults) -> None:
        """Exchange the faults of one host.

        Raises:
            UsageError: There is no such host, or no wrong certificate to present.
            BackendError: The host is to listen again and its port was taken meanwhile.
        """
        host = self._hosts.get(name)
        if host is None:
            raise UsageError(
                f"There is no host called {name}.", cure=f"There are {', '.join(self._hosts)}."
            )
        host.set_faults(faults)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _sweep(self) -> None:
        while not self._stopping.wait(_SWEEP_SECONDS):
            for host in self._hosts.values():
                host.delete_idle_shells()
