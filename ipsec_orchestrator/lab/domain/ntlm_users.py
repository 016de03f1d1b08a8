"""The file by which the simulated hosts check NTLM: ``NTLM_USER_FILE``."""

from ipsec_orchestrator.lab.domain.layout import ADMINISTRATOR, NETBIOS_DOMAIN, REALM, LabLayout
from ipsec_orchestrator.lab.domain.private_files import write_file


def write_ntlm_users(layout: LabLayout) -> None:
    """Write the Administrator in every form in which a client may give the name.

    The lines are ``DOMAIN:user:password``, with an empty domain for user principal names.
    """
    password = layout.admin_password_file.read_text(encoding="utf-8")
    names = [
        (NETBIOS_DOMAIN, ADMINISTRATOR),
        (REALM, ADMINISTRATOR),
        (REALM.lower(), ADMINISTRATOR),
        ("", f"{ADMINISTRATOR}@{REALM}"),
        ("", f"{ADMINISTRATOR}@{REALM.lower()}"),
    ]
    lines = [f"{domain}:{user}:{password}\n" for domain, user in names]
    write_file(layout.ntlm_user_file, "".join(lines))
