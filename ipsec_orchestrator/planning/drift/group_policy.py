"""GPO, link and assignment in a picture: what makes members take the policy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.codec.extension_names import IPSEC_PAIR, parse_extension_names
from ipsec_orchestrator.codec.gp_link import GpLinks, parse_gp_link
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.facts.gpo import ObservedGpo, assignment_dns
from ipsec_orchestrator.facts.gpo_guards import GpoGuards
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import Entry
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.desired import DesiredPolicy
from ipsec_orchestrator.planning.drift.compare import EXTENSIONS
from ipsec_orchestrator.planning.drift.picture import ABSENT, PRESENT, Picture, Thing, Trait

_COMPUTER_HALF_DISABLED: Final = 2
_BLOCKED: Final = 1
GPO: Final = "GPO"
LINK: Final = "link"
ASSIGNMENT: Final = "assignment"
INHERITANCE: Final = "inheritance"
NAME: Final = "name"
_WORDS: Final = {"ipsecName": "name", "description": "description"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GpoSight:
    """The playbook's GPO as it was read, and what else keeps it from members."""

    gpo: ObservedGpo
    guards: GpoGuards


def wanted_group_policy(playbook: Playbook, assigned: DesiredPolicy | None) -> Picture:
    """Draw what the playbook says of GPO, link and assignment.

    On versions and permissions a playbook has no opinion: they are compared with the record.
    """
    wish = playbook.gpo
    link = {
        "enabled": Trait(text=_yes(value=wish.link_enabled)),
        "enforced": Trait(text=_yes(value=wish.enforced)),
    }
    if wish.order is not None:
        link["order"] = Trait(text=str(wish.order))
    return Picture(
        things=(
            Thing(
                kind=GPO,
                name=wish.name,
                object=wish.name,
                traits={
                    NAME: Trait(text=wish.name),
                    "computer settings": Trait(text="enabled"),
                    "IPsec extension": Trait(text="listed"),
                    "versions": Trait(text="agree"),
                    "WMI filter": Trait(text=ABSENT),
                },
            ),
            Thing(kind=LINK, name=f"{wish.name} on {wish.ou}", object=wish.ou, traits=link),
            Thing(
                kind=ASSIGNMENT,
                name=wish.name,
                object=wish.name,
                traits={
                    "policy": Trait(text=assigned.name if assigned else ABSENT),
                    "name": Trait(text=assigned.name if assigned else ABSENT),
                    "description": Trait(text=(assigned and assigned.description) or ABSENT),
                },
            ),
        ),
    )


def found_group_policy(
    playbook: Playbook,
    observed: Observed,
    sight: GpoSight | None,
) -> Picture:
    """Draw GPO, link and assignment as they are."""
    if sight is None:
        return Picture()
    gpo = sight.gpo
    things = [
        Thing(
            kind=GPO,
            name=playbook.gpo.name,
            object=gpo.entry.dn,
            traits=dict(gpo_traits(sight, playbook.gpo.name)),
        ),
        _assignment(playbook, observed, gpo),
    ]
    links = parse_gp_link(observed.ou.gp_link or "")
    if links.find(gpo.gpo_id) is not None:
        things.insert(1, _link(playbook, observed, links, gpo))
    return Picture(things=tuple(things))


def assigned_in(picture: Picture) -> str:
    """Give the name of the policy that a picture's GPO assigns, or ``absent``."""
    found = (thing.traits["policy"].text for thing in picture.things if thing.kind == ASSIGNMENT)
    return next(found, ABSENT)


