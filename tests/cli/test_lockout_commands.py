"""plan, apply and remove where administration would not stay open, on the in-memory domain."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typing_extensions import override

from ipsec_orchestrator.app.safety import make_sure_again
from ipsec_orchestrator.cli.carrying_out import ask_and_carry_out
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection
from ipsec_orchestrator.cli.plan_showing import show_plan
from ipsec_orchestrator.errors import (
    ControllerNeedsIpsecError,
    ControllersInScopeError,
    DomainRootLinkError,
    IncomparableFiltersError,
    LockoutError,
    ManyHostsError,
    ManyObjectsError,
    PlanFileError,
    UnsafeInSeveralWaysError,
    UsageError,
)
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.inventory import Address, HostRole, Inventory
from ipsec_orchestrator.model.plan import Consents, DangerCode
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.ports import Addresses, World
from tests.worlds import DOMAIN_DN, OU, Counter, MemoryDomain, memory_domain, with_windows_hosts

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "report" / "documents.schema.json").read_text(encoding="utf-8")
)
NO_RDP = "{source: any, destination: me, protocol: tcp, destination_port: 3389}"
EVERYTHING = "{source: any, destination: any}"


class Desk(Addresses):
    """A workstation at some address, with a DNS server that knows one host."""

    def __init__(self, address: str) -> None:
        self._address = ip_address(address)

    @override
    def of(self, name: str) -> tuple[Address, ...]:
        return (ip_address("10.2.27.9"),) if name == "dc9.ipsectest.com" else ()

    @override
    def own_towards(self, target: Address) -> Address | None:
        return self._address


@dataclass(slots=True)
class Stage:
    """A domain with Windows hosts, seen from a workstation, and what a user does with it."""

    domain: MemoryDomain
    folder: Path
    writes: list[str] = field(default_factory=list[str])

    def world(self, desk: str) -> tuple[World, Counter]:
        """The world, with every write counted."""
        world, counter = self.domain.counting()
        return replace(world, addresses=Desk(desk)), counter

    def playbook(self, *filters: str, action: str = "block", gpo: str = "", **more: str) -> Path:
        """A playbook with one rule; ``more`` are further rules, by action."""
        rules = {action: filters, **{name: (text,) for name, text in more.items()}}
        lines = ["gpo:", "  name: Test", f"  ou: {gpo or 'IPSecOU'}", "filter_actions:"]
        for name in rules:
            methods = ", methods: [ESP[3DES,SHA1]]" if name == "negotiate" else ""
            lines.append(
                f"  - {{name: {name}-it, action: {name}{methods}}}".replace(
                    "[ESP[3DES,SHA1]]", '["ESP[3DES,SHA1]"]'
                )
            )
        lines.append("filter_lists:")
        for name, texts in rules.items():
            lines += [f"  - name: {name}-list", "    filters:"]
            lines += [f"      - {text}" for text in texts]
        lines += ["policies:", "  - name: test", "    rules:"]
        lines += [f"      - {{filter_list: {n}-list, filter_action: {n}-it}}" for n in rules]
        lines.append("assignment: test")
        path = self.folder / f"playbook{len(list(self.folder.glob('playbook*')))}.yml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def connection(self, desk: str, world: World | None = None) -> Connection:
        """What the options of the command line come to."""
        return Connection(
            inventory=(),
            limit=None,
            user=None,
            dc=None,
            threads=4,
            world=world or self.world(desk)[0],
        )

    def plan(
        self,
        playbook: Path,
        *,
        out: Path | None = None,
        as_json: bool = False,
        desk: str = "10.9.0.7",
        removal: bool = False,
        **consents: Any,  # noqa: ANN401 - the fields of Consents
    ) -> Exit:
        """``orchestrate plan``."""
        return show_plan(
            playbook,
            self.connection(desk),
            removal=removal,
            consents=Consents(**consents),
            out=out,
            exit_code=False,
            as_json=as_json,
        )

    def apply(
        self,
        path: Path,
        *,
        desk: str = "10.9.0.7",
        removal: bool = False,
        **consents: Any,  # noqa: ANN401 - the fields of Consents
    ) -> int:
        """``orchestrate apply --yes``, or ``remove``; what was written is remembered."""
        world, counter = self.world(desk)
        try:
            return ask_and_carry_out(
                str(path),
                self.connection(desk, world),
                removal=removal,
                yes=True,
                state=str(self.folder / "state"),
                as_json=False,
                skip_checks=(),
                consents=Consents(**consents),
            )
        finally:
            self.writes = counter.writes


@pytest.fixture
def stage_of(howto_inventory: Inventory, tmp_path: Path) -> Callable[[Inventory | None], Stage]:
    """Makes a stage, with another inventory if need be."""

    def make(inventory: Inventory | None = None) -> Stage:
        domain = memory_domain(inventory or howto_inventory)
        with_windows_hosts(domain, tmp_path)
        return Stage(domain, tmp_path)

    return make


@pytest.fixture
def stage(stage_of: Callable[[Inventory | None], Stage]) -> Stage:
    """The how-to's domain."""
    return stage_of(None)


