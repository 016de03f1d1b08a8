"""How a GPO was before it was taken over, kept in its own mark, so that it can be given back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from ipsec_orchestrator.codec.extension_names import IPSEC_PAIR, parse_extension_names
from ipsec_orchestrator.codec.gp_link import GpLinks
from ipsec_orchestrator.errors import PlanError
from ipsec_orchestrator.facts.gpo import ObservedGpo, assignment_dns
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.planning.desired import gpo_marker

ASSIGNMENT_NAMES: Final = ("ipsecOwnersReference", "ipsecName", "description")
_BEFORE: Final = " before="
# rangeUpper of adminDescription in the schema [MS-ADA1].
_MARK_CHARACTERS: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What taking over changes in a GPO that is not ours.

    Attributes:
        description: Its ``adminDescription``, which our mark replaces.
        flags: Its ``flags``.
        link: Link order and options of its link to the OU; ``None`` if it was not linked.
        has_pair: Whether it carried the IPsec extension.
        assignment: The three attributes of its assignment object as far as they had values;
            ``None`` if there was no such object.
    """

    description: str | None = None
    flags: str | None = None
    link: tuple[int, str] | None = None
    has_pair: bool = False
    assignment: tuple[tuple[str, str], ...] | None = None

    @property
    def assigned(self) -> Attributes:
        """The attributes of the assignment object as they were."""
        were = dict(self.assignment or ())
        return Attributes(
            {name: (were[name].encode(),) if name in were else () for name in ASSIGNMENT_NAMES},
        )


def adoption_of(gpo: ObservedGpo, links: GpLinks) -> Adoption:
    """Note how a GPO is before it is taken over."""
    attributes = gpo.entry.attributes
    link, order = links.find(gpo.gpo_id), links.link_order(gpo.gpo_id)
    place = gpo.child(assignment_dns(gpo.entry.dn)[-1])
    return Adoption(
        description=attributes.text("adminDescription"),
        flags=attributes.text("flags"),
        link=(order, link.options_text) if link is not None and order is not None else None,
        has_pair=parse_extension_names(attributes.text("gPCMachineExtensionNames") or "").has(
            IPSEC_PAIR,
        ),
        assignment=tuple(
            (name, text)
            for name in ASSIGNMENT_NAMES
            if (text := place.attributes.text(name)) is not None
        )
        if place
        else None,
    )


def adoption_mark(playbook: str, adoption: Adoption, gpo: str) -> str:
    """Write the mark of a GPO that is taken over.

    Raises:
        PlanError: What has to be remembered does not fit into the attribute.
    """
    before: dict[str, Json] = {
        "description": adoption.description,
        "flags": adoption.flags,
        "link": list(adoption.link) if adoption.link else None,
        "pair": adoption.has_pair,
        "assignment": None if adoption.assignment is None else dict(adoption.assignment),
    }
    text = json.dumps(before, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    mark = f"{gpo_marker(playbook, created=False)}{_BEFORE}{text}"
    if len(mark) > _MARK_CHARACTERS:
        raise PlanError(
            f"The GPO {gpo!r} can't be taken over: how it was needs {len(mark)} characters, and "
            f"its adminDescription holds {_MARK_CHARACTERS}.",
            cure="Shorten its adminDescription, or the description of the policy that it assigns.",
        )
    return mark


def read_adoption(mark: str | None, playbook: str) -> Adoption | None:
    """Read the mark of a GPO that this playbook took over; ``None`` for any other mark."""
    head, separator, text = (mark or "").partition(_BEFORE)
    if head != gpo_marker(playbook, created=False):
        return None
    if not separator:
        return Adoption()
    try:
        return _adoption(cast("Json", json.loads(text)))
    except ValueError as error:
        raise PlanError(
            f"The mark of a GPO that {playbook!r} took over can't be read: {error}.",
            cure=f"Set its adminDescription to {gpo_marker(playbook, created=False)!r}; how it "
            "was before is then not put back.",
        ) from error


def _adoption(found: Json) -> Adoption:
    match found:
        case {
            "description": str() | None as description,
            "flags": str() | None as flags,
            "link": link,
            "pair": bool() as pair,
            "assignment": assignment,
        }:
            return Adoption(
                description=description,
                flags=flags,
                link=_link(link),
                has_pair=pair,
                assignment=tuple(
                    (name, str(assignment[name])) for name in ASSIGNMENT_NAMES if name in assignment
                )
                if isinstance(assignment, Mapping)
                else None,
            )
        case _:
            message = "something is missing in it"
            raise ValueError(message)


def _link(found: Json) -> tuple[int, str] | None:
    match found:
        case [int() as order, str() as options]:
            return order, options
        case _:
            return None
