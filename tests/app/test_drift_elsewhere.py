"""Drift on the other DCs, and of members that do not run Group Policy any more."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from uuid import UUID

import pytest

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.memory import MemorySysvol, seeded_directory
from ipsec_orchestrator.app.drift import find_drift
from ipsec_orchestrator.errors import HostUnreachableError
from ipsec_orchestrator.model.directory import Attributes, Entry
from ipsec_orchestrator.model.drift import DriftReport
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.ports import Directory, Sysvol, World
from tests.app.test_examination import add_controller, opener
from tests.worlds import MemoryDomain

DC2 = "dc2.ipsectest.com"
NAME = "IPSec-Azure-OnPremises"


def look(domain: MemoryDomain, playbook: Playbook, world: World | None = None) -> DriftReport:
    """Look for drift, without any member."""
    return find_drift(playbook, (), world or domain.world, None, lambda _: None)


def sysvols(found: Sysvol | Exception) -> Callable[[str], AbstractContextManager[Sysvol]]:
    """Give the way to the SYSVOL of the other DC, or the error that it ends with."""

    @contextmanager
    def open_sysvol(fqdn: str) -> Generator[Sysvol]:
        assert fqdn == DC2
        if isinstance(found, Exception):
            raise found
        yield found

    return open_sysvol


def gpo_entry(domain: MemoryDomain) -> Entry:
    """The GPO's container on the first DC."""
    entry = domain.directory.read(domain.gpo_dn(NAME), ("versionNumber", "cn"))
    assert entry is not None
    return entry


def second(domain: MemoryDomain, version: int | None) -> Directory:
    """A second DC's directory, with the GPO in that version or without it."""
    other = seeded_directory(SystemClock(), units=["IPSecOU"])
    if version is not None:
        texts = {"objectClass": "groupPolicyContainer", "versionNumber": str(version)}
        other.add(gpo_entry(domain).dn, Attributes.of_text(**texts))
    return other


def template(domain: MemoryDomain, version: int | None) -> MemorySysvol:
    """A second DC's SYSVOL, likewise."""
    sysvol = MemorySysvol()
    if version is not None:
        gpo_id = UUID(gpo_entry(domain).attributes.text("cn") or "")
        sysvol.make_folder(gpo_id)
        sysvol.write(gpo_id, "gpt.ini", f"[General]\r\nVersion={version}\r\n".encode())
    return sysvol


@pytest.fixture
def applied(howto: Playbook, domain: MemoryDomain) -> MemoryDomain:
    """The how-to, applied to a domain that has a second DC; no member is asked."""
    domain.apply(howto)
    add_controller(domain.directory, "dc2")
    return domain


@pytest.mark.parametrize(
    ("container", "file", "expected"),
    [
        (1, 1, set()),
        (0, 0, {("pending", "version"), ("pending", "version in gpt.ini")}),
        (1, 0, {("pending", "version in gpt.ini")}),
        (1, None, {("pending", "version in gpt.ini")}),
        (None, None, {("pending", "version"), ("pending", "version in gpt.ini")}),
        (7, 1, {("drift", "version")}),
        (1, 7, {("drift", "version in gpt.ini")}),
    ],
)
def test_both_halves_of_the_gpo_are_compared_on_every_dc(
    applied: MemoryDomain,
    howto: Playbook,
    container: int | None,
    file: int | None,
    expected: set[tuple[str, str]],
) -> None:
    """What lags behind is pending, what is newer there is drift; each by the name of the DC."""
    world = replace(
        applied.world,
        open_controller=opener({DC2: second(applied, container)}),
        open_sysvol=sysvols(template(applied, file)),
    )
    report = look(applied, howto, world)

    assert {(each.kind.value, each.field) for each in report.differences} == expected
    assert {each.name for each in report.differences} <= {DC2}
    assert {each.thing for each in report.differences} <= {"replication"}
    assert report.unknown == ()
    for each in report.differences:
        assert ("not replicated yet" in each.found) == (each.kind.value == "pending")


def test_what_can_not_be_read_there_is_unknown(applied: MemoryDomain, howto: Playbook) -> None:
    """A DC that is off, or a SYSVOL that is refused, is told with its reason."""
    off = replace(applied.world, open_controller=opener({}))
    refusal = HostUnreachableError(host=DC2, reason="no share was reached")
    shut = replace(
        applied.world,
        open_controller=opener({DC2: second(applied, 1)}),
        open_sysvol=sysvols(refusal),
    )
    (gone,), (refused,) = look(applied, howto, off).unknown, look(applied, howto, shut).unknown

    assert (gone.object, refused.object) == (DC2, DC2)
    assert "no connection" in gone.reason
    assert "no share" in refused.reason
