"""Members by PowerShell remoting (pypsrp): a runspace pool and one pipeline a call."""

import logging
from typing import Any, Final

from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from typing_extensions import override

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.members.calling import (
    Attempt,
    clean_up,
    make_call,
    parse_answer,
    script_failure,
)
from ipsec_orchestrator.adapters.members.http_session import (
    OPERATION_TIMEOUT_SECONDS,
    open_session,
    provider,
    server_address,
)
from ipsec_orchestrator.errors import ScriptFailedError
from ipsec_orchestrator.model.inventory import Host, Scheme
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import Members, ScriptCall

# At INFO the library logs whole scripts, at DEBUG everything that goes over the wire.
logging.getLogger("pypsrp").setLevel(logging.WARNING)

# A shell that we could not delete goes after that; Windows allows no less than a minute.
_IDLE_TIMEOUT_SECONDS: Final = 120


class PsrpMembers(Members):
    """Speaks to the endpoint ``Microsoft.PowerShell``: Windows PowerShell 5.1."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    @override
    def run(self, host: Host, call: ScriptCall) -> Json:
        return make_call(host, call, self._carry_out)

    def _carry_out(self, attempt: Attempt) -> Json:
        host, call = attempt.host, attempt.call
        wsman = WSMan(
            server_address(host),
            port=host.winrm.effective_port,
            ssl=host.winrm.scheme is Scheme.HTTPS,
            auth=provider(host.winrm.auth),
            operation_timeout=OPERATION_TIMEOUT_SECONDS,
        )
        wsman.transport.session = open_session(host, self._credential, attempt.deadline)
        try:
            pool = RunspacePool(wsman, no_profile=True, idle_timeout=_IDLE_TIMEOUT_SECONDS)
            # Not closed in a finally: on a connection that is gone, closing would only wait again.
            answer = _run_pipeline(pool, attempt)
        finally:
            wsman.close()
        if isinstance(answer, ScriptFailedError):
            raise answer
        return parse_answer(host, call, answer)


def _run_pipeline(pool: RunspacePool, attempt: Attempt) -> list[str] | ScriptFailedError:
    """Run the script and delete the shell; a script's failure is given, not raised."""
    host, call = attempt.host, attempt.call
    opened: Any = pool  # the library annotates its classes only in part
    opened.open()
    # No "with": it would terminate the pipeline, which deleting the shell does as well, and on a
    # connection that is gone it would hide the reason behind an error of its own.
    pipeline: Any = PowerShell(pool)
    pipeline.add_script(call.text)
    pipeline.add_parameters(dict(call.parameters))
    attempt.order_given = True
    output: list[Any] = pipeline.invoke()
    failed = pipeline.state != PSInvocationState.COMPLETED or bool(pipeline.streams.error)
    errors = list(pipeline.streams.error)
    with clean_up(host):
        opened.close()
    if failed:
        # The last record is the one that ended the script; earlier ones were handled by it.
        record = errors[-1] if errors else None
        return script_failure(
            host,
            call,
            error_id=str(getattr(record, "fq_error", "") or ""),
            reason=str(record) if record is not None else f"it ended in state {pipeline.state}",
        )
    return [str(text) for text in output if text is not None]
