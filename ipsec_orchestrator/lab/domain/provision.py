"""Making the empty domain: folders, configuration, databases and SYSVOL, and copies of it."""

import shutil
import subprocess
from pathlib import Path

from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.domain.layout import DC_NAME, NETBIOS_DOMAIN, REALM, LabLayout
from ipsec_orchestrator.lab.domain.passwords import random_password
from ipsec_orchestrator.lab.domain.private_files import write_file
from ipsec_orchestrator.lab.domain.samba_python import run_samba_script
from ipsec_orchestrator.lab.domain.smb_conf import (
    client_text,
    make_folders,
    offline_text,
    server_text,
)

PROVISION_DEADLINE_SECONDS = 300.0
"""It takes 5 s of CPU; the rest is for machines that are busy or slow."""

COPY_DEADLINE_SECONDS = 120.0


def write_configuration(layout: LabLayout) -> None:
    """Write what Samba's server, its offline tools and its clients are to be started with."""
    make_folders(layout)
    write_file(layout.server_conf, server_text(layout), mode=0o644)
    write_file(layout.smb_conf, offline_text(layout), mode=0o644)
    write_file(layout.client_conf, client_text(layout), mode=0o644)


def provision_domain(layout: LabLayout) -> None:
    """Provision an empty domain into ``layout.samba_dir``, without addresses.

    The Administrator gets a random password that nobody keeps: filling the domain sets another.

    Raises:
        LabProgramError: Samba's provisioning failed; the error has its last lines.
    """
    write_configuration(layout)
    run_samba_script(
        "provision_domain",
        {
            "smb_conf": str(layout.smb_conf),
            "realm": REALM,
            "netbios_domain": NETBIOS_DOMAIN,
            "dc_name": DC_NAME,
            "admin_password": random_password(),
        },
        log=layout.root / "provision.log",
        deadline_seconds=PROVISION_DEADLINE_SECONDS,
    )


def copy_domain(source: Path, target: Path) -> None:
    """Replace a folder by an exact copy of another: modes, owners, ACLs and all attributes.

    SYSVOL's ACLs are extended attributes (``security.NTACL``); losing them would be silent, so
    ``cp`` is asked to fail rather than to leave one out.

    Raises:
        LabProgramError: ``cp`` failed.
    """
    shutil.rmtree(target, ignore_errors=False) if target.exists() else None
    target.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            "cp",
            "--recursive",
            "--no-dereference",
            "--preserve=mode,ownership,timestamps,xattr,links",
            "--reflink=auto",
            "--no-target-directory",
            "--",
            str(source),
            str(target),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=COPY_DEADLINE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise LabProgramError(
            program="cp",
            reason=f"{source} could not be copied to {target}",
            last_lines=done.stderr.decode("utf-8", errors="replace").splitlines()[-3:],
        )
