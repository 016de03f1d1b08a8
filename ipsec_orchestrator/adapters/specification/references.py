"""Names inside a playbook: where they are defined, whether they are, and only once."""

from collections.abc import Sequence

from ipsec_orchestrator.adapters.specification.document import Place
from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.fields import quoted
from ipsec_orchestrator.adapters.specification.playbook_schema import PlaybookFile
from ipsec_orchestrator.model.suggestion import did_you_mean

KINDS = {
    "filter_actions": "filter action",
    "filter_lists": "filter list",
    "policies": "policy",
}


def resolve(
    examined: Examined[PlaybookFile],
    place: Place,
    section: str,
    name: str,
    known: Sequence[str],
) -> str:
    """Give a name as it is defined; an unknown one becomes a problem.

    Args:
        examined: The playbook file.
        place: Where the name is used.
        section: The section of the file that defines such names.
        name: The name as used; names are compared case-blind, as the snap-in does.
        known: The names that the section defines.
    """
    key = name.casefold()
    found = next((candidate for candidate in known if candidate.casefold() == key), None)
    if found is not None:
        return found
    if not examined.knows_names(section):
        # One of the names that can't be read may be the one that is meant.
        return name
    kind = KINDS[section]
    defined = f"defined are {', '.join(map(quoted, known))}" if known else "none is defined"
    message = f"there is no {kind} {quoted(name)}; {defined}.{did_you_mean(name, known)}"
    examined.add(place, message)
    return name


def check_double(
    examined: Examined[PlaybookFile],
    places: Sequence[Place],
    values: Sequence[object],
    message: str,
) -> None:
    """Add a problem for every value that an earlier sound place has already."""
    seen: dict[object, Place] = {}
    for place, value in zip(places, values, strict=True):
        if not examined.is_sound(place):
            continue
        first = seen.setdefault(value, place)
        if first is not place:
            examined.add(place, f"{message} The first is at {examined.where(first)}.")
