"""Both halves of the GPOs that reach an OU: container in the directory, template in SYSVOL."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from ipsec_orchestrator.codec import gpt_ini
from ipsec_orchestrator.codec.gp_link import parse_gp_link
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.errors import AccessDeniedError, BackendError, CodecError, FileShareError
from ipsec_orchestrator.facts.gpo import ObservedGpo, read_gpo_by_id
from ipsec_orchestrator.model.directory import parent_dn, same_dn
from ipsec_orchestrator.ports import Directory, Sysvol


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateState:
    """One GPO's two halves.

    Attributes:
        name: Display name.
        gpo_id: Its GUID.
        container_version: ``versionNumber`` in the directory.
        template_version: The same in ``gpt.ini``; ``None`` if there is no such file.
        problem: Why the file can't be read.
        out_of_reach: Whether the share itself was not reached, so that nothing is known of the
            file.
    """

    name: str
    gpo_id: UUID
    container_version: int
    template_version: int | None
    problem: str | None = None
    out_of_reach: bool = False


def read_templates(
    directory: Directory, sysvol: Sysvol, units: Iterable[str]
) -> Iterator[TemplateState]:
    """Read every GPO that is linked to the domain, to one of the OUs, or in between.

    Raises:
        BackendError: The directory can't be read; a template that can't be is part of the answer.
    """
    seen: dict[UUID, ObservedGpo] = {}
    top = directory.names().domain_dn
    for unit in (*units, top):
        at = unit
        while True:
            seen |= {gpo.gpo_id: gpo for gpo in _linked(directory, at)}
            if same_dn(at, top) or not parent_dn(at):
                break
            at = parent_dn(at)
    for gpo in seen.values():
        yield _template(gpo, sysvol)


def _linked(directory: Directory, dn: str) -> Iterator[ObservedGpo]:
    entry = directory.read(dn, ("gPLink",))
    for link in parse_gp_link((entry.attributes.text("gPLink") if entry else None) or "").links:
        gpo = (
            None if link.disabled or link.gpo_id is None else read_gpo_by_id(directory, link.gpo_id)
        )
        if gpo is not None:
            yield gpo


def _template(gpo: ObservedGpo, sysvol: Sysvol) -> TemplateState:
    content, problem, number = None, None, None
    out_of_reach = False
    try:
        content = sysvol.read(gpo.gpo_id, "gpt.ini")
        number = None if content is None else gpt_ini.version(content).number
    except (FileShareError, AccessDeniedError, CodecError) as error:
        problem = str(error)
    except BackendError as error:
        problem, out_of_reach = str(error), True
    return TemplateState(
        name=gpo.entry.attributes.text("displayName") or gpo.entry.dn,
        gpo_id=gpo.gpo_id,
        container_version=_container_version(gpo),
        template_version=number,
        problem=problem,
        out_of_reach=out_of_reach,
    )


def _container_version(gpo: ObservedGpo) -> int:
    return GpoVersion.from_number(int(gpo.entry.attributes.text("versionNumber") or "0")).number