def gpo_traits(sight: GpoSight, wished: str) -> Iterator[tuple[str, Trait]]:
    """Give the traits of the GPO itself; ``wished`` is what it is to be called."""
    attributes = sight.gpo.entry.attributes
    name = attributes.text("displayName") or ABSENT
    # Case has no meaning in it.
    text = wished if name.casefold() == wished.casefold() else name
    yield NAME, Trait(text=text, attribute="displayName")
    flags = int(attributes.text("flags") or "0")
    off = bool(flags & _COMPUTER_HALF_DISABLED)
    yield "computer settings", Trait(text="disabled" if off else "enabled", attribute="flags")
    names = attributes.text("gPCMachineExtensionNames") or ""
    yield (
        "IPsec extension",
        Trait(
            text="listed" if _lists_ipsec(names) else ABSENT, attribute="gPCMachineExtensionNames"
        ),
    )
    yield (
        EXTENSIONS,
        Trait(text=names.casefold() or ABSENT, attribute="gPCMachineExtensionNames"),
    )
    number = GpoVersion.from_number(int(attributes.text("versionNumber") or "0")).number
    template = sight.gpo.template_version
    agree = template == number
    yield (
        "versions",
        Trait(
            text="agree" if agree else f"{number} in the directory, {_number(template)} in gpt.ini",
            attribute="versionNumber",
        ),
    )
    yield "version", Trait(text=str(number), attribute="versionNumber")
    yield (
        "mark",
        Trait(text=attributes.text("adminDescription") or ABSENT, attribute="adminDescription"),
    )
    yield "WMI filter", Trait(text=sight.guards.wmi_filter or ABSENT, attribute="gPCWQLFilter")
    yield (
        "permissions",
        Trait(text=sight.guards.permissions or ABSENT, attribute="nTSecurityDescriptor"),
    )


def _number(version: int | None) -> str:
    return "no version" if version is None else str(version)


def _lists_ipsec(names: str) -> bool:
    try:
        return parse_extension_names(names).has(IPSEC_PAIR)
    except CodecError:
        # Members stop reading there as well.
        return False


def _link(playbook: Playbook, observed: Observed, links: GpLinks, gpo: ObservedGpo) -> Thing:
    link = links.find(gpo.gpo_id)
    enforced = link is not None and link.enforced
    disabled = link is not None and link.disabled
    options = int(observed.ou.entry.attributes.text("gPOptions") or "0")
    return Thing(
        kind=LINK,
        name=f"{playbook.gpo.name} on {playbook.gpo.ou}",
        object=observed.ou.entry.dn,
        attribute="gPLink",
        traits={
            "enabled": Trait(text=_yes(value=not disabled), attribute="gPLink"),
            "enforced": Trait(text=_yes(value=enforced), attribute="gPLink"),
            "order": Trait(text=str(links.link_order(gpo.gpo_id)), attribute="gPLink"),
            INHERITANCE: Trait(
                text="blocked" if options & _BLOCKED else "open", attribute="gPOptions"
            ),
        },
    )


def _assignment(
    playbook: Playbook,
    observed: Observed,
    gpo: ObservedGpo,
) -> Thing:
    dn = assignment_dns(gpo.entry.dn)[-1]
    entry = gpo.child(dn)
    owner = entry.attributes.text("ipsecOwnersReference") if entry else None
    return Thing(
        kind=ASSIGNMENT,
        name=playbook.gpo.name,
        object=dn,
        traits={
            "policy": Trait(text=_assigned_name(observed, owner), attribute="ipsecOwnersReference"),
            **dict(_assignment_words(entry)),
        },
    )


def _assigned_name(observed: Observed, owner: str | None) -> str:
    if owner is None:
        return ABSENT
    policy = observed.container.entry(owner)
    name = policy.attributes.text("ipsecName") if policy else None
    return name or f"{owner} ({PRESENT if policy else 'which is not there'})"


def _assignment_words(entry: Entry | None) -> Iterator[tuple[str, Trait]]:
    """Give the two texts that go with the reference; only people read them."""
    for name, word in _WORDS.items():
        text = entry.attributes.text(name) if entry else None
        yield word, Trait(text=text or ABSENT, attribute=name)


def _yes(*, value: bool) -> str:
    return "yes" if value else "no"
