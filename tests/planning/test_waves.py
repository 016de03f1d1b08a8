"""Laws of waves: who is in which, and what a plan in waves lets happen when."""

from dataclasses import replace
from ipaddress import ip_address
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsec_orchestrator.adapters.memory import seeded_directory
from ipsec_orchestrator.adapters.memory.sysvol import MemorySysvol
from ipsec_orchestrator.codec.gpo_access import may_apply
from ipsec_orchestrator.codec.security_descriptor import encode_descriptor
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.engine.filtering import wanted_filtering
from ipsec_orchestrator.errors import PlanError
from ipsec_orchestrator.facts.gpo import read_filtering
from ipsec_orchestrator.model.inventory import Domain, Host, HostRole, Inventory
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.rollout import HealthWish, OnFailure, Portion, Rollout, ServiceWish
from ipsec_orchestrator.model.steps import (
    EntryStep,
    FilteringStep,
    HealthStep,
    MemberStep,
    TemplateAccessStep,
)
from ipsec_orchestrator.planning.planfile import parse_plan, plan_text
from ipsec_orchestrator.planning.waves import divide, waves_of
from tests.worlds import OU, MemoryDomain, SteppingClock

portions = st.one_of(
    st.integers(1, 9).map(lambda number: Portion(hosts=number)),
    st.integers(1, 100).map(lambda share: Portion(percent=share)),
)
sizes = st.lists(portions, max_size=4).map(tuple)


def hosts(count: int) -> tuple[Host, ...]:
    """So many members of the OU."""
    return tuple(
        Host(
            name=f"m{number}",
            role=HostRole.AZURE_VM,
            fqdn=f"m{number}.ipsectest.com",
            addresses=(ip_address(f"10.0.1.{number + 1}"),),
            ou=OU,
            groups=frozenset({"canary"}) if number % 5 == 2 else frozenset(),
        )
        for number in range(count)
    )


def domain_of(count: int) -> MemoryDomain:
    """A domain with so many members."""
    clock = SteppingClock()
    directory = seeded_directory(
        clock, units=["IPSecOU"], computers=[(f"m{number}", "IPSecOU") for number in range(count)]
    )
    inventory = Inventory(domain=Domain(name="ipsectest.com"), hosts=hosts(count))
    return MemoryDomain(
        directory=directory, sysvol=MemorySysvol(), clock=clock, inventory=inventory
    )


def in_waves(howto: Playbook, rollout: Rollout, *, via: GpoVia = GpoVia.SMB) -> Playbook:
    """The how-to for all members, in waves."""
    return replace(howto, members="", gpo=replace(howto.gpo, via=via), rollout=rollout)


@given(st.integers(1, 40), sizes, st.booleans())
def test_every_member_is_in_exactly_one_wave(
    count: int,
    batches: tuple[Portion, ...],
    with_canaries: bool,  # noqa: FBT001
) -> None:
    """Canaries first and nobody twice; waves are numbered from 1 and none is empty."""
    members = hosts(count)
    canaries = [host for host in members if host.groups] if with_canaries else []
    waves = divide(members, canaries, Rollout(batches=batches))

    assert sorted(host.name for wave in waves for host in wave.hosts) == sorted(
        host.name for host in members
    )
    assert [wave.number for wave in waves] == list(range(1, len(waves) + 1))
    assert all(wave.hosts for wave in waves)
    if canaries:
        assert set(waves[0].hosts) == set(canaries)
        assert [wave.canaries for wave in waves] == [True] + [False] * (len(waves) - 1)


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        ((Portion(hosts=1), Portion(percent=25), Portion(percent=100)), [1, 3, 6]),
        ((Portion(percent=25),), [3, 3, 3, 1]),
        ((Portion(hosts=4),), [4, 4, 2]),
        ((), [10]),
        ((Portion(percent=1),), [1] * 10),
    ],
)
def test_sizes_are_as_written(batches: tuple[Portion, ...], expected: list[int]) -> None:
    """Shares are of all members, rounded up; the last size repeats."""
    waves = divide(hosts(10), (), Rollout(batches=batches))

    assert [len(wave.hosts) for wave in waves] == expected


