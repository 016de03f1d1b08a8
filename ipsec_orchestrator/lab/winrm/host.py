"""One simulated Windows host: its listeners, its shells, its faults."""

import contextlib
import functools
import socket
import ssl
import threading
from typing import Final

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.lab.winrm.acceptor import Acceptor
from ipsec_orchestrator.lab.winrm.certificates import ServerCertificate, load_certificate
from ipsec_orchestrator.lab.winrm.child_process import child_environment, start_folder
from ipsec_orchestrator.lab.winrm.connection import Connection, Surroundings
from ipsec_orchestrator.lab.winrm.dispatch import Dispatcher
from ipsec_orchestrator.lab.winrm.faults import Faults
from ipsec_orchestrator.lab.winrm.psrp_canned import CannedPool
from ipsec_orchestrator.lab.winrm.psrp_engine import EnginePool
from ipsec_orchestrator.lab.winrm.settings import CannedBackend, HostSettings
from ipsec_orchestrator.lab.winrm.shell_actions import CMD_URI, Opening, ShellActions
from ipsec_orchestrator.lab.winrm.shells import ShellBackend, ShellRegistry
from ipsec_orchestrator.lab.winrm.winrs_canned import CannedCommands
from ipsec_orchestrator.lab.winrm.winrs_engine import EngineCommands

_HANDSHAKE_SECONDS: Final = 10.0
_KILOBYTE: Final = 1024


class WinrmHost:
    """Listens while started; ``set_faults`` may be called from any thread at any time."""

    def __init__(self, settings: HostSettings, acceptor: Acceptor) -> None:
        """Load certificates.

        Raises:
            UsageError: The settings ask for HTTPS without a certificate.
        """
        self.settings = settings
        self.http_port = settings.http_port
        self.https_port = settings.https_port
        self._acceptor = acceptor
        self._faults = settings.faults
        self._stopping = threading.Event()
        self._registry = ShellRegistry(settings.quotas)
        actions = ShellActions(self._registry, self._start_backend, settings.quotas)
        self._surroundings = Surroundings(
            host_names=frozenset({settings.name.lower(), settings.fqdn.lower()}),
            dispatcher=Dispatcher(settings, actions),
            faults=lambda: self._faults,
            stopping=self._stopping,
            max_envelope_bytes=settings.quotas.max_envelope_kilobytes * _KILOBYTE,
        )
        self._certificate = _certificate(settings, wrong=False)
        self._wrong_certificate = _certificate(settings, wrong=True)
        if settings.https_port is not None and self._certificate is None:
            raise UsageError(
                f"{settings.name}: HTTPS needs a certificate and its key.",
                cure="Name both, or no port for HTTPS.",
            )
        self._lock = threading.Lock()
        self._started = False
        self._listening: list[socket.socket] = []
        self._connections: dict[Connection, threading.Thread] = {}

    @property
    def faults(self) -> Faults:
        """What goes wrong at the moment."""
        return self._faults

    def set_faults(self, faults: Faults) -> None:
        """Exchange the faults; requests under way keep those they began with.

        Raises:
            UsageError: A wrong certificate is wanted and the settings have none.
            BackendError: The host is to listen again and its port was taken meanwhile.
        """
        if faults.wrong_certificate and self._wrong_certificate is None:
            raise UsageError(
                f"{self.settings.name}: there is no wrong certificate to present.",
                cure="Name one with its key.",
            )
        with self._lock:
            self._faults = faults
            if self._started and faults.refused and self._listening:
                self._stop_listening()
                self._break_connections()
            elif self._started and not faults.refused and not self._listening:
                self._listen()

    def start(self) -> None:
        """Listen, unless the faults say otherwise.

        Raises:
            BackendError: An address can't be listened on.
        """
        with self._lock:
            self._stopping.clear()
            self._registry.reopen()
            self._started = True
            if not self._faults.refused:
                self._listen()

    def stop(self) -> None:
        """Stop listening, end all connections and all child processes."""
        with self._lock:
            self._started = False
            self._stopping.set()
            self._stop_listening()
            self._break_connections()
            threads = list(self._connections.values())
        self._registry.close()
        for thread in threads:
            thread.join()

    def delete_idle_shells(self) -> None:
        """Delete shells whose clients have gone away; to be called now and then."""
        self._registry.delete_idle()

    def _listen(self) -> None:
        address = self.settings.address
        if self.http_port is not None:
            listening = self._acceptor.listen(
                address, self.http_port, functools.partial(self._welcome, secure=False)
            )
            self._listening.append(listening)
            self.http_port = listening.getsockname()[1]
        if self.https_port is not None:
            try:
                listening = self._acceptor.listen(
                    address, self.https_port, functools.partial(self._welcome, secure=True)
                )
            except Exception:
                self._stop_listening()
                raise
            self._listening.append(listening)
            self.https_port = listening.getsockname()[1]

    def _stop_listening(self) -> None:
        while self._listening:
            self._acceptor.close(self._listening.pop())

    def _break_connections(self) -> None:
        for connection in self._connections:
            connection.break_off()

    def _welcome(self, accepted: socket.socket, address: str, *, secure: bool) -> None:
        threading.Thread(
            target=self._serve,
            args=(accepted, address),
            kwargs={"secure": secure},
            name=f"winrm-{self.settings.name}",
            daemon=True,
        ).start()

    def _serve(self, accepted: socket.socket, address: str, *, secure: bool) -> None:
        certificate = None
        if secure:
            wrong = self._faults.wrong_certificate
            certificate = self._wrong_certificate if wrong else self._certificate
        if certificate is not None:
            accepted.settimeout(_HANDSHAKE_SECONDS)
            try:
                accepted = certificate.context.wrap_socket(accepted, server_side=True)
            except (OSError, ssl.SSLError):
                accepted.close()  # the client did not like the certificate, or spoke no TLS
                return
        connection = Connection(
            accepted,
            client_address=address,
            surroundings=self._surroundings,
            certificate_binding=None if certificate is None else certificate.binding,
        )
        with self._lock:
            welcome = self._started and not self._faults.refused
            if welcome:
                self._connections[connection] = threading.current_thread()
        if not welcome:
            accepted.close()
            return
        try:
            connection.run()
        finally:
            with self._lock, contextlib.suppress(KeyError):
                del self._connections[connection]

    def _start_backend(self, opening: Opening) -> ShellBackend:
        backend, quotas = self.settings.backend, self.settings.quotas
        is_winrs = opening.resource_uri == CMD_URI
        if isinstance(backend, CannedBackend):
            if is_winrs:
                return CannedCommands(
                    answer=backend.answer, host=self.settings.name, user=opening.user
                )
            return CannedPool(
                answer=backend.answer,
                host=self.settings.name,
                user=opening.user,
                quotas=quotas,
                creation=opening.creation,
            )
        environment = {
            **child_environment(backend, self._faults, user=opening.user, profile=opening.profile),
            **opening.environment,
        }
        if is_winrs:
            return EngineCommands(
                engine=backend,
                environment=environment,
                folder=start_folder(backend, user=opening.user, wanted=opening.working_directory),
            )
        return EnginePool(
            engine=backend,
            environment=environment,
            folder=start_folder(backend, user=opening.user),
            quotas=quotas,
            creation=opening.creation,
        )


def _certificate(settings: HostSettings, *, wrong: bool) -> ServerCertificate | None:
    certificate = settings.wrong_certificate_file if wrong else settings.certificate_file
    key = settings.wrong_key_file if wrong else settings.key_file
    return None if certificate is None or key is None else load_certificate(certificate, key)
