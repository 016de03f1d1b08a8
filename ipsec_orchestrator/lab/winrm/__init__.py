"""Simulated Windows hosts that speak WinRM: WS-Management over HTTP and HTTPS on loopback.

What belongs here: everything between a client's socket and the script that it wants run. The
scripts themselves run in a PowerShell (``EngineBackend``) or are answered by a Python callable
(``CannedBackend``); both look the same from outside, over PSRP and over WinRS.

How the rest of the lab uses it::

    service = WinrmService(
        [HostSettings(name="vm1", fqdn="vm1.ipsectest.com", address="127.10.0.4",
                      backend=EngineBackend(executable=pwsh, environment={...}))],
        ntlm_user_file=accounts, keytab_file=keytab)
    service.start()
    service.set_faults("vm1", Faults(hang=True))
    service.stop()

``NTLM_USER_FILE`` and ``KRB5_KTNAME`` are set for the whole process while a service runs.

Canned WinRS hosts take the call ``powershell -EncodedCommand <any script>`` whose standard input
is one JSON document ``{"script": ..., "parameters": {...}}``. Output comes as lines of UTF-8; an
error comes as one line of JSON with ``message`` and ``fully_qualified_error_id`` on standard error
and exit code 1.
"""

from ipsec_orchestrator.lab.winrm.answers import (
    UNKNOWN_SCRIPT,
    Answer,
    CannedCall,
    CannedError,
    CannedResult,
)
from ipsec_orchestrator.lab.winrm.drive import WindowsDrive
from ipsec_orchestrator.lab.winrm.faults import NO_FAULTS, Faults, Locale
from ipsec_orchestrator.lab.winrm.host import WinrmHost
from ipsec_orchestrator.lab.winrm.service import WinrmService
from ipsec_orchestrator.lab.winrm.settings import (
    CannedBackend,
    EngineBackend,
    HostSettings,
    Quotas,
)

__all__ = [
    "NO_FAULTS",
    "UNKNOWN_SCRIPT",
    "Answer",
    "CannedBackend",
    "CannedCall",
    "CannedError",
    "CannedResult",
    "EngineBackend",
    "Faults",
    "HostSettings",
    "Locale",
    "Quotas",
    "WindowsDrive",
    "WinrmHost",
    "WinrmService",
]
