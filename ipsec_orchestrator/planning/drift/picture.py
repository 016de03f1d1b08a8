"""A picture of everything that one playbook is about, as text that can be compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ipsec_orchestrator.model.directory import dn_key

ABSENT: Final = "absent"
PRESENT: Final = "present"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """One property of a thing.

    Attributes:
        text: What it is, in the playbook's words; ``absent`` if it is not there.
        attribute: LDAP attribute that holds it; ``None`` for what is kept elsewhere.
        holder: DN of the object that holds that attribute, if it is not the thing itself.
    """

    text: str
    attribute: str | None = None
    holder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing in the administrator's sense.

    Attributes:
        kind: ``GPO``, ``link``, ``assignment``, ``filter list``, ``member`` ...
        name: How people call it.
        object: DN, path or host.
        attribute: LDAP attribute of the object that says whether the thing is there; ``None`` if
            the thing is an object of its own.
        traits: By their names. A trait that is not listed is one that this picture has no
            opinion on.
    """

    kind: str
    name: str
    object: str
    attribute: str | None = None
    traits: Mapping[str, Trait] = field(default_factory=dict[str, Trait], hash=False)

    @property
    def object_key(self) -> tuple[str, str]:
        """By what it is recognised where it still is the same object."""
        return self.kind, dn_key(self.object)

    @property
    def name_key(self) -> tuple[str, str]:
        """By what people recognise it where another object has taken its place."""
        return self.kind, self.name.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All things, in the order in which they are shown."""

    things: tuple[Thing, ...] = ()

    def __add__(self, other: "Picture") -> "Picture":
        return Picture(things=self.things + other.things)
