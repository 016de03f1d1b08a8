"""Kerberos of the lab: its own ``krb5.conf`` and the Administrator's credential cache."""

import os
import subprocess
from collections.abc import Mapping

from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.domain.layout import ADMINISTRATOR, DNS_DOMAIN, REALM, LabLayout
from ipsec_orchestrator.lab.domain.private_files import write_file
from ipsec_orchestrator.lab.domain.smb_conf import TICKET_LIFETIME_HOURS

KINIT_DEADLINE_SECONDS = 30.0


def write_krb5_conf(layout: LabLayout) -> None:
    """Write the configuration for every Kerberos program of this lab.

    Nothing is looked up: the machine's resolver knows neither the realm nor the hosts' names.
    """
    text = f"""\
[libdefaults]
\tdefault_realm = {REALM}
\tdns_lookup_kdc = false
\tdns_lookup_realm = false
\tdns_canonicalize_hostname = false
\tqualify_shortname = ""
\trdns = false
\tudp_preference_limit = 1
\tticket_lifetime = {TICKET_LIFETIME_HOURS}h
\trenew_lifetime = {TICKET_LIFETIME_HOURS}h

[realms]
\t{REALM} = {{
\t\tkdc = {layout.dc_address}:{layout.ports.kerberos}
\t\tkpasswd_server = {layout.dc_address}:{layout.ports.kpasswd}
\t\tadmin_server = {layout.dc_address}
\t\tdefault_domain = {DNS_DOMAIN}
\t}}

[domain_realm]
\t{DNS_DOMAIN} = {REALM}
\t.{DNS_DOMAIN} = {REALM}
"""
    write_file(layout.krb5_conf, text, mode=0o644)


def kerberos_environment(layout: LabLayout) -> Mapping[str, str]:
    """The two variables that make any Kerberos program the lab's Administrator."""
    return {"KRB5_CONFIG": str(layout.krb5_conf), "KRB5CCNAME": f"FILE:{layout.ccache}"}


def renew_admin_ticket(layout: LabLayout) -> None:
    """Get a fresh ticket-granting ticket and swap it in; a reader finds the old or the new one.

    Raises:
        LabProgramError: ``kinit`` failed: the domain does not answer, or the password was changed.
    """
    fresh = layout.ccache.with_suffix(".fresh")
    fresh.unlink(missing_ok=True)
    try:
        done = subprocess.run(
            ["kinit", "-c", f"FILE:{fresh}", f"{ADMINISTRATOR}@{REALM}"],
            input=layout.admin_password_file.read_bytes() + b"\n",
            capture_output=True,
            env={**os.environ, "KRB5_CONFIG": str(layout.krb5_conf), "LC_ALL": "C"},
            timeout=KINIT_DEADLINE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabProgramError(
            program="kinit", reason=f"no answer in {KINIT_DEADLINE_SECONDS:.0f} seconds"
        ) from error
    if done.returncode != 0:
        raise LabProgramError(
            program="kinit",
            reason=f"ended with exit code {done.returncode}",
            last_lines=done.stderr.decode("utf-8", errors="replace").splitlines(),
        )
    fresh.replace(layout.ccache)
