"""The order of the steps, and that they touch nothing of others."""

from dataclasses import replace

import pytest

from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.model.directory import DN_ATTRIBUTES, Attributes, dn_key
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import (
    DeadManStep,
    EntryStep,
    FilteringStep,
    GpoStep,
    HealthStep,
    MemberStep,
    Step,
    TemplateAccessStep,
    TemplateVersionStep,
    WebStep,
)
from tests.worlds import CONTAINER, OU, MemoryDomain

CLASSES = (
    "ipsecPolicy",
    "ipsecISAKMPPolicy",
    "ipsecNFA",
    "ipsecNegotiationPolicy",
    "ipsecFilter",
)


@pytest.fixture
def playbook(howto: Playbook) -> Playbook:
    """The how-to by LDAP and SMB, whose GPO has the id that the plan shows."""
    return replace(howto, gpo=replace(howto.gpo, via=GpoVia.SMB))


def changed(playbook: Playbook) -> Playbook:
    """The playbook with another polling interval."""
    policy = replace(playbook.policies[0], polling_interval_seconds=60)
    return replace(playbook, policies=(policy,))


def phase(step: Step, gpo_dn: str) -> str:  # noqa: PLR0911 - one a kind of step
    """What a step of an apply is about."""
    match step:
        case GpoStep():
            return "GPO"
        case TemplateVersionStep():
            return "gpt.ini"
        case MemberStep():
            return "member"
        case DeadManStep():
            return "task"
        case FilteringStep() | TemplateAccessStep():
            return "filtering"
        case HealthStep():
            return "gate"
        case WebStep():
            return "web"
        case EntryStep():
            return entry_phase(step, gpo_dn)


def entry_phase(step: EntryStep, gpo_dn: str) -> str:
    """What a directory step of an apply is about."""
    if step.stage is Stage.CLEAN_UP:
        return "clean-up"
    if dn_key(step.dn) == dn_key(OU):
        return "link"
    if dn_key(step.dn) == dn_key(gpo_dn):
        return "version" if step.after and "versionNumber" in step.after else "mark"
    if dn_key(step.dn).endswith("," + dn_key(gpo_dn)):
        return "assignment"
    if step.before is None and step.after is not None:
        return step.after.texts("objectClass")[0]
    return "references"


def in_order(plan: Plan, gpo_dn: str) -> list[str]:
    """The phases of a plan, repetitions left out."""
    found: list[str] = []
    for step in plan.steps:
        name = phase(step, gpo_dn)
        if not found or found[-1] != name:
            found.append(name)
    return found


def test_a_first_apply_has_the_order_of_the_specification(
    playbook: Playbook,
    domain: MemoryDomain,
) -> None:
    """[MS-GPIPSEC] 2.2.1 and [MS-GPOL] 2.2.8: owners first, assignment, gpt.ini, version, members."""
    hosts = [host for host in domain.inventory.hosts if host.name != "dc1"]
    plan = domain.plan(playbook, hosts)
    made = next(step for step in plan.steps if isinstance(step, GpoStep))
    dn = f"CN={{{str(made.gpo_id).upper()}}},CN=Policies,CN=System,DC=ipsectest,DC=com"

    assert in_order(plan, dn) == [
        "GPO",
        "mark",
        "link",
        *CLASSES,
        "references",
        "assignment",
        "gpt.ini",
        "version",
        "member",
    ]


def test_a_change_switches_before_it_cleans_up(playbook: Playbook, domain: MemoryDomain) -> None:
    """The new set is there before the switch, the old one goes only after the members."""
    domain.apply(playbook)
    hosts = [host for host in domain.inventory.hosts if host.name != "dc1"]
    plan = domain.plan(changed(playbook), hosts)

    assert in_order(plan, domain.gpo_dn(playbook.gpo.name)) == [
        *CLASSES,
        "references",
        "assignment",
        "gpt.ini",
        "version",
        "member",
        "clean-up",
    ]


def test_version_and_extension_names_go_in_one_modify(
    playbook: Playbook,
    domain: MemoryDomain,
) -> None:
    """Members look at the version, so whatever they will find is complete by then."""
    plan = domain.plan(playbook)
    last = plan.steps[-1]

    assert isinstance(last, EntryStep)
    assert last.after is not None
    assert set(last.after) == {"gPCMachineExtensionNames", "versionNumber"}


