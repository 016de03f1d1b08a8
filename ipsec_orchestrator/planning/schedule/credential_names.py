"""The names under which a scheduler hands credentials over, in ``$CREDENTIALS_DIRECTORY``.

systemd makes that folder for a service (systemd.exec(5), LoadCredential); in Kubernetes a Secret is
mounted there. The program looks for the first two by itself.
"""

from typing import Final

KEYTAB: Final = "ipsec-orchestrator.keytab"
PASSWORD: Final = "ipsec-orchestrator.password"  # noqa: S105 - a file's name
NOTIFY: Final = "ipsec-orchestrator.notify"
"""Who is told and how; the addresses in it may be secrets."""
DIRECTORY_VARIABLE: Final = "CREDENTIALS_DIRECTORY"
