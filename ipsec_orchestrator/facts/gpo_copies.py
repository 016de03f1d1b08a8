"""One GPO on one DC: the version of its container, and that of its template in SYSVOL."""

from dataclasses import dataclass

from ipsec_orchestrator.codec import gpt_ini
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.facts.gpo import ObservedGpo
from ipsec_orchestrator.ports import Directory, Sysvol


@dataclass(frozen=True, slots=True, kw_only=True)
class GpoCopy:
    """What one DC has of a GPO.

    Attributes:
        fqdn: The DC.
        container_version: ``versionNumber``; ``None`` if it has no such GPO.
        template_version: The version in ``gpt.ini``; ``None`` if there is no such file, or it was
            not read.
        unread_template: Why ``gpt.ini`` was not read; empty if it was.
    """

    fqdn: str
    container_version: int | None
    template_version: int | None
    unread_template: str = ""


def read_gpo_copy(
    fqdn: str, gpo: ObservedGpo, directory: Directory, sysvol: Sysvol | None
) -> GpoCopy:
    """Read a GPO on one DC.

    Args:
        fqdn: The DC.
        gpo: The GPO, as another DC has it.
        directory: The DC's directory.
        sysvol: The DC's SYSVOL; ``None`` if nobody can open it from here.

    Raises:
        BackendError: The directory can't be read; a template that can't be is part of the answer.
    """
    entry = directory.read(gpo.entry.dn, ("versionNumber",))
    number = int(entry.attributes.text("versionNumber") or "0") if entry else None
    template, unread = None, ""
    if sysvol is None:
        unread = f"The SYSVOL of {fqdn} can't be opened from here."
    else:
        try:
            content = sysvol.read(gpo.gpo_id, "gpt.ini")
            template = None if content is None else gpt_ini.version(content).number
        except OrchestratorError as error:
            unread = str(error)
    return GpoCopy(
        fqdn=fqdn,
        container_version=None if number is None else GpoVersion.from_number(number).number,
        template_version=template,
        unread_template=unread,
    )
