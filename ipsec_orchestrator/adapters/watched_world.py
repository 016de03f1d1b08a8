"""Ports that ask before every write whether they still may: the lock of a run is watched by them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.model.directory import Attributes, Entry, Scope
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import (
    Directory,
    DomainNames,
    Gpos,
    Members,
    ScriptCall,
    Sysvol,
    World,
)

MayWrite = Callable[[], None]


def watched_world(world: World, may_write: MayWrite) -> World:
    """Give the world in which ``may_write`` is called before every write; it raises to refuse.

    Where the directory can't be asked, nothing is written to it, to SYSVOL or to GPOs. Members
    are given their orders all the same: what they do is not lost by being done twice, and the
    DC that can't be reached can't have given the lock to anybody.
    """

    def unless_refused() -> None:
        with suppress(BackendError):
            may_write()

    return replace(
        world,
        directory=_WatchedDirectory(world.directory, may_write),
        gpos={via: _WatchedGpos(gpos, may_write) for via, gpos in world.gpos.items()},
        sysvol={via: _WatchedSysvol(files, may_write) for via, files in world.sysvol.items()},
        members=_WatchedMembers(world.members, unless_refused),
    )


class _WatchedDirectory(Directory):
    def __init__(self, inner: Directory, may_write: MayWrite) -> None:
        self._inner = inner
        self._may_write = may_write

    @override
    def names(self) -> DomainNames:
        return self._inner.names()

    @override
    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        return self._inner.read(dn, attributes)

    @override
    def search(
        self, base: str, scope: Scope, ldap_filter: str, attributes: Sequence[str]
    ) -> Iterator[Entry]:
        return self._inner.search(base, scope, ldap_filter, attributes)

    @override
    def deleted(self, ldap_filter: str, attributes: Sequence[str]) -> tuple[Entry, ...] | None:
        return self._inner.deleted(ldap_filter, attributes)

    @override
    def add(self, dn: str, attributes: Attributes) -> None:
        self._may_write()
        self._inner.add(dn, attributes)

    @override
    def replace(self, dn: str, attributes: Attributes) -> None:
        self._may_write()
        self._inner.replace(dn, attributes)

    @override
    def delete(self, dn: str) -> None:
        self._may_write()
        self._inner.delete(dn)


class _WatchedSysvol(Sysvol):
    def __init__(self, inner: Sysvol, may_write: MayWrite) -> None:
        self._inner = inner
        self._may_write = may_write

    @override
    def read(self, gpo_id: UUID, path: str) -> bytes | None:
        return self._inner.read(gpo_id, path)

    @override
    def write(self, gpo_id: UUID, path: str, content: bytes) -> None:
        self._may_write()
        self._inner.write(gpo_id, path, content)

    @override
    def read_access(self, gpo_id: UUID) -> bytes | None:
        return self._inner.read_access(gpo_id)

    @override
    def write_access(self, gpo_id: UUID, descriptor: bytes) -> None:
        self._may_write()
        self._inner.write_access(gpo_id, descriptor)


class _WatchedGpos(Gpos):
    def __init__(self, inner: Gpos, may_write: MayWrite) -> None:
        self._inner = inner
        self._may_write = may_write

    @override
    def create(self, *, name: str, wished_id: UUID, comment: str) -> UUID:
        self._may_write()
        return self._inner.create(name=name, wished_id=wished_id, comment=comment)

    @override
    def delete(self, *, gpo_id: UUID) -> None:
        self._may_write()
        self._inner.delete(gpo_id=gpo_id)


class _WatchedMembers(Members):
    def __init__(self, inner: Members, may_write: MayWrite) -> None:
        self._inner = inner
        self._may_write = may_write

    @override
    def run(self, host: Host, call: ScriptCall) -> Json:
        if call.changes:
            self._may_write()
        return self._inner.run(host, call)
