"""A provisioned, still empty domain kept for the next lab: copying takes a fraction of making it.

A template has no address, no account but Samba's own, and no password that anybody knows. Each lab
that starts from it gets its own keys for krbtgt, the DC and the Administrator; the domain's SID and
the ids of Samba's own objects are those of the template.
"""

import hashlib
import secrets
import shutil
import subprocess
from pathlib import Path

from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.domain.layout import DC_NAME, NETBIOS_DOMAIN, REALM, LabLayout
from ipsec_orchestrator.lab.domain.private_files import make_private_folder
from ipsec_orchestrator.lab.domain.provision import (
    copy_domain,
    provision_domain,
    write_configuration,
)
from ipsec_orchestrator.lab.domain.samba_python import SCRIPTS
from ipsec_orchestrator.lab.domain.smb_conf import FOLDERS

VERSION_DEADLINE_SECONDS = 20.0


def provision_from_template(layout: LabLayout, cache_dir: Path) -> bool:
    """Provision the lab's empty domain, by copying a template when there is one that fits.

    A new template replaces those of other versions of Samba or of this program.

    Args:
        layout: The lab.
        cache_dir: Where templates are kept; made private to its owner.

    Returns:
        Whether the domain is a copy and needs keys of its own.

    Raises:
        LabProgramError: Samba's provisioning or the copying failed.
    """
    make_private_folder(cache_dir)
    template = cache_dir / _fingerprint()
    if template.is_dir():
        copy_domain(template, layout.samba_dir)
        write_configuration(layout)
        return True
    provision_domain(layout)
    fresh = cache_dir / f"{template.name}.{secrets.token_hex(4)}"
    try:
        copy_domain(layout.samba_dir, fresh)
        fresh.rename(template)
    except OSError:  # another lab was faster; its template is as good
        shutil.rmtree(fresh, ignore_errors=True)
    for other in cache_dir.iterdir():
        if "." not in other.name and other != template:
            shutil.rmtree(other, ignore_errors=True)
    return False


def _fingerprint() -> str:
    """Everything that a provisioned domain depends on, as a file name."""
    parts = [
        _samba_version(),
        (SCRIPTS / "provision_domain.py").read_text(encoding="utf-8"),
        *(REALM, NETBIOS_DOMAIN, DC_NAME),
        *FOLDERS.values(),
    ]
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()[:32]


def _samba_version() -> str:
    try:
        done = subprocess.run(
            ["samba", "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=VERSION_DEADLINE_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LabProgramError(program="samba", reason="does not tell its version") from error
    return done.stdout.strip()
