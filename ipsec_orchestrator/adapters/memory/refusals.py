"""The refusals of a DC, with the codes that it gives."""

from collections.abc import Sequence

from ipsec_orchestrator.adapters.memory.schema import BOOLEANS, SYSTEM_OWNED
from ipsec_orchestrator.errors import DirectoryError

_NO_SUCH_ATTRIBUTE = 16
_CONSTRAINT_VIOLATION = 19
_VALUE_EXISTS = 20
_INVALID_SYNTAX = 21
_NO_SUCH_OBJECT = 32
_INVALID_DN = 34
_OBJECT_CLASS_VIOLATION = 65
_NOT_ALLOWED_ON_NONLEAF = 66
_NOT_ALLOWED_ON_RDN = 67


def malformed(dn: str, order: str) -> DirectoryError:
    """A name that is no DN."""
    return DirectoryError(dn=dn, code=_INVALID_DN, reason=f"{order}: the DN is malformed")


def no_such_object(dn: str, order: str) -> DirectoryError:
    """The object, or the container for a new one, is missing."""
    return DirectoryError(
        dn=dn,
        code=_NO_SUCH_OBJECT,
        reason=f"{order}: there is no such object, or its container is missing",
    )


def no_such_class(dn: str) -> DirectoryError:
    """The schema has no such class."""
    return DirectoryError(
        dn=dn, code=_NO_SUCH_ATTRIBUTE, reason="add: the schema has no such class"
    )


def no_such_reference(dn: str, order: str, *, name: str) -> DirectoryError:
    """A value of DN syntax names an object that does not exist."""
    return DirectoryError(
        dn=dn,
        code=_CONSTRAINT_VIOLATION,
        reason=f"{order}: {name} names an object that does not exist",
        cure="Make the object first, then the reference.",
    )


def unchangeable(dn: str) -> DirectoryError:
    """The name of an object changes by renaming only."""
    return DirectoryError(
        dn=dn,
        code=_NOT_ALLOWED_ON_RDN,
        reason="replace: the name of an object can't be changed like an attribute",
    )


def has_children(dn: str) -> DirectoryError:
    """An object with children can't be deleted."""
    return DirectoryError(
        dn=dn,
        code=_NOT_ALLOWED_ON_NONLEAF,
        reason="delete: the object has children",
        cure="Delete what is below it first.",
    )


def check_values(dn: str, name: str, values: Sequence[bytes], order: str) -> None:
    """Refuse what the schema refuses, as far as it is known here.

    Raises:
        DirectoryError: System-owned attribute, class change, doubled value, or wrong syntax.
    """
    key = name.casefold()
    if key in SYSTEM_OWNED:
        raise DirectoryError(
            dn=dn, code=_CONSTRAINT_VIOLATION, reason=f"{order}: {name} is kept by the directory"
        )
    if key == "objectclass" and order == "replace":
        raise DirectoryError(
            dn=dn,
            code=_OBJECT_CLASS_VIOLATION,
            reason="replace: the class of an object can't be changed",
        )
    if len(set(values)) != len(values):
        raise DirectoryError(
            dn=dn, code=_VALUE_EXISTS, reason=f"{order}: a value of {name} is given twice"
        )
    if key in BOOLEANS and any(value not in {b"TRUE", b"FALSE"} for value in values):
        raise DirectoryError(
            dn=dn, code=_INVALID_SYNTAX, reason=f"{order}: {name} is TRUE or FALSE"
        )