def groups_of(account: str) -> tuple[Sid, ...]:
    """What a computer of the domain is."""
    sid = Sid.parse(account)
    return (sid, Sid.parse("S-1-5-11"), Sid.parse("S-1-1-0"), sid.domain.child(515))


def account_of(domain: MemoryDomain, name: str) -> str:
    """The SID of a computer, as text."""
    entry = domain.directory.read(f"CN={name.upper()},{OU}", ["objectSid"])
    assert entry is not None
    return str(Sid.from_bytes(entry.attributes["objectSid"][0]))


@settings(max_examples=15)
@given(st.integers(1, 12), sizes, st.booleans())
def test_nobody_may_apply_the_gpo_before_its_wave(
    howto: Playbook,
    count: int,
    batches: tuple[Portion, ...],
    with_canaries: bool,  # noqa: FBT001
) -> None:
    """From the link on, at every step of the plan the waves so far may apply it, and nobody else.

    The descriptor of a new GPO is carried through the plan's steps as the engine would.
    """
    domain = domain_of(count)
    canaries = "group=canary" if with_canaries and count > 2 else ""
    playbook = in_waves(howto, Rollout(canaries=canaries, batches=batches))
    plan = domain.plan(playbook, domain.inventory.hosts)
    waves = waves_of(playbook, domain.inventory)
    fresh = domain.directory.read(domain.make_gpo("Fresh", gpo_id=UUID(int=5)), _ACCESS)
    assert fresh is not None
    stage = read_filtering(fresh)
    original = encode_descriptor(stage.descriptor)
    reached: set[str] = set()
    linked = False
    for step in plan.steps:
        if isinstance(step, FilteringStep):
            stage = wanted_filtering(stage, step.after, gpo=step.dn)
            reached = {*(step.after or ())}
        linked = linked or (isinstance(step, EntryStep) and step.dn == OU)
        if isinstance(step, MemberStep):
            assert step.wave is not None
            assert account_of(domain, step.host) in reached
        if not linked or stage.record is None:
            continue
        so_far = {
            account_of(domain, host.name)
            for wave in waves
            for host in wave.hosts
            if may_apply(stage.descriptor, groups_of(account_of(domain, host.name)))
        }
        assert so_far == reached

    assert linked
    assert encode_descriptor(stage.descriptor) == original
    assert reached == set()


def kinds(plan: Plan) -> list[str]:
    """The steps that make waves, in a word each."""
    words: list[str] = []
    for step in plan.steps:
        match step:
            case FilteringStep(after=None):
                words.append("widen")
            case FilteringStep():
                words.append("narrow")
            case TemplateAccessStep():
                words.append("folder")
            case MemberStep():
                words.append(f"refresh {step.host}")
            case HealthStep():
                words.append(f"gate {step.wave}, {step.wait_seconds} s")
            case _:
                if words[-1:] != ["..."]:
                    words.append("...")
    return words


def test_a_plan_in_waves_is_the_whole_truth(howto: Playbook) -> None:
    """Narrowing comes before link and assignment; each wave has its gate; widening comes last."""
    domain = domain_of(3)
    rollout = Rollout(canaries="m2", batches=(Portion(hosts=1),), wait_seconds=600)
    plan = domain.plan(in_waves(howto, rollout), domain.inventory.hosts)

    assert kinds(plan) == [
        "...",
        *("narrow", "folder", "...", "refresh m2", "gate 1, 600 s"),
        *("narrow", "folder", "refresh m0", "gate 2, 600 s"),
        *("narrow", "folder", "refresh m1", "gate 3, 0 s"),
        *("widen", "folder"),
    ]
    assert parse_plan(plan_text(plan), "plan.json") == plan
    assert domain.plan(in_waves(howto, rollout), domain.inventory.hosts) == plan


