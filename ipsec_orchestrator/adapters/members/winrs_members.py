"""Members by a WinRS shell (pywinrm): for hosts whose PowerShell endpoint is closed.

Script and parameters go to standard input as one document, so neither the length of a command line
bounds them nor can they be seen in a list of processes.
"""

import logging
from typing import Final

import requests
from typing_extensions import override
from winrm.exceptions import WinRMOperationTimeoutError
from winrm.protocol import Protocol
from winrm.transport import Transport

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.members.calling import Attempt, clean_up, make_call, parse_answer
from ipsec_orchestrator.adapters.members.http_session import (
    OPERATION_TIMEOUT_SECONDS,
    endpoint,
    open_session,
)
from ipsec_orchestrator.adapters.members.winrs_order import (
    PROGRAM,
    arguments,
    failure_of,
    order_document,
)
from ipsec_orchestrator.model.inventory import Host, Scheme
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import Members, ScriptCall

logging.getLogger("winrm").setLevel(logging.WARNING)

# A message holds base64 in an envelope of at most 150 kB, the limit of the oldest Windows.
_CHUNK_BYTES: Final = 64 * 1024
_UTF8: Final = 65001


class _PreparedTransport(Transport):
    """pywinrm's transport with our session: pyspnego in place of its own authentication."""

    def __init__(self, host: Host, session: requests.Session) -> None:
        # Of its methods, "kerberos" is the one whose encryption calls the authentication object.
        super().__init__(endpoint(host), auth_method="kerberos")
        self._prepared = session
        self._encrypts = host.winrm.scheme is Scheme.HTTP

    @override
    def build_session(self) -> requests.Session:
        if self.session is None:
            self.session = self._prepared
            self.session.headers.update(self.default_headers)
            if self._encrypts:
                self.setup_encryption(self.session)
        return self.session


class WinrsMembers(Members):
    """Starts Windows PowerShell in a command shell of the host, once a call."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    @override
    def run(self, host: Host, call: ScriptCall) -> Json:
        return make_call(host, call, self._carry_out)

    def _carry_out(self, attempt: Attempt) -> Json:
        host, call = attempt.host, attempt.call
        protocol = Protocol(
            endpoint(host),
            transport="kerberos",
            operation_timeout_sec=OPERATION_TIMEOUT_SECONDS,
            read_timeout_sec=OPERATION_TIMEOUT_SECONDS + 10,
        )
        session = open_session(host, self._credential, attempt.deadline)
        protocol.transport = _PreparedTransport(host, session)
        try:
            shell_id = protocol.open_shell(codepage=_UTF8, noprofile=True)
            exit_code, stdout, stderr = _run_in_shell(protocol, shell_id, attempt)
        finally:
            session.close()
        if exit_code != 0:
            raise failure_of(host, call, exit_code, stderr)
        return parse_answer(host, call, [stdout.decode("utf-8-sig")])


def _run_in_shell(protocol: Protocol, shell_id: str, attempt: Attempt) -> tuple[int, bytes, bytes]:
    """Run the order; the shell is deleted afterwards unless the connection is gone."""
    attempt.order_given = True
    command_id = protocol.run_command(shell_id, PROGRAM, arguments(), console_mode_stdin=False)
    document = order_document(attempt.call)
    for start in range(0, len(document), _CHUNK_BYTES):
        chunk = document[start : start + _CHUNK_BYTES]
        protocol.send_command_input(
            shell_id,
            command_id,
            chunk,
            end=start + _CHUNK_BYTES >= len(document),
        )
    stdout, stderr = bytearray(), bytearray()
    exit_code, done = -1, False
    while not done:
        try:
            out, err, exit_code, done = protocol.get_command_output_raw(shell_id, command_id)
        except WinRMOperationTimeoutError:
            continue  # nothing to say yet; the deadline is watched by the session
        stdout += out
        stderr += err
    with clean_up(attempt.host):
        protocol.cleanup_command(shell_id, command_id)
        protocol.close_shell(shell_id)
    return exit_code, bytes(stdout), bytes(stderr)
