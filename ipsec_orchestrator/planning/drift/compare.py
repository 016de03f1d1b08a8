"""Three pictures side by side: every difference gets the one word that fits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.model.drift import Difference, DriftKind
from ipsec_orchestrator.planning.drift.picture import ABSENT, PRESENT, Picture, Thing

WHOLE: Final = "the object"
STORED_BYTES: Final = "stored bytes"
STORED_ACTION: Final = "stored action"
EXTENSIONS: Final = "extensions"
_AS_STORED: Final = frozenset({STORED_BYTES, STORED_ACTION, EXTENSIONS})
"""Traits that show an attribute as it is stored, for what no other trait of it has a word for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trio:
    """The same thing in all pictures; ``None`` where it is not."""

    wanted: Thing | None
    left: Thing | None
    found: Thing | None

    @property
    def shown(self) -> Thing:
        """The one to show: as it is, else as it was, else as it ought to be."""
        thing = self.found or self.left or self.wanted
        if thing is None:
            message = "a trio of nothing"
            raise AssertionError(message)
        return thing


def compare(wanted: Picture, left: Picture | None, found: Picture) -> tuple[Difference, ...]:
    """Tell every difference between what is there and what is wanted or was left.

    * drift: it is neither as wanted nor as the last run left it; somebody changed it.
    * pending: it is as the last run left it, and the playbook wants it otherwise by now.
    * adopted: it is as wanted, but the last run left it otherwise; somebody else did the work.
    * foreign: nobody wants it and no run left it.

    Args:
        wanted: What the playbook wants.
        left: What the last run left; ``None`` if there is no record. Then drift and pending
            can't be told apart, and everything that is not as wanted is pending.
        found: What is there now.
    """
    return tuple(
        difference
        for trio in trios(wanted, left, found)
        for difference in _differences(trio, recorded=left is not None)
    )


def trios(wanted: Picture, left: Picture | None, found: Picture) -> Iterator[Trio]:
    """Bring the pictures together: by object where it is the same, else by name."""
    rest_wanted = _Rest(wanted)
    rest_left = _Rest(left or Picture())
    for thing in found.things:
        yield Trio(wanted=rest_wanted.take(thing), left=rest_left.take(thing), found=thing)
    for thing in rest_left.things():
        yield Trio(wanted=rest_wanted.take(thing), left=thing, found=None)
    for thing in rest_wanted.things():
        yield Trio(wanted=thing, left=None, found=None)


class _Rest:
    """The things of a picture that have no counterpart yet; there may be many thousands."""

    def __init__(self, picture: Picture) -> None:
        self._things = dict(enumerate(picture.things))
        self._by_object: dict[tuple[str, str], list[int]] = {}
        self._by_name: dict[tuple[str, str], list[int]] = {}
        for number, thing in self._things.items():
            self._by_object.setdefault(thing.object_key, []).append(number)
            self._by_name.setdefault(thing.name_key, []).append(number)

    def take(self, like: Thing) -> Thing | None:
        """Take the counterpart of a thing out, the first of several."""
        numbers = (
            *self._by_object.get(like.object_key, ()),
            *self._by_name.get(like.name_key, ()),
        )
        number = next((number for number in numbers if number in self._things), None)
        return None if number is None else self._things.pop(number)

    def things(self) -> tuple[Thing, ...]:
        """Give what is left, in its order."""
        return tuple(self._things.values())


def _differences(trio: Trio, *, recorded: bool) -> Iterator[Difference]:
    wanted, left, found = trio.wanted, trio.left, trio.found
    if found is None or (wanted is None and left is None):
        nobodys = found is not None and wanted is None and left is None and recorded
        kind = (
            DriftKind.FOREIGN
            if nobodys
            else _kind(_presence(wanted), _presence(left) if recorded else None, _presence(found))
        )
        if kind is not None:
            yield _difference(trio, kind, WHOLE, _presence(wanted), _presence(found))
        return
    if wanted is None and recorded:
        yield _difference(trio, DriftKind.PENDING, WHOLE, ABSENT, PRESENT)
        return
    told: set[str | None] = set()
    for name in _in_order(trio):
        now = found.traits.get(name)
        if now is None:
            continue
        wish = wanted.traits.get(name) if wanted else None
        was = left.traits.get(name) if left else None
        if name in _AS_STORED and now.attribute in told:
            continue
        if name == STORED_BYTES and _is_replaced(trio):
            continue
        kind = _kind(wish.text if wish else None, was.text if was else None, now.text)
        if kind is None:
            continue
        told.add(now.attribute)
        expected = wish or was
        yield _difference(trio, kind, name, expected.text if expected else ABSENT, now.text)


def _is_replaced(trio: Trio) -> bool:
    """Tell whether another object is wanted; its bytes hold ids of its own."""
    wanted, found = trio.wanted, trio.found
    return wanted is not None and found is not None and wanted.object_key != found.object_key


def _in_order(trio: Trio) -> list[str]:
    """Name all traits; those that show what is stored come last."""
    names = dict.fromkeys(
        name for thing in (trio.found, trio.wanted, trio.left) if thing for name in thing.traits
    )
    return sorted(names, key=lambda name: name in _AS_STORED)


def _presence(thing: Thing | None) -> str:
    return ABSENT if thing is None else PRESENT


def _kind(wanted: str | None, left: str | None, found: str) -> DriftKind | None:
    """Judge one trait; ``None`` stands for "no opinion" in ``wanted`` and "no record" in ``left``.

    Without any difference the answer is ``None``.
    """
    if wanted is None:
        return DriftKind.DRIFT if left is not None and left != found else None
    if found == wanted:
        return DriftKind.ADOPTED if left is not None and left != found else None
    if left is None or left == found:
        return DriftKind.PENDING
    return DriftKind.DRIFT


def _difference(trio: Trio, kind: DriftKind, field: str, expected: str, found: str) -> Difference:
    thing = trio.shown
    trait = thing.traits.get(field)
    holder = (trait.holder if trait else None) or thing.object
    return Difference(
        kind=kind,
        object=thing.object,
        thing=thing.kind,
        name=thing.name,
        field=field,
        expected=expected,
        found=found,
        attribute=trait.attribute if trait else thing.attribute,
        holder=holder,
    )
