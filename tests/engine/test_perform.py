"""Performing single steps: checked before, read back after, harmless when repeated."""

from dataclasses import replace
from uuid import UUID

import pytest
from typing_extensions import override

from ipsec_orchestrator.engine.perform import (
    perform_entry,
    perform_gpo,
    perform_template_version,
)
from ipsec_orchestrator.errors import ReadBackError, StalePlanError
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.outcome import StepOutcome
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import (
    EntryStep,
    GpoStep,
    Step,
    TemplateVersionStep,
    inverse,
)
from ipsec_orchestrator.planning.draft import shown
from ipsec_orchestrator.ports import World
from tests.worlds import (
    CONTAINER,
    OU,
    Counter,
    CountingDirectory,
    CountingGpos,
    CountingSysvol,
    MemoryDomain,
)

DN = f"CN=ipsecPolicy{{00000000-0000-0000-0000-000000000001}},{CONTAINER}"
GPO_ID = UUID("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
HISTORY = ("objectGUID", "uSNCreated", "whenCreated")


def entry_step(before: Attributes | None, after: Attributes | None, dn: str = DN) -> EntryStep:
    """A step on one object."""
    return EntryStep(stage=Stage.POLICY, title="test", dn=dn, before=before, after=after)


def policy(**texts: str) -> Attributes:
    """A policy object."""
    return Attributes.of_text(objectClass="ipsecPolicy", **texts)


def gpo_step(*, before: bool, after: bool, comment: str = "by a test") -> GpoStep:
    """A step that makes or removes the GPO called Test."""
    return GpoStep(
        stage=Stage.GPO,
        title="test",
        name="Test",
        gpo_id=GPO_ID,
        via=GpoVia.SMB,
        comment=comment,
        before=before,
        after=after,
    )


def version_step(before: int, after: int) -> TemplateVersionStep:
    """A step on the version in gpt.ini."""
    return TemplateVersionStep(
        stage=Stage.ASSIGNMENT,
        title="test",
        gpo_id=GPO_ID,
        via=GpoVia.SMB,
        before=before,
        after=after,
    )


def perform(step: Step, world: World) -> StepOutcome:
    """Perform any step but a member's."""
    match step:
        case EntryStep():
            return perform_entry(step, world)
        case GpoStep():
            return perform_gpo(step, world)[0]
        case TemplateVersionStep():
            return perform_template_version(step, world)
        case _:
            raise AssertionError(step)


def test_adding_changing_and_deleting_are_done_once(domain: MemoryDomain) -> None:
    """Every kind of step is done, and done again it is 'already so'."""
    name = Attributes.of_text(ipsecName="old")
    new = Attributes.of_text(ipsecName="new")
    steps: list[Step] = [
        entry_step(None, policy(ipsecName="old")),
        entry_step(name, new),
        entry_step(new, Attributes({"ipsecName": ()})),
        entry_step(policy(), None),
        gpo_step(before=False, after=True),
        version_step(0, 3),
        gpo_step(before=True, after=False),
    ]
    for step in steps:
        assert perform(step, domain.world) is StepOutcome.DONE
        assert perform(step, domain.world) is StepOutcome.ALREADY


@pytest.mark.parametrize(
    ("there", "step", "attribute", "expected", "found"),
    [
        (
            policy(ipsecName="other"),
            entry_step(None, policy(ipsecName="mine")),
            "the object",
            "absent",
            "present",
        ),
        (
            None,
            entry_step(policy(ipsecName="a"), Attributes.of_text(ipsecName="b")),
            "the object",
            "present",
            "absent",
        ),
        (
            policy(ipsecName="c"),
            entry_step(Attributes.of_text(ipsecName="a"), Attributes.of_text(ipsecName="b")),
            "ipsecName",
            "'a'",
            "'c'",
        ),
        (
            policy(ipsecName="c"),
            entry_step(Attributes({"ipsecName": ()}), Attributes.of_text(ipsecName="b")),
            "ipsecName",
            "absent",
            "'c'",
        ),
        (
            policy(ipsecName="c"),
            entry_step(policy(ipsecName="a"), None),
            "ipsecName",
            "'a'",
            "'c'",
        ),
        (
            policy(),
            entry_step(Attributes({"ipsecData": [b"\0\1"]}), Attributes({"ipsecData": [b"\2"]})),
            "ipsecData",
            "0001",
            "absent",
        ),
    ],
)
def test_a_stale_object_is_refused_by_name(  # noqa: PLR0917 - a table of cases
    domain: MemoryDomain,
    there: Attributes | None,
    step: EntryStep,
    attribute: str,
    expected: str,
    found: str,
) -> None:
    """A plan that does not fit names object, attribute, expected and found; nothing is written."""
    if there is not None:
        domain.directory.add(DN, there)
    world, counter = domain.counting()
    with pytest.raises(StalePlanError) as caught:
        perform_entry(step, world)

    error = caught.value
    assert (error.object, error.attribute, error.expected, error.found) == (
        DN,
        attribute,
        expected,
        found,
    )
    assert all(part in str(error) for part in (DN, attribute, expected, found, "Plan again"))
    assert counter.writes == []


def test_a_gpo_that_somebody_made_meanwhile_is_stale(domain: MemoryDomain) -> None:
    """A GPO of the wished name that is not from an earlier run is refused by its DN."""
    dn = domain.make_gpo("Test", gpo_id=UUID(int=7))
    with pytest.raises(StalePlanError) as caught:
        perform_gpo(gpo_step(before=False, after=True), domain.world)

    assert (caught.value.object, caught.value.expected) == ("GPO Test", "absent")
    assert caught.value.found == f"present as {dn}"


def test_a_gpo_that_an_earlier_run_made_is_taken_up(domain: MemoryDomain) -> None:
    """Windows chooses a GPO's id; by its comment it is known again after an interruption."""
    step = replace(gpo_step(before=False, after=True), via=GpoVia.WINRM)
    outcome, made = perform_gpo(step, domain.world)
    assert (outcome, made == GPO_ID) == (StepOutcome.DONE, False)

    assert perform_gpo(step, domain.world) == (StepOutcome.ALREADY, made)


def test_a_stale_version_is_refused_by_number(domain: MemoryDomain) -> None:
    """Somebody has edited the GPO: gpt.ini has neither the old nor the new version."""
    domain.make_gpo("Test", gpo_id=GPO_ID)
    perform(version_step(0, 9), domain.world)
    with pytest.raises(StalePlanError) as caught:
        perform(version_step(1, 2), domain.world)

    error = caught.value
    assert (error.attribute, error.expected, error.found) == ("Version", "1", "9")
    assert error.object == f"gpt.ini of {{{str(GPO_ID).upper()}}}"


def test_a_missing_version_file_is_made(domain: MemoryDomain) -> None:
    """A template without gpt.ini counts as version 0 and gets one."""
    domain.sysvol.make_folder(GPO_ID)

    assert perform(version_step(0, 1), domain.world) is StepOutcome.DONE
    assert domain.sysvol.read(GPO_ID, "gpt.ini") == b"[General]\r\nVersion=1\r\n"


class ForgetfulDirectory(CountingDirectory):
    """Accepts every write and does none of them."""

    @override
    def add(self, dn: str, attributes: Attributes) -> None:
        """Forget it."""

    @override
    def replace(self, dn: str, attributes: Attributes) -> None:
        """Forget it."""

    @override
    def delete(self, dn: str) -> None:
        """Forget it."""


class ForgetfulSysvol(CountingSysvol):
    """Accepts every write and does none of them."""

    @override
    def write(self, gpo_id: UUID, path: str, content: bytes) -> None:
        """Forget it."""


class ForgetfulGpos(CountingGpos):
    """Says that it made and removed GPOs, and does nothing."""

    @override
    def create(self, *, name: str, wished_id: UUID, comment: str) -> UUID:
        return wished_id

    @override
    def delete(self, *, gpo_id: UUID) -> None:
        """Forget it."""


def forgetful(domain: MemoryDomain) -> World:
    """A world whose writes come to nothing."""
    world, counter = domain.world, Counter()
    return replace(
        world,
        directory=ForgetfulDirectory(world.directory, counter),
        sysvol={via: ForgetfulSysvol(files, counter) for via, files in world.sysvol.items()},
        gpos={via: ForgetfulGpos(gpos, counter) for via, gpos in world.gpos.items()},
    )


@pytest.mark.parametrize(
    ("step", "attribute", "written", "found"),
    [
        (
            entry_step(None, policy(ipsecName="a"), f"CN=new,{CONTAINER}"),
            "the object",
            "present",
            "absent",
        ),
        (
            entry_step(policy(ipsecName="old"), Attributes.of_text(ipsecName="b")),
            "ipsecName",
            "'b'",
            "'old'",
        ),
        (entry_step(policy(ipsecName="old"), None), "the object", "absent", "present"),
        (version_step(0, 4), "content", "", ""),
        (
            replace(gpo_step(before=False, after=True), name="New", gpo_id=UUID(int=3)),
            "the object",
            "present",
            "absent",
        ),
        (gpo_step(before=True, after=False), "the object", "absent", "present"),
    ],
)
def test_what_reads_back_differently_is_reported(
    domain: MemoryDomain,
    step: Step,
    attribute: str,
    written: str,
    found: str,
) -> None:
    """A write that was accepted but did not happen is not believed."""
    domain.directory.add(DN, policy(ipsecName="old"))
    domain.make_gpo("Test", gpo_id=GPO_ID)
    with pytest.raises(ReadBackError) as caught:
        perform(step, forgetful(domain))

    error = caught.value
    assert error.attribute == attribute
    assert written in error.written
    assert found in error.found
    assert "reads back as" in str(error)


def test_long_and_binary_values_are_shortened_for_people() -> None:
    """Messages show text as text, bytes as hexadecimal, and not pages of either."""
    assert shown(()) == "absent"
    assert shown((b"\xff\x00",)) == "ff00"
    assert shown((b"x" * 500,)).endswith("...")
    assert len(shown((b"x" * 500,))) < 220


def changed(playbook: Playbook) -> Playbook:
    """The playbook with another polling interval."""
    return replace(playbook, policies=(replace(playbook.policies[0], polling_interval_seconds=60),))


@pytest.mark.parametrize("first", [True, False])
def test_every_step_can_be_undone_by_its_inverse(
    howto: Playbook,
    domain: MemoryDomain,
    first: bool,  # noqa: FBT001
) -> None:
    """Each step and then its inverse leave the world as it was; all inverses backwards as well."""
    playbook = replace(howto, gpo=replace(howto.gpo, via=GpoVia.SMB))
    if not first:
        domain.apply(playbook)
        playbook = changed(playbook)
    start = domain.snapshot(without=HISTORY)
    steps = domain.plan(playbook).steps
    assert len(steps) >= 20
    for step in steps:
        before = domain.snapshot(without=HISTORY)
        assert perform(step, domain.world) is StepOutcome.DONE
        assert perform(inverse(step), domain.world) is StepOutcome.DONE
        assert domain.snapshot(without=HISTORY) == before, step.title
        assert perform(step, domain.world) is StepOutcome.DONE
    for step in reversed(steps):
        assert perform(inverse(step), domain.world) is StepOutcome.DONE

    assert domain.snapshot(without=HISTORY) == start
    assert OU in start
