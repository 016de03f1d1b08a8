"""Part of a plan in the making."""

from collections.abc import Iterable
from dataclasses import dataclass

from ipsec_orchestrator.model.directory import Attributes, Entry, same_values
from ipsec_orchestrator.model.plan import Caution, Change
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep, Step

ABSENT = "absent"
PRESENT = "present"
_SHOWN_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Changes for people, steps for the engine, warnings: of one part of the plan."""

    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    warnings: tuple[Caution, ...] = ()

    def __add__(self, other: "Draft") -> "Draft":
        return Draft(
            changes=self.changes + other.changes,
            steps=self.steps + other.steps,
            warnings=self.warnings + other.warnings,
        )


def differing(wanted: Attributes, found: Attributes) -> tuple[str, ...]:
    """Name the attributes whose values do not mean the same; others of ``found`` are left alone.

    An object class that the server filled up with its superclasses is no difference.
    """
    return tuple(
        name
        for name in wanted
        if not (
            is_class_satisfied(wanted, found)
            if name.casefold() == "objectclass"
            else same_values(name, wanted.values_of(name), found.values_of(name))
        )
    )


def is_class_satisfied(wanted: Attributes, found: Attributes) -> bool:
    """Tell whether every class that is wanted is among those that are there."""
    have = {name.casefold() for name in found.texts("objectClass")}
    return {name.casefold() for name in wanted.texts("objectClass")} <= have


def change_entry(
    stage: Stage,
    title: str,
    entry: Entry,
    after: Attributes,
) -> EntryStep:
    """Give the step that brings the named attributes of an existing object to ``after``."""
    return EntryStep(
        stage=stage,
        title=title,
        dn=entry.dn,
        before=entry.attributes.only(after),
        after=after,
    )


def delete_entry(
    stage: Stage, title: str, entry: Entry, *, without: Iterable[str] = ()
) -> EntryStep:
    """Give the step that deletes an object; ``without`` are attributes that earlier steps changed.

    What they hold then was checked by those steps.
    """
    gone = {name.casefold() for name in without}
    before = Attributes(
        {name: values for name, values in entry.attributes.items() if name.casefold() not in gone},
    )
    return EntryStep(stage=stage, title=title, dn=entry.dn, before=before, after=None)


def object_difference(found: Attributes | None, wanted: Attributes | None) -> tuple[str, str, str]:
    """Give the first attribute that differs, what it ought to be, and what it is, as text.

    The object as a whole stands for an attribute where one of the two is absent.
    """
    if found is None or wanted is None:
        return (
            "the object",
            ABSENT if wanted is None else PRESENT,
            ABSENT if found is None else PRESENT,
        )
    name = differing(wanted, found)[0]
    return name, shown(wanted.values_of(name)), shown(found.values_of(name))


def shown(values: tuple[bytes, ...]) -> str:
    """Write attribute values for a message: text as text, anything else as hexadecimal."""
    if not values:
        return ABSENT
    parts: list[str] = []
    for value in values:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = ""
        readable = text and text.isprintable()
        part = repr(text) if readable else value.hex()
        parts.append(part if len(part) <= _SHOWN_BYTES else f"{part[:_SHOWN_BYTES]}...")
    return ", ".join(parts)
