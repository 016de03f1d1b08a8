"""Active Directory over LDAP: sealed by Kerberos or NTLM on 389, or LDAPS; built on ldap3."""

from ipsec_orchestrator.adapters.ldap.directory import LdapDirectory
from ipsec_orchestrator.adapters.ldap.endpoint import Endpoint

__all__ = ["Endpoint", "LdapDirectory"]
