"""A directory that answers from memory what has been asked before, and else asks the real one."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from typing_extensions import override

from ipsec_orchestrator.facts.identity import IDENTITY_ATTRIBUTES, identified
from ipsec_orchestrator.model.directory import Attributes, Entry, Scope, is_below
from ipsec_orchestrator.model.watermark import Question
from ipsec_orchestrator.planning.plan_secrets import holds_secret
from ipsec_orchestrator.ports import Directory, DomainNames

_OPEN_ENDED: Final = frozenset({"*", "+"})


class RememberingDirectory(Directory):
    """Asks for GUID and USN beside what is wanted, so that answers can be kept up to date.

    Within one look a question is asked once. What may be kept longer is what concerns the
    domain itself; a rule with a pre-shared key never leaves the memory of the process.
    """

    def __init__(self, inner: Directory) -> None:
        self._inner = inner
        self._lock = threading.RLock()
        self._known: dict[Question, tuple[Entry, ...]] = {}
        self._used: dict[Question, tuple[Entry, ...]] = {}

    def know(self, answers: Mapping[Question, tuple[Entry, ...]]) -> None:
        """Take answers of an earlier look that still hold."""
        with self._lock:
            self._known.update(answers)

    def kept(self) -> dict[Question, tuple[Entry, ...]]:
        """Give what was asked in this look and may be kept for the next one."""
        names = self._inner.names()
        with self._lock:
            return {
                question: entries
                for question, entries in self._used.items()
                if is_below(question.base, names.domain_dn)
                and not is_below(question.base, names.configuration_dn)
                and _OPEN_ENDED.isdisjoint(question.attributes)
                and all(
                    entry.guid is not None and not holds_secret(entry.dn, entry.attributes)
                    for entry in entries
                )
            }

    @override
    def names(self) -> DomainNames:
        return self._inner.names()

    @override
    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        def ask(wanted: Sequence[str]) -> tuple[Entry, ...]:
            found = self._inner.read(dn, wanted)
            return (found,) if found else ()

        question = Question(base=dn, scope=Scope.BASE, ldap_filter="", attributes=tuple(attributes))
        return next(self._answer(question, ask), None)

    @override
    def search(
        self, base: str, scope: Scope, ldap_filter: str, attributes: Sequence[str]
    ) -> Iterator[Entry]:
        question = Question(
            base=base, scope=scope, ldap_filter=ldap_filter, attributes=tuple(attributes)
        )
        return self._answer(
            question,
            lambda wanted: tuple(self._inner.search(base, scope, ldap_filter, wanted)),
        )

    @override
    def deleted(self, ldap_filter: str, attributes: Sequence[str]) -> tuple[Entry, ...] | None:
        return self._inner.deleted(ldap_filter, attributes)

    @override
    def add(self, dn: str, attributes: Attributes) -> None:
        self._inner.add(dn, attributes)
        self._forget()

    @override
    def replace(self, dn: str, attributes: Attributes) -> None:
        self._inner.replace(dn, attributes)
        self._forget()

    @override
    def delete(self, dn: str) -> None:
        self._inner.delete(dn)
        self._forget()

    def _answer(
        self, question: Question, ask: Callable[[Sequence[str]], tuple[Entry, ...]]
    ) -> Iterator[Entry]:
        with self._lock:
            found = self._known.get(question)
            if found is None:
                found = with_identity(ask(with_identity_attributes(question)), question)
                self._known[question] = found
            self._used[question] = found
        return (Entry(dn=entry.dn, attributes=entry.attributes) for entry in found)

    def _forget(self) -> None:
        with self._lock:
            self._known.clear()
            self._used.clear()


def with_identity_attributes(question: Question) -> tuple[str, ...]:
    """Give the attributes to ask for: those that are wanted, GUID and USN."""
    return (*question.attributes, *_unasked(question))


def with_identity(entries: Sequence[Entry], question: Question) -> tuple[Entry, ...]:
    """Put GUID and USN apart from the content, unless the asker wants them as content."""
    unasked = {name.casefold() for name in _unasked(question)}
    return tuple(
        Entry(
            dn=entry.dn,
            attributes=Attributes(
                {
                    name: values
                    for name, values in entry.attributes.items()
                    if name.casefold() not in unasked
                }
            ),
            guid=known.guid,
            usn=known.usn,
        )
        for entry, known in ((entry, identified(entry)) for entry in entries)
    )


def _unasked(question: Question) -> tuple[str, ...]:
    """Name what has to be asked for in addition; the rootDSE is no object and has neither."""
    if not question.base or not _OPEN_ENDED.isdisjoint(question.attributes):
        return ()
    asked = {name.casefold() for name in question.attributes}
    return tuple(name for name in IDENTITY_ATTRIBUTES if name.casefold() not in asked)
