"""A program: what one would write with ldap3 and pypsrp on an afternoon. The peer of ours.

Standard input: one JSON object with ``task`` (``plan`` or ``refresh``), ``status`` (of the lab),
``hosts``, and for ``plan`` also ``ou`` and ``gpo``. Standard output: one JSON object.
Every read of the directory has a connection of its own, takes the whole subtree and all attributes;
hosts are asked one after the other, each call with a runspace pool of its own.
"""

import json
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import ldap3
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

SCRIPTS = Path(__file__).parents[1] / "ipsec_orchestrator" / "facts" / "scripts"
PAUSE_SECONDS = 0.5


def read_directory(status: dict[str, Any], base: str, ldap_filter: str) -> int:
    """Read a subtree on a connection of its own, and give the number of objects."""
    dc, admin = status["dc"], status["admin"]
    tls = ldap3.Tls(
        validate=ssl.CERT_REQUIRED, ca_certs_file=status["ca_file"], valid_names=[dc["fqdn"]]
    )
    server = ldap3.Server(
        dc["address"], port=dc["ldaps_port"], use_ssl=True, tls=tls, get_info=ldap3.NONE
    )
    user = f"{admin['user']}@{status['domain']}"
    with ldap3.Connection(server, user, admin["password"], auto_bind=True) as connection:
        connection.search(base, ldap_filter, attributes=["*"])
        return len(connection.entries)


def plan_reads(task: dict[str, Any]) -> int:
    """Read what a plan of the how-to rests on."""
    status = task["status"]
    domain = status["domain_dn"]
    policies = f"CN=Policies,CN=System,{domain}"
    searches = [
        (domain, "(objectClass=domainDNS)"),
        (domain, f"(distinguishedName={task['ou']})"),
        (policies, f"(&(objectClass=groupPolicyContainer)(displayName={task['gpo']}))"),
        (policies, "(objectClass=groupPolicyContainer)"),
        (policies, "(cn=IPSEC)"),
        (domain, "(gPLink=*)"),
        (f"CN=IP Security,CN=System,{domain}", "(objectClass=*)"),
        (task["ou"], "(objectClass=computer)"),
    ]
    objects = sum(read_directory(status, *search) for search in searches)
    for host in task["hosts"]:
        run_script(host, "member_policy")
    return objects


def run_script(host: dict[str, Any], name: str) -> dict[str, Any]:
    """Run one of our scripts with pypsrp, as its documentation shows it."""
    wsman = WSMan(
        host["address"],
        port=host["port"],
        ssl=False,
        auth="kerberos",
        negotiate_service="host",
        negotiate_hostname_override=host["fqdn"],
    )
    text = (SCRIPTS / f"{name}.ps1").read_text(encoding="utf-8")
    with wsman, RunspacePool(wsman) as pool:
        shell = PowerShell(pool)
        shell.add_script(text)
        answer = shell.invoke()
        if shell.had_errors:
            raise RuntimeError(f"{name} failed on {host['name']}")
    found: dict[str, Any] = json.loads("".join(str(text) for text in answer))
    return found


def refresh(host: dict[str, Any], policy: str, deadline: float) -> None:
    """Order a refresh and look until the host has this description of its policy."""
    run_script(host, "start_refresh")
    while policy not in json.dumps(run_script(host, "member_policy")):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{host['name']} did not take {policy}")
        time.sleep(PAUSE_SECONDS)


def main() -> None:
    """Do the task and tell the seconds of the work itself."""
    task = json.load(sys.stdin)
    started = time.perf_counter()
    count = 0
    if task["task"] == "plan":
        count = plan_reads(task)
    else:
        for host in task["hosts"]:
            refresh(host, task["policy"], time.monotonic() + 60)
    print(json.dumps({"seconds": time.perf_counter() - started, "objects": count}))


if __name__ == "__main__":
    main()
