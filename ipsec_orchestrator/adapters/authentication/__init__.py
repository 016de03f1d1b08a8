"""Who we are towards Windows: the credential value, Kerberos tickets, refusals in plain words.

Shared by the adapters that log on (LDAP, SMB, WinRM); nothing here opens a connection but to a KDC.
"""

from ipsec_orchestrator.adapters.authentication.credential import (
    Credential,
    for_spnego,
    user_and_password,
)
from ipsec_orchestrator.adapters.authentication.kerberos import (
    check_usable,
    has_sspi,
    kerberos_environment,
    kerberos_installed,
    principal_of,
    require_kerberos,
    ticket_from_keytab,
    ticket_from_password,
)
from ipsec_orchestrator.adapters.authentication.refusals import (
    logon_failure,
    raise_for_kerberos,
    refusal_of,
)

__all__ = [
    "Credential",
    "check_usable",
    "for_spnego",
    "has_sspi",
    "kerberos_environment",
    "kerberos_installed",
    "logon_failure",
    "principal_of",
    "raise_for_kerberos",
    "refusal_of",
    "require_kerberos",
    "ticket_from_keytab",
    "ticket_from_password",
    "user_and_password",
]