def test_the_link_is_made_disabled_and_then_enabled(
    playbook: Playbook,
    domain: MemoryDomain,
) -> None:
    """Stages 1 and 2 of the article are two steps, so that a half-made GPO is never live."""
    links = [
        step
        for step in domain.plan(playbook).steps
        if isinstance(step, EntryStep) and step.dn == OU and step.after
    ]

    assert [step.stage for step in links] == [Stage.GPO, Stage.LINK]
    assert [(step.after or Attributes()).texts("gPLink")[0][-3:] for step in links] == [
        ";1]",
        ";0]",
    ]


def replay(plan: Plan, there: set[str]) -> None:
    """Check that every DN a step writes names an object that is there at that moment."""
    for step in plan.steps:
        if isinstance(step, GpoStep):
            dn = f"CN={{{str(step.gpo_id).upper()}}},CN=Policies,CN=System,DC=ipsectest,DC=com"
            family = {dn_key(name) for name in (dn, assignment_dns(dn)[0])}
            there = there | family if step.after else {k for k in there if dn_key(dn) not in k}
        if not isinstance(step, EntryStep):
            continue
        for name, values in (step.after or Attributes()).items():
            if name.casefold() in DN_ATTRIBUTES:
                for value in values:
                    assert dn_key(value.decode()) in there, f"{step.title}: {name}"
        if step.before is None:
            assert dn_key(step.dn) not in there, step.title
            there = there | {dn_key(step.dn)}
        else:
            assert dn_key(step.dn) in there, step.title
        if step.after is None:
            there = there - {dn_key(step.dn)}


def test_references_always_find_their_target(playbook: Playbook, domain: MemoryDomain) -> None:
    """At no moment does anything point to an object that is not there yet, or not any more."""

    def there() -> set[str]:
        return {dn_key(dn) for dn in domain.snapshot()}

    replay(domain.plan(playbook), there())
    domain.apply(playbook)
    replay(domain.plan(changed(playbook)), there())
    domain.apply(changed(playbook))
    replay(domain.plan_removal(playbook), there())


def test_nothing_is_left_pointing_to_what_was_deleted(
    playbook: Playbook,
    domain: MemoryDomain,
) -> None:
    """After a clean-up no object names a deleted one."""
    domain.apply(playbook)
    domain.apply(changed(playbook))
    values = [v for found in domain.snapshot().values() for vs in found.values() for v in vs]

    assert not [value for value in values if b"DEL:" in value]


def test_no_step_touches_what_is_not_ours(playbook: Playbook, domain: MemoryDomain) -> None:
    """Every write is to our GPO, to the OU's links, or to objects that bear our mark."""
    domain.directory.add(
        f"CN=ipsecFilter{{00000000-0000-0000-0000-0000000000BB}},{CONTAINER}",
        Attributes.of_text(
            objectClass="ipsecFilter",
            ipsecName="azure-onpremises-HTTP8080",
            ipsecID="{00000000-0000-0000-0000-0000000000BB}",
        ),
    )
    before = domain.snapshot()
    plans = [domain.plan(playbook)]
    domain.carry_out(plans[0])
    plans.append(domain.plan(changed(playbook)))
    domain.carry_out(plans[1])
    plans.append(domain.plan_removal(playbook))
    for plan in plans:
        for step in plan.steps:
            if isinstance(step, EntryStep):
                assert step.dn == OU or step.dn not in before, step.title


def test_a_removal_lets_members_go_first(playbook: Playbook, domain: MemoryDomain) -> None:
    """Unassign, version, members; only then link, rules, lists, actions, policy, and the GPO."""
    domain.apply(playbook)
    hosts = [host for host in domain.inventory.hosts if host.name != "dc1"]
    plan = domain.plan_removal(playbook, hosts)
    stages = [step.stage for step in plan.steps]
    members = stages.index(Stage.MEMBERS)

    assert set(stages[:members]) == {Stage.ASSIGNMENT}
    assert stages[members : members + 3] == [Stage.MEMBERS] * 3
    assert stages[members + 3] is Stage.LINK
    assert isinstance(plan.steps[-1], GpoStep)
    deleted = [
        step.dn.partition("{")[0].removeprefix("CN=")
        for step in plan.steps
        if isinstance(step, EntryStep) and step.after is None and CONTAINER in step.dn
    ]
    assert list(dict.fromkeys(deleted)) == [
        "ipsecNFA",
        "ipsecFilter",
        "ipsecNegotiationPolicy",
        "ipsecISAKMPPolicy",
        "ipsecPolicy",
    ]