def test_gates_say_what_they_look_at(howto: Playbook) -> None:
    """Connections are tried from the first wave on that one of their ends is in."""
    domain = domain_of(4)
    portal = ServiceWish(name="portal", source="m3", target="m1", port=8080)
    page = ServiceWish(name="page", source="m2", url="http://m0.ipsectest.com/", status=200)
    rollout = Rollout(
        batches=(Portion(hosts=1),),
        health=HealthWish(services=False, connections=(portal, page), patience_seconds=90),
        on_failure=OnFailure.ROLLBACK,
        failure_share_percent=10,
    )
    plan = domain.plan(in_waves(howto, rollout), domain.inventory.hosts)
    gates = [step for step in plan.steps if isinstance(step, HealthStep)]

    assert [[check.name for check in gate.connections] for gate in gates] == [
        [],
        ["portal"],
        ["portal", "page"],
        ["portal", "page"],
    ]
    assert (gates[1].connections[0].address, gates[1].connections[0].port) == ("10.0.1.2", 8080)
    assert {gate.on_failure for gate in gates} == {OnFailure.ROLLBACK}
    assert {(gate.services, gate.management, gate.failure_share_percent) for gate in gates} == {
        (False, True, 10)
    }
    assert all(gate.policy for gate in gates)
    assert {gate.patience_seconds for gate in gates} == {90}


def test_a_member_without_an_account_can_not_be_in_a_wave(howto: Playbook) -> None:
    """The sentence names the host and the wave, and nothing is planned."""
    domain = domain_of(2)
    domain.directory.delete(f"CN=M1,{OU}")

    with pytest.raises(PlanError, match=r"m1: no computer account .* wave 2"):
        domain.plan(in_waves(howto, Rollout(batches=(Portion(hosts=1),))), domain.inventory.hosts)


def test_a_gpo_that_carries_more_is_not_narrowed(howto: Playbook) -> None:
    """Taken over with settings of others, a GPO stays as it is: a pilot carries the policy."""
    domain = domain_of(2)
    scripts = "[{42B5FAAE-6536-11D2-AE5A-0000F87571E3}{40B6664F-4972-11D1-A7CA-0000F87571E3}]"
    dn = domain.make_gpo(
        howto.gpo.name, gpo_id=UUID(int=6), gPCMachineExtensionNames=scripts, versionNumber="3"
    )
    domain.sysvol.write(UUID(int=6), "gpt.ini", b"[General]\r\nVersion=3\r\n")
    playbook = in_waves(howto, Rollout(batches=(Portion(hosts=1),)))
    playbook = replace(playbook, gpo=replace(playbook.gpo, adopt=True))
    plan = domain.plan(playbook, domain.inventory.hosts)

    narrowed = {step.dn for step in plan.steps if isinstance(step, FilteringStep)}
    assert len(narrowed) == 1
    assert dn not in narrowed


_ACCESS = ("nTSecurityDescriptor", "adminDisplayName")


def test_a_change_over_a_gpo_in_force_can_be_rolled_back_by_itself(howto: Playbook) -> None:
    """The first run of a pilot may take itself back; one that goes on with it stops, and says so."""
    domain = domain_of(2)
    rollout = Rollout(batches=(Portion(hosts=1),), on_failure=OnFailure.ROLLBACK)
    playbook = in_waves(howto, rollout)
    domain.apply(replace(playbook, rollout=None), ())
    policy = replace(playbook.policies[0], polling_interval_seconds=60)
    change = replace(playbook, policies=(policy,))
    first = domain.plan(change, domain.inventory.hosts)
    one = [host for host in domain.inventory.hosts if host.name.endswith("1")][:1]
    domain.carry_out(domain.plan(change, one))
    second = domain.plan(change, domain.inventory.hosts)

    assert endings(first) == {OnFailure.ROLLBACK}
    assert endings(second) == {OnFailure.STOP}
    codes = [{caution.code for caution in plan.warnings} for plan in (first, second)]
    assert ["stops-only" in found for found in codes] == [False, True]


def endings(plan: Plan) -> set[OnFailure]:
    """How the gates of a plan end a wave that fails."""
    return {step.on_failure for step in plan.steps if isinstance(step, HealthStep)}
