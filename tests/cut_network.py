"""A world whose network is cut at one of its writes, and stays so."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.errors import HostUnreachableError, OutcomeUnknownError
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

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Cable:
    """Lets so many writes through.

    Attributes:
        limit: The write after them is the last that leaves; ``None`` lets all of them through.
        arrives: Whether that one arrives, and only its answer is lost.
        written: What was written, or tried.
        is_cut: Whether nothing gets through any more.
    """

    limit: int | None = None
    arrives: bool = False
    written: list[str] = field(default_factory=list[str])
    is_cut: bool = False

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Read something.

        Raises:
            HostUnreachableError: The network is cut.
        """
        if self.is_cut:
            raise HostUnreachableError(host="the other side", reason="the network is cut")
        return question()

    def order(self, words: str, write: Callable[[], Answer]) -> Answer:
        """Write something.

        Raises:
            HostUnreachableError: The network is cut.
            OutcomeUnknownError: It is cut just now.
        """
        self.written.append(words)
        if self.is_cut or self.limit is None or len(self.written) <= self.limit:
            return self.ask(write)
        self.is_cut = True
        if self.arrives:
            write()
        raise OutcomeUnknownError(host="the other side", reason="the network was cut")


class CutDirectory(Directory):
    """The directory at the end of the cable."""

    def __init__(self, inner: Directory, cable: Cable) -> None:
        self._inner = inner
        self._cable = cable

    @override
    def names(self) -> DomainNames:
        return self._cable.ask(self._inner.names)

    @override
    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        return self._cable.ask(lambda: self._inner.read(dn, attributes))

    @override
    def search(
        self, base: str, scope: Scope, ldap_filter: str, attributes: Sequence[str]
    ) -> Iterator[Entry]:
        return self._cable.ask(lambda: self._inner.search(base, scope, ldap_filter, attributes))

    @override
    def deleted(self, ldap_filter: str, attributes: Sequence[str]) -> tuple[Entry, ...] | None:
        return self._cable.ask(lambda: self._inner.deleted(ldap_filter, attributes))

    @override
    def add(self, dn: str, attributes: Attributes) -> None:
        self._cable.order(f"add {dn}", lambda: self._inner.add(dn, attributes))

    @override
    def replace(self, dn: str, attributes: Attributes) -> None:
        self._cable.order(f"replace {dn}", lambda: self._inner.replace(dn, attributes))

    @override
    def delete(self, dn: str) -> None:
        self._cable.order(f"delete {dn}", lambda: self._inner.delete(dn))


class CutSysvol(Sysvol):
    """SYSVOL at the end of the cable."""

    def __init__(self, inner: Sysvol, cable: Cable) -> None:
        self._inner = inner
        self._cable = cable

    @override
    def read(self, gpo_id: UUID, path: str) -> bytes | None:
        return self._cable.ask(lambda: self._inner.read(gpo_id, path))

    @override
    def write(self, gpo_id: UUID, path: str, content: bytes) -> None:
        self._cable.order(f"write {path}", lambda: self._inner.write(gpo_id, path, content))

    @override
    def read_access(self, gpo_id: UUID) -> bytes | None:
        return self._cable.ask(lambda: self._inner.read_access(gpo_id))

    @override
    def write_access(self, gpo_id: UUID, descriptor: bytes) -> None:
        self._cable.order("protect", lambda: self._inner.write_access(gpo_id, descriptor))


class CutGpos(Gpos):
    """Making and deleting GPOs at the end of the cable."""

    def __init__(self, inner: Gpos, cable: Cable) -> None:
        self._inner = inner
        self._cable = cable

    @override
    def create(self, *, name: str, wished_id: UUID, comment: str) -> UUID:
        return self._cable.order(
            f"create {name}",
            lambda: self._inner.create(name=name, wished_id=wished_id, comment=comment),
        )

    @override
    def delete(self, *, gpo_id: UUID) -> None:
        self._cable.order(f"delete {gpo_id}", lambda: self._inner.delete(gpo_id=gpo_id))


class CutMembers(Members):
    """The members at the end of the cable."""

    def __init__(self, inner: Members, cable: Cable) -> None:
        self._inner = inner
        self._cable = cable

    @override
    def run(self, host: Host, call: ScriptCall) -> Json:
        if call.changes:
            words = f"run {call.name} on {host.name}"
            return self._cable.order(words, lambda: self._inner.run(host, call))
        return self._cable.ask(lambda: self._inner.run(host, call))


def behind(cable: Cable, world: World) -> World:
    """Put the cable between us and a world."""
    return replace(
        world,
        directory=CutDirectory(world.directory, cable),
        gpos={via: CutGpos(gpos, cable) for via, gpos in world.gpos.items()},
        sysvol={via: CutSysvol(files, cable) for via, files in world.sysvol.items()},
        members=CutMembers(world.members, cable),
    )
