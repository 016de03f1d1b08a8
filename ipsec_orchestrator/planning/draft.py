"""Part of a plan in the making."""

from collections.abc import Iterable
from dataclasses import dataclass

from ipsec_orchestrator.model.directory import Attributes, Entry, same_values
from ipsec_orchestrator.model.plan import Caution, Change
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep, Step


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
