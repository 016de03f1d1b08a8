"""The shipped domain in memory: seed, times, GPOs and their folders."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.domain_locator import role_owner
from ipsec_orchestrator.adapters.gpo_container import container_dn
from ipsec_orchestrator.adapters.memory import (
    MemoryDirectory,
    MemoryGpos,
    MemorySysvol,
    seeded_directory,
)
from ipsec_orchestrator.codec.security_descriptor import decode_descriptor
from ipsec_orchestrator.errors import FileShareError, ObjectExistsError
from ipsec_orchestrator.model.directory import Attributes, Scope
from ipsec_orchestrator.ports.clock import Clock

_ID = UUID("0c0c0c0c-1111-5222-8333-444444444444")
_OTHER_ID = UUID("0d0d0d0d-1111-5222-8333-444444444444")
_TOP = "DC=ipsectest,DC=com"


@dataclass
class _Hand(Clock):
    """A clock whose hands are moved by the test."""

    time: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    @override
    def now(self) -> datetime:
        return self.time

    @override
    def monotonic_seconds(self) -> float:
        return self.time.timestamp()

    @override
    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> _Hand:
    """A clock that stands still."""
    return _Hand()


@pytest.fixture
def directory(clock: _Hand) -> MemoryDirectory:
    """The running example."""
    return seeded_directory(clock, units=["IPSecOU"], computers=[("vm1", "IPSecOU"), ("pc", "")])


def test_the_seed_has_what_the_tool_works_in(directory: MemoryDirectory) -> None:
    """Containers, unit, computers and the role owner are there."""
    for dn in (
        "CN=IP Security,CN=System",
        "CN=Policies,CN=System",
        "OU=IPSecOU",
        "CN=PC,CN=Computers",
    ):
        assert directory.read(f"{dn},{_TOP}", ["name"]) is not None
    assert role_owner(directory) == "dc1.ipsectest.com"
    found = directory.search(_TOP, Scope.SUBTREE, "(objectClass=computer)", ["dNSHostName"])
    assert {entry.attributes.text("dNSHostName") for entry in found} == {
        "dc1.ipsectest.com",
        "vm1.ipsectest.com",
        "pc.ipsectest.com",
    }


def test_times_come_from_the_clock(directory: MemoryDirectory, clock: _Hand) -> None:
    """``whenCreated`` stays, ``whenChanged`` follows the clock, to the second."""
    dn = f"CN=x,CN=IP Security,CN=System,{_TOP}"
    directory.add(dn, Attributes.of_text(objectClass="ipsecFilter"))
    clock.wait(61)
    directory.replace(dn, Attributes.of_text(description="x"))
    entry = directory.read(dn, ["whenCreated", "whenChanged"])
    assert entry is not None
    assert entry.attributes.text("whenCreated") == "20260102030405.0Z"
    assert entry.attributes.text("whenChanged") == "20260102030506.0Z"


def test_one_history_gives_one_directory(clock: _Hand) -> None:
    """Identities are derived: the same steps give the same GUIDs."""

    def guids() -> list[tuple[bytes, ...]]:
        made = seeded_directory(clock, units=["a", "b"])
        found = made.search(_TOP, Scope.SUBTREE, "(objectClass=*)", ["objectGUID"])
        return [entry.attributes["objectGUID"] for entry in found]

    assert guids() == guids()
    assert len(set(guids())) == len(guids())


def test_an_object_made_anew_is_another_object(directory: MemoryDirectory) -> None:
    """After deleting and adding again, the identity differs, as in a real directory."""
    dn = f"CN=x,CN=IP Security,CN=System,{_TOP}"
    seen: set[bytes] = set()
    for _ in range(2):
        directory.add(dn, Attributes.of_text(objectClass="ipsecFilter"))
        entry = directory.read(dn, ["objectGUID"])
        assert entry is not None
        seen.add(entry.attributes["objectGUID"][0])
        directory.delete(dn)
    assert len(seen) == 2


def test_a_refused_change_changes_nothing(directory: MemoryDirectory) -> None:
    """One bad attribute in a modify leaves the others as they were, and the change number too."""
    dn = f"CN=x,CN=IP Security,CN=System,{_TOP}"
    directory.add(dn, Attributes.of_text(objectClass="ipsecFilter"))
    before = directory.read(dn, ["*"])
    with pytest.raises(Exception, match="names an object that does not exist"):
        directory.replace(
            dn, Attributes.of_text(description="x", ipsecOwnersReference=f"CN=nobody,{_TOP}")
        )
    assert directory.read(dn, ["*"]) == before


def test_a_gpo_is_made_and_removed_with_its_folder(directory: MemoryDirectory) -> None:
    """Container, descriptor, folder and gpt.ini come and go together."""
    sysvol = MemorySysvol()
    gpos = MemoryGpos(directory, sysvol)
    assert gpos.create(name="policy", wished_id=_ID, comment="c") == _ID
    entry = directory.read(container_dn(_TOP, _ID), ["displayName", "nTSecurityDescriptor"])
    assert entry is not None
    assert entry.attributes.text("displayName") == "policy"
    assert decode_descriptor(entry.attributes["nTSecurityDescriptor"][0]).dacl is not None
    assert sysvol.read(_ID, "gpt.ini") == b"[General]\r\nVersion=0\r\n"
    assert sysvol.read(_ID, "GPO.cmt") == b"c\0"
    gpos.delete(gpo_id=_ID)
    assert directory.read(container_dn(_TOP, _ID), ["cn"]) is None
    assert sysvol.read(_ID, "gpt.ini") is None
    gpos.delete(gpo_id=_ID)


def test_a_taken_gpo_name_is_refused(directory: MemoryDirectory) -> None:
    """Display names are unique, case-blind, and parentheses in them are no filter."""
    gpos = MemoryGpos(directory, MemorySysvol())
    gpos.create(name="Policy (1)*", wished_id=_ID, comment="")
    with pytest.raises(ObjectExistsError):
        gpos.create(name="policy (1)*", wished_id=_OTHER_ID, comment="")
    assert directory.read(container_dn(_TOP, _OTHER_ID), ["cn"]) is None
    gpos.create(name="policy (1)x", wished_id=_OTHER_ID, comment="")


def test_file_names_are_case_blind_and_folders_are_not_made_in_passing() -> None:
    """Files answer to any case and slash; a missing folder refuses the write."""
    sysvol = MemorySysvol()
    with pytest.raises(FileShareError):
        sysvol.write(_ID, "gpt.ini", b"x")
    sysvol.make_folder(_ID)
    sysvol.write(_ID, "Machine\\Registry.pol", b"x")
    assert sysvol.read(_ID, "machine/REGISTRY.POL") == b"x"
    assert sysvol.read(_ID, "machine/other") is None
