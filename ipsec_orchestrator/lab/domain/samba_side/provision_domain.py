"""Provision an empty AD domain into the folders of a given smb.conf.

Request: ``{"smb_conf": path, "realm", "netbios_domain", "dc_name", "admin_password"}``.
Answer: ``{"domain_sid": "S-1-5-21-..."}``. The domain has no address records yet, so that one
provisioned domain can serve at any address.
"""

import importlib
import json
import logging
import os
import sys
from typing import Any


def main() -> None:
    """Read the request, provision, answer."""
    request: dict[str, str] = json.load(sys.stdin)
    # Samba's libraries print to standard output: keep that apart from the answer
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump({"domain_sid": provision(request)}, answer)
    answer.close()


def provision(request: dict[str, str]) -> str:
    """Make the databases and SYSVOL, and give the new domain's SID."""
    # Any: Samba's bindings have no types
    param: Any = importlib.import_module("samba.param")
    auth: Any = importlib.import_module("samba.auth")
    dsdb: Any = importlib.import_module("samba.dsdb")
    provisioning: Any = importlib.import_module("samba.provision")
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    settings = param.LoadParm()
    settings.load(request["smb_conf"])
    result = provisioning.provision(
        logging.getLogger("provision"),
        auth.system_session(),
        smbconf=request["smb_conf"],
        realm=request["realm"],
        domain=request["netbios_domain"],
        hostname=request["dc_name"],
        hostip="127.0.0.1",  # for Samba: no address record
        serverrole="active directory domain controller",
        dom_for_fun_level=dsdb.DS_DOMAIN_FUNCTION_2008_R2,
        dns_backend="SAMBA_INTERNAL",
        adminpass=request["admin_password"],
        lp=settings,
        skip_sysvolacl=False,
    )
    return str(result.domainsid)


if __name__ == "__main__":
    main()