@pytest.fixture
def rdp(howto_inventory: Inventory, stage_of: Callable[[Inventory | None], Stage]) -> Stage:
    """The how-to's domain, where Remote Desktop is wanted."""
    settings = replace(howto_inventory.administration, rdp=True)
    return stage_of(replace(howto_inventory, administration=settings))


ACCEPTED = ("rdp:host1", "rdp:vm1", "rdp:vm2")


def test_the_article_says_in_one_line_that_all_stays_open(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example playbook has no risk, and the plan says how much was judged."""
    playbook = Path(__file__).parents[2] / "playbooks" / "azure-onpremises.yml"

    assert stage.plan(playbook) is Exit.DONE
    assert "Administration: 34 flows of 3 hosts stay open." in capsys.readouterr().out
    assert stage.apply(playbook) == Exit.DONE


def test_a_plan_with_a_risk_is_shown_but_not_saved(
    rdp: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names flow, host, rule, filter and cure, ends with 1, and leaves no file."""
    out = tmp_path / "plan.json"

    assert rdp.plan(rdp.playbook(NO_RDP), out=out) is Exit.ERROR
    said = capsys.readouterr()
    assert "! rdp:vm1 (risk): Remote Desktop (3389) from the workstation (10.9.0.7)" in said.out
    assert "rule block-list, filter list block-list, filter action block-it" in said.out
    assert "any to me, tcp any to 3389" in said.out
    assert "source: 10.9.0.7, destination: me" in said.out
    assert "--accept-risk rdp:host1 --accept-risk rdp:vm1 --accept-risk rdp:vm2" in said.err
    assert not out.exists()


def test_risks_are_in_the_document(rdp: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """``--json`` prints one document with the risks, accepted or not."""
    code = rdp.plan(rdp.playbook(NO_RDP), as_json=True)
    document = json.loads(capsys.readouterr().out)

    assert code is Exit.ERROR
    jsonschema.validate(document, {**SCHEMA["plan"], "$defs": SCHEMA["$defs"]})
    assert [risk["risk"] for risk in document["risks"]] == list(ACCEPTED)
    assert {risk["accepted"] for risk in document["risks"]} == {False}
    assert {risk["verdict"] for risk in document["risks"]} == {"blocked"}


def test_apply_is_refused_before_any_write(rdp: Stage) -> None:
    """Nothing is written anywhere while one of the risks is not accepted."""
    playbook = rdp.playbook(NO_RDP)
    for consents in ((), ACCEPTED[:2]):
        with pytest.raises(LockoutError):
            rdp.apply(playbook, risks=consents)
        assert rdp.writes == []


def test_accepted_risks_go_through(rdp: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """With each flow accepted by its word the plan is carried out, and shows them as accepted."""
    assert rdp.apply(rdp.playbook(NO_RDP), risks=ACCEPTED) == Exit.DONE
    assert rdp.writes
    assert "! rdp:vm1 (accepted)" in capsys.readouterr().out


def test_a_saved_plan_carries_what_was_accepted(rdp: Stage, tmp_path: Path) -> None:
    """Apply of the file needs no further word, and takes none."""
    out = tmp_path / "plan.json"
    assert rdp.plan(rdp.playbook(NO_RDP), out=out, risks=ACCEPTED) is Exit.DONE
    saved = json.loads(out.read_text(encoding="utf-8"))

    assert {risk["accepted"] for risk in saved["risks"]} == {True}
    with pytest.raises(UsageError, match="said when it was made"):
        rdp.apply(out, risks=ACCEPTED)
    assert rdp.apply(out) == Exit.DONE


def test_a_saved_plan_is_judged_again_from_where_it_is_carried_out(
    stage: Stage, tmp_path: Path
) -> None:
    """A plan that is safe from one workstation is refused on another that it would cut off."""
    out = tmp_path / "plan.json"
    playbook = stage.playbook("{source: 10.8.0.0/24, destination: me, protocol: tcp}")
    settings = replace(stage.domain.inventory.administration, dhcp_servers=())
    stage.domain.inventory = replace(stage.domain.inventory, administration=settings)
    assert stage.plan(playbook, out=out) is Exit.DONE
    with pytest.raises(LockoutError, match=r"winrm:vm1.*10\.8\.0\.9"):
        stage.apply(out, desk="10.8.0.9")

    assert stage.writes == []
    assert stage.apply(out) == Exit.DONE


def test_an_unknown_word_is_wrong_usage(rdp: Stage) -> None:
    """A word that names no risk of this plan is refused with those that there are."""
    with pytest.raises(UsageError, match="It has rdp:host1, rdp:vm1, rdp:vm2"):
        rdp.plan(rdp.playbook(NO_RDP), risks=("winrm:vm1",))
    with pytest.raises(UsageError, match="It has none"):
        rdp.plan(rdp.playbook("{source: me, destination: 192.0.2.1, protocol: tcp}"), risks=("x",))


def test_ipsec_to_a_controller_is_refused_whatever_is_accepted(stage: Stage) -> None:
    """Naming every risk does not help; the message says why."""
    playbook = stage.playbook(
        "{source: me, destination: 10.2.27.4, protocol: tcp}", action="negotiate"
    )
    with pytest.raises(ControllerNeedsIpsecError, match="wait for itself"):
        stage.apply(playbook)
    words = tuple(f"{name}:vm1:dc1" for name in ("kerberos", "ldap", "smb", "dns", "rpc"))
    with pytest.raises(ControllerNeedsIpsecError, match="can't be accepted"):
        stage.apply(playbook, risks=words)

    assert stage.writes == []


def test_filters_that_contradict_each_other_are_refused_when_planning(stage: Stage) -> None:
    """Both filters, their rules and the fields are named; nobody is asked anything."""
    playbook = stage.playbook(
        "{source: me, destination: any}",
        action="negotiate",
        permit="{source: any, destination: 10.2.27.4}",
    )
    with pytest.raises(IncomparableFiltersError) as refused:
        stage.plan(playbook)

    assert "source address" in str(refused.value)
    assert "negotiate-list" in str(refused.value)
    assert "permit-list" in str(refused.value)


def test_removal_is_never_refused(rdp: Stage) -> None:
    """The way back is open whatever the policy closes, by command and by saved plan."""
    playbook = rdp.playbook(NO_RDP)
    assert rdp.apply(playbook, risks=ACCEPTED) == Exit.DONE
    assert rdp.plan(playbook, removal=True) is Exit.DONE

    assert rdp.apply(playbook, removal=True) == Exit.DONE


def test_a_plan_without_anything_to_do_is_no_danger(rdp: Stage) -> None:
    """What was accepted once and is there needs no word again while nothing changes."""
    playbook = rdp.playbook(NO_RDP)
    assert rdp.apply(playbook, risks=ACCEPTED) == Exit.DONE

    assert rdp.plan(playbook) is Exit.DONE
    assert rdp.apply(playbook) == Exit.DONE


HARMLESS = "{source: me, destination: 192.0.2.1, protocol: tcp, destination_port: 8080}"


def test_a_link_to_the_whole_domain_needs_its_own_confirmation(stage: Stage) -> None:
    """It is refused without the option, and no other option stands for it."""
    playbook = stage.playbook(HARMLESS, gpo=DOMAIN_DN)
    every_other = frozenset(DangerCode) - {DangerCode.DOMAIN_ROOT}
    with pytest.raises(DomainRootLinkError, match="--allow-domain-root"):
        stage.apply(playbook, dangers=every_other)
    # The whole domain has its controllers in it, so that is the second reason.
    with pytest.raises(UnsafeInSeveralWaysError, match="--allow-domain-controllers"):
        stage.apply(playbook)
    assert stage.writes == []

    both = frozenset({DangerCode.DOMAIN_ROOT, DangerCode.DOMAIN_CONTROLLERS})
    assert stage.apply(playbook, dangers=both) == Exit.DONE


def test_a_link_of_somebody_else_to_the_whole_domain_counts_too(stage: Stage) -> None:
    """What the playbook does not say but the directory has reaches everybody all the same."""
    playbook = stage.playbook(HARMLESS)
    assert stage.apply(playbook) == Exit.DONE
    gpo = stage.domain.gpo_dn("Test")
    link = Attributes.of_text(gPLink=f"[LDAP://{gpo};0]")
    stage.domain.directory.replace(DOMAIN_DN, link)
    text = playbook.read_text(encoding="utf-8")
    playbook.write_text(text.replace("8080", "8081"), encoding="utf-8")
    with pytest.raises(UnsafeInSeveralWaysError) as refused:
        stage.apply(playbook)

    kinds = {type(error) for error in refused.value.errors}
    assert kinds == {ControllersInScopeError, DomainRootLinkError}
    assert stage.writes == []


def test_a_controller_in_the_ou_needs_its_own_confirmation(stage: Stage) -> None:
    """A computer account that is a domain controller's is found by its flags."""
    controller = Attributes.of_text(
        objectClass="computer",
        sAMAccountName="DC2$",
        dNSHostName="dc2.ipsectest.com",
        userAccountControl=str(0x82000),
    )
    stage.domain.directory.add(f"CN=DC2,{OU}", controller)
    playbook = stage.playbook(HARMLESS)
    with pytest.raises(ControllersInScopeError, match=r"DC2.*--allow-domain-controllers"):
        stage.apply(playbook)

    assert stage.writes == []
    confirmed = frozenset({DangerCode.DOMAIN_CONTROLLERS})
    assert stage.apply(playbook, dangers=confirmed) == Exit.DONE


@pytest.fixture
def crowd(stage: Stage) -> Stage:
    """Eighteen computers more in the OU: twenty-one are more than a few."""
    for number in range(18):
        attributes = Attributes.of_text(
            objectClass="computer",
            sAMAccountName=f"PC{number}$",
            dNSHostName=f"pc{number}.ipsectest.com",
        )
        stage.domain.directory.add(f"CN=PC{number},{OU}", attributes)
    return stage


def test_a_plan_for_many_hosts_needs_its_own_confirmation(
    crowd: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """What changes in the directory reaches every computer of the OU, refreshed or not."""
    playbook = crowd.playbook(HARMLESS)
    with pytest.raises(ManyHostsError, match="21 of the 21 computers"):
        crowd.apply(playbook)

    assert crowd.writes == []
    confirmed = frozenset({DangerCode.MANY_HOSTS})
    assert crowd.plan(playbook, dangers=confirmed) is Exit.DONE
    said = capsys.readouterr().out
    assert "Nothing is known of 18 computers that are not in the inventory." in said
    assert "(confirmed)" in said


def add_controllers(domain: MemoryDomain, *names: str) -> None:
    """Controllers as the configuration has them, without a word in the inventory."""
    configuration = domain.directory.names().configuration_dn
    for name in names:
        server = f"CN={name},CN=Sites,{configuration}"
        fqdn = f"{name}.ipsectest.com"
        domain.directory.add(server, Attributes.of_text(objectClass="server", dNSHostName=fqdn))
        domain.directory.add(
            f"CN=NTDS Settings,{server}",
            Attributes.of_text(objectClass="nTDSDSA", hasMasterNCs=DOMAIN_DN),
        )


def test_controllers_that_only_the_directory_names_count(stage: Stage) -> None:
    """Their addresses come from DNS; IPsec to one of them is refused like to any other."""
    add_controllers(stage.domain, "dc9")
    playbook = stage.playbook(
        "{source: me, destination: 10.2.27.9, protocol: tcp}", action="negotiate"
    )
    with pytest.raises(ControllerNeedsIpsecError, match="kerberos:vm1:dc9"):
        stage.apply(playbook)

    assert stage.writes == []


def test_a_controller_whose_address_nobody_knows_is_a_risk_where_it_matters(stage: Stage) -> None:
    """The flow is undecided, and the message says where to write the address."""
    add_controllers(stage.domain, "dc8")
    playbook = stage.playbook("{source: me, destination: 10.2.27.99, protocol: tcp}")
    with pytest.raises(LockoutError) as refused:
        stage.apply(playbook)

    assert "ldap:vm1:dc8.ipsectest.com" in refused.value.risks
    assert "it depends on the addresses of dc8.ipsectest.com" in str(refused.value)
    assert "give them to it in the inventory" in str(refused.value)


def test_the_own_address_is_found_by_way_of_a_controller_too(
    howto_inventory: Inventory,
    stage_of: Callable[[Inventory | None], Stage],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where no host says where it is, the way to a controller tells the workstation's address."""
    nowhere = howto_inventory.with_hosts(
        host if host.role is HostRole.DOMAIN_CONTROLLER else replace(host, addresses=())
        for host in howto_inventory.hosts
    )
    stage = stage_of(nowhere)

    assert stage.plan(stage.playbook("{source: 10.9.0.7, destination: me}")) is Exit.ERROR
    assert "from the workstation (10.9.0.7) to vm1 would be blocked" in capsys.readouterr().out


def test_a_plan_that_does_not_say_what_it_closes_is_refused(stage: Stage, howto: Playbook) -> None:
    """What was not judged when it was made can't be judged now."""
    plan = replace(stage.domain.plan(howto), safety=None)
    with pytest.raises(PlanFileError, match="does not say"):
        make_sure_again(plan, stage.domain.world)


def test_a_change_of_many_objects_needs_its_own_confirmation(stage: Stage) -> None:
    """A policy of a dozen rules that is replaced as a whole is asked about twice."""
    lines = [
        f"{{source: me, destination: 192.0.2.{number}, protocol: tcp, destination_port: 8080}}"
        for number in range(1, 14)
    ]
    names = [f"list{number}" for number in range(len(lines))]

    def playbook(description: str) -> Path:
        path = stage.folder / f"{description}.yml"
        path.write_text(
            "\n".join(
                [
                    "name: dozen",
                    "gpo: {name: Dozen, ou: IPSecOU}",
                    f"filter_actions: [{{name: drop, action: block, description: {description}}}]",
                    "filter_lists:",
                    *(
                        f"  - {{name: {name}, description: {description}, filters: [{line}]}}"
                        for name, line in zip(names, lines, strict=True)
                    ),
                    "policies:",
                    "  - name: dozen",
                    f"    description: {description}",
                    "    rules:",
                    *(f"      - {{filter_list: {name}, filter_action: drop}}" for name in names),
                    "assignment: dozen",
                ]
            ),
            encoding="utf-8",
        )
        return path

    assert stage.apply(playbook("first")) == Exit.DONE
    second = playbook("second")
    with pytest.raises(ManyObjectsError, match="--allow-many-objects"):
        stage.apply(second)
    assert stage.writes == []

    assert stage.apply(second, dangers=frozenset({DangerCode.MANY_OBJECTS})) == Exit.DONE
