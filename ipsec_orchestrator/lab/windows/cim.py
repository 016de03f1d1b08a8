"""The CIM classes of a simulated host: what ``Get-CimInstance`` finds there."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ipsec_orchestrator.lab.windows.imitated_error import (
    INVALID_CLASS,
    INVALID_NAMESPACE,
    INVALID_QUERY,
    ImitatedError,
)
from ipsec_orchestrator.lab.windows.rsop_log import CimInstance

Instances = Callable[[], Sequence[CimInstance]]

ROOT_CIMV2: Final = r"root\cimv2"
RSOP_COMPUTER: Final = r"root\rsop\computer"
_QUERY: Final = re.compile(
    r"\s*select\s+\*\s+from\s+(?P<name>\w+)(?:\s+where\s+(?P<where>.+))?\s*",
    re.IGNORECASE,
)
# As much of WQL as is needed: equality with a text, joined by OR.
_EQUALS: Final = re.compile(r"""\s*\(?\s*(\w+)\s*=\s*(?:'([^']*)'|"([^"]*)")\s*\)?\s*""")


class CimRepository:
    """Classes by namespace; both are case-blind, and slashes are as good as backslashes."""

    def __init__(self, namespaces: Mapping[str, Mapping[str, Instances]]) -> None:
        self._namespaces = {
            _namespace_key(namespace): {name.casefold(): found for name, found in classes.items()}
            for namespace, classes in namespaces.items()
        }

    def extend(self, namespace: str, classes: Mapping[str, Instances]) -> None:
        """Add classes to a namespace."""
        found = self._namespaces.setdefault(_namespace_key(namespace), {})
        found.update({name.casefold(): instances for name, instances in classes.items()})

    def instances(self, namespace: str, class_name: str, where: str = "") -> Sequence[CimInstance]:
        r"""Give the instances of a class.

        Args:
            namespace: For example ``root\cimv2``; empty for that one.
            class_name: Name of the class.
            where: A WQL condition, empty for all.

        Raises:
            ImitatedError: No such namespace or class, or a condition that is not understood.
        """
        classes = self._namespaces.get(_namespace_key(namespace or ROOT_CIMV2))
        if classes is None:
            raise ImitatedError(INVALID_NAMESPACE, namespace)
        instances = classes.get(class_name.casefold())
        if instances is None:
            raise ImitatedError(INVALID_CLASS, class_name)
        return [found for found in instances() if _meets(found, where)]

    def query(self, namespace: str, query: str) -> Sequence[CimInstance]:
        """Carry out ``SELECT * FROM class [WHERE ...]``.

        Raises:
            ImitatedError: As for :meth:`instances`, or the query is not understood.
        """
        match = _QUERY.fullmatch(query)
        if match is None:
            raise ImitatedError(INVALID_QUERY, query)
        return self.instances(namespace, match["name"], match["where"] or "")


def _namespace_key(namespace: str) -> str:
    return namespace.replace("/", "\\").strip("\\").casefold()


def _meets(instance: CimInstance, where: str) -> bool:
    if not where.strip():
        return True
    properties = {name.casefold(): value for name, value in instance.items()}
    for alternative in re.split(r"\bOR\b", where, flags=re.IGNORECASE):
        match = _EQUALS.fullmatch(alternative)
        if match is None:
            raise ImitatedError(INVALID_QUERY, where)
        name, single, double = match.groups()
        wanted = single if single is not None else double
        # WQL compares texts without regard to case.
        if str(properties.get(name.casefold(), "")).casefold() == wanted.casefold():
            return True
    return False
