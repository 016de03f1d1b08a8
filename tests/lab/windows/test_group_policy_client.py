"""The simulated member's Group Policy client, over the directory in memory."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.memory import (
    MemoryDirectory,
    MemoryGpos,
    MemorySysvol,
    seeded_directory,
)
from ipsec_orchestrator.codec import IpsecPolicy, encode
from ipsec_orchestrator.codec.gp_link import GpoLinkText, format_gp_link, parse_gp_link
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.codec.gpt_ini import with_version
from ipsec_orchestrator.codec.sddl import SidNames, parse_sddl
from ipsec_orchestrator.codec.security_descriptor import encode_descriptor
from ipsec_orchestrator.errors import DirectoryError, HostUnreachableError
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.facts.member_policy import parse_member_policy
from ipsec_orchestrator.lab.windows import (
    AgentBehaviour,
    RegistryFile,
    SimulatedHost,
    WindowsSettings,
)
from ipsec_orchestrator.lab.windows.canned_policy import policy_answer
from ipsec_orchestrator.lab.windows.computer_account import ComputerAccount, read_computer_account
from ipsec_orchestrator.lab.windows.group_policy_client import (
    ERROR_NO_SUCH_OBJECT,
    GroupPolicyRun,
    RunMemory,
    run_group_policy,
)
from ipsec_orchestrator.lab.windows.services import POLICY_AGENT, StartMode
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.ports import Clock

DOMAIN = "DC=ipsectest,DC=com"
OUTER = f"OU=Outer,{DOMAIN}"
INNER = f"OU=Inner,{OUTER}"
SITE = f"CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{DOMAIN}"
PAIR = "[{E437BC1C-AA7D-11D2-A382-00C04F991E27}{DEA8AFA0-CC85-11D0-9CE2-0080C7221EBD}]"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class FixedClock(Clock):
    """Always noon."""

    @override
    def now(self) -> datetime:
        return NOON

    @override
    def monotonic_seconds(self) -> float:
        return 0.0

    @override
    def wait(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


@dataclass(slots=True, kw_only=True)
class Scene:
    """A domain with vm1 in OU=Inner,OU=Outer, and ways to fill it."""

    directory: MemoryDirectory
    sysvol: MemorySysvol
    gpos: MemoryGpos
    ids: Iterator[UUID] = field(
        default_factory=lambda: (UUID(int=number) for number in range(1, 1000)),
    )

    def policy(self, name: str) -> str:
        """Make a policy without rules; give its DN."""
        policy_id = next(self.ids)
        dn = f"CN=ipsecPolicy{{{policy_id}}},CN=IP Security,CN=System,{DOMAIN}"
        texts = Attributes.of_text(
            objectClass="ipsecPolicy",
            ipsecName=name,
            ipsecID=f"{{{policy_id}}}",
            ipsecDataType="256",
        )
        self.directory.add(dn, texts.with_values("ipsecData", [encode(IpsecPolicy())]))
        return dn

    def gpo(self, name: str, *, assigned: str | None = None, pair: bool = True) -> str:
        """Make a GPO at version 1; with the pair it has an assignment object. Give its DN."""
        gpo_id = next(self.ids)
        self.gpos.create(name=name, wished_id=gpo_id, comment="")
        dn = f"CN={{{str(gpo_id).upper()}}},CN=Policies,CN=System,{DOMAIN}"
        if pair:
            for below in assignment_dns(dn)[1:-1]:
                if self.directory.read(below, ["objectClass"]) is None:
                    self.directory.add(below, Attributes.of_text(objectClass="container"))
            self.directory.add(
                assignment_dns(dn)[-1],
                Attributes.of_text(objectClass="ipsecPolicy"),
            )
            self.directory.replace(dn, Attributes.of_text(gPCMachineExtensionNames=PAIR))
        if assigned is not None:
            self.assign(dn, assigned)
        self.bump(dn, 1)
        return dn

    def assign(self, gpo_dn: str, policy_dn: str) -> None:
        """Assign a policy in a GPO without touching its version."""
        self.directory.replace(
            assignment_dns(gpo_dn)[-1],
            Attributes.of_text(ipsecOwnersReference=policy_dn, ipsecName="shown name"),
        )

    def clear(self, gpo_dn: str) -> None:
        """Take the assignment away, keeping its object."""
        self.directory.replace(
            assignment_dns(gpo_dn)[-1],
            Attributes({"ipsecOwnersReference": (), "ipsecName": ()}),
        )

    def bump(self, gpo_dn: str, machine: int) -> None:
        """Set the version of the computer half in both places."""
        version = GpoVersion(machine=machine, user=0)
        self.directory.replace(gpo_dn, Attributes.of_text(versionNumber=str(version.number)))
        gpo_id = UUID(gpo_dn.partition("{")[2].partition("}")[0])
        before = self.sysvol.read(gpo_id, "gpt.ini")
        assert before is not None
        self.sysvol.write(gpo_id, "gpt.ini", with_version(before, version))

    def link(
        self,
        target: str,
        gpo_dn: str,
        *,
        disabled: bool = False,
        enforced: bool = False,
    ) -> None:
        """Link a GPO so that it wins over those linked there before."""
        entry = self.directory.read(target, ["gPLink"])
        assert entry is not None
        links = parse_gp_link(entry.attributes.text("gPLink") or "")
        link = GpoLinkText(dn=gpo_dn).with_options(disabled=disabled, enforced=enforced)
        self.directory.replace(
            target,
            Attributes.of_text(gPLink=format_gp_link(links.add(link, link_order=1))),
        )

    def account(self, *, site: str | None = None) -> ComputerAccount:
        """Give vm1's account."""
        found = read_computer_account(self.directory, "VM1$")
        return ComputerAccount(dn=found.dn, sids=found.sids, site_dn=site)

    def run(
        self,
        *,
        memory: RunMemory = RunMemory(),  # noqa: B008 - frozen
        force: bool = False,
        site: str | None = None,
    ) -> GroupPolicyRun:
        """Refresh vm1."""
        return run_group_policy(
            self.directory,
            self.account(site=site),
            lambda gpo_id: self.sysvol.read(gpo_id, "gpt.ini"),
            memory=memory,
            force=force,
            call_when_unchanged=False,
        )


@pytest.fixture
def scene() -> Scene:
    directory = seeded_directory(FixedClock(), units=["Outer"])
    directory.add(INNER, Attributes.of_text(objectClass="organizationalUnit"))
    directory.add(
        f"CN=VM1,{INNER}",
        Attributes.of_text(objectClass="computer", sAMAccountName="VM1$"),
    )
    sysvol = MemorySysvol()
    return Scene(directory=directory, sysvol=sysvol, gpos=MemoryGpos(directory, sysvol))


def applied(run: GroupPolicyRun) -> list[str]:
    """Names of the GPOs that applied, in processing order."""
    return [gpo.name for gpo in run.gpos.applied]


def winner(run: GroupPolicyRun) -> str:
    """Name of the GPO that decided."""
    assert run.extension is not None
    return run.extension.winner.name


def test_scopes_are_processed_from_site_to_own_ou(scene: Scene) -> None:
    """Site, domain, outer and inner OU follow one another, so the inner OU wins."""
    for target, name in ((INNER, "inner"), (DOMAIN, "domain"), (SITE, "site"), (OUTER, "outer")):
        scene.link(target, scene.gpo(name))

    run = scene.run(site=SITE)

    assert applied(run) == ["site", "domain", "outer", "inner"]
    assert winner(run) == "inner"


def test_link_order_one_wins_within_an_ou(scene: Scene) -> None:
    """The last link of the gPLink text is processed last."""
    scene.link(INNER, scene.gpo("order two"))
    scene.link(INNER, scene.gpo("order one"))

    assert applied(scene.run()) == ["order two", "order one"]


def test_disabled_links_do_not_count(scene: Scene) -> None:
    """A disabled link takes its GPO out, not only down."""
    scene.link(INNER, scene.gpo("off"), disabled=True)
    scene.link(OUTER, scene.gpo("on"))

    assert applied(scene.run()) == ["on"]


def test_enforced_links_come_last_and_the_highest_wins(scene: Scene) -> None:
    """Enforced links of a higher container beat those of a lower one, and all that are not."""
    scene.link(INNER, scene.gpo("inner"))
    scene.link(INNER, scene.gpo("inner enforced"), enforced=True)
    scene.link(DOMAIN, scene.gpo("domain enforced"), enforced=True)

    assert applied(scene.run()) == ["inner", "inner enforced", "domain enforced"]


def test_blocked_inheritance_stops_all_but_enforced_links(scene: Scene) -> None:
    """What is linked above a blocking OU does not arrive unless it is enforced."""
    scene.link(DOMAIN, scene.gpo("plain"))
    scene.link(OUTER, scene.gpo("enforced"), enforced=True)
    scene.link(INNER, scene.gpo("own"))
    scene.directory.replace(INNER, Attributes.of_text(gPOptions="1"))

    assert applied(scene.run()) == ["own", "enforced"]


@pytest.mark.parametrize(
    ("flags", "applies"), [("0", True), ("1", True), ("2", False), ("3", False)]
)
def test_disabled_halves(scene: Scene, flags: str, *, applies: bool) -> None:
    """Only the computer half's switch keeps a GPO from a computer."""
    dn = scene.gpo("switched")
    scene.link(INNER, dn)
    scene.directory.replace(dn, Attributes.of_text(flags=flags))

    assert bool(applied(scene.run())) is applies


def test_security_filtering_needs_the_right_to_apply(scene: Scene) -> None:
    """A GPO that the computer may read but not apply is denied, with the reason."""
    dn = scene.gpo("filtered")
    scene.link(INNER, dn)
    readable = encode_descriptor(parse_sddl("O:SYG:SYD:(A;;RPLCLORC;;;AU)", SidNames()))
    scene.directory.replace(dn, Attributes({"nTSecurityDescriptor": [readable]}))

    run = scene.run()

    assert applied(run) == []
    assert "security filtering" in run.seen[dn]


def test_a_gpo_that_is_gone_is_denied(scene: Scene) -> None:
    """A link to nothing does no harm; since MS16-072 it looks like one that can't be read."""
    scene.link(INNER, f"CN={{{UUID(int=77)}}},CN=Policies,CN=System,{DOMAIN}")
    scene.link(INNER, scene.gpo("there"))

    assert applied(scene.run()) == ["there"]


def test_version_zero_is_an_empty_gpo(scene: Scene) -> None:
    """A GPO nobody has edited is skipped, even when it carries the extension."""
    dn = scene.gpo("empty")
    scene.link(INNER, dn)
    scene.bump(dn, 0)

    run = scene.run()

    assert run.extension is None
    assert "version 0" in run.seen[dn]


def test_a_missing_template_ends_the_whole_run(scene: Scene) -> None:
    """Without gpt.ini nothing is processed at all, as with event 1058."""
    dn = scene.gpo("broken")
    scene.link(INNER, dn)
    scene.sysvol.delete_folder(UUID(dn.partition("{")[2].partition("}")[0]))

    with pytest.raises(DirectoryError, match=r"gpt\.ini"):
        scene.run()


def test_extensions_out_of_order_are_not_seen(scene: Scene) -> None:
    """A member stops reading at the first extension out of order; the pair behind it is lost."""
    dn = scene.gpo("unsorted")
    scene.link(INNER, dn)
    higher = "[{F3CCC681-B74C-4060-9F26-CD84525DCA2A}{0F3F3735-573D-9804-99E4-AB2A69BA5FD4}]"
    scene.directory.replace(dn, Attributes.of_text(gPCMachineExtensionNames=higher + PAIR))

    assert scene.run().extension is None


def test_the_last_carrier_decides_even_when_cleared(scene: Scene) -> None:
    """A cleared assignment in the winning GPO hides the one below it."""
    scene.link(DOMAIN, scene.gpo("lower", assigned=scene.policy("hidden")))
    scene.link(INNER, scene.gpo("winner"))

    run = scene.run()

    assert winner(run) == "winner"
    assert run.extension is not None
    assert run.extension.assignment is not None
    assert run.extension.assignment.policy_dn is None


def test_gpos_without_the_extension_do_not_hide_it(scene: Scene) -> None:
    """Only GPOs with the IPsec pair compete."""
    scene.link(DOMAIN, scene.gpo("carrier", assigned=scene.policy("p")))
    scene.link(INNER, scene.gpo("other settings", pair=False))

    assert winner(scene.run()) == "carrier"


def test_losers_are_ranked(scene: Scene) -> None:
    """All assignments are logged, the one in force with precedence 1."""
    scene.link(DOMAIN, scene.gpo("loser", assigned=scene.policy("a")))
    scene.link(INNER, scene.gpo("winner", assigned=scene.policy("b")))

    run = scene.run()

    assert run.extension is not None
    assert [(r.precedence, r.gpo.name) for r in run.extension.ranked] == [
        (1, "winner"),
        (2, "loser"),
    ]


def test_unchanged_gpos_do_not_call_the_extension(scene: Scene) -> None:
    """With the versions of the last run nothing happens, unless it is forced."""
    dn = scene.gpo("steady", assigned=scene.policy("p"))
    scene.link(INNER, dn)
    first = scene.run()

    again = scene.run(memory=first.memory)
    forced = scene.run(memory=first.memory, force=True)
    scene.bump(dn, 2)
    bumped = scene.run(memory=first.memory)

    assert (again.extension, again.not_called) == (None, "no GPO has changed")
    assert forced.extension is not None
    assert bumped.extension is not None


def test_a_missing_assignment_object_is_the_known_safe_state(scene: Scene) -> None:
    """If CN=IPSEC is not there the extension ends with an error, and is called again next time."""
    dn = scene.gpo("bare")
    scene.link(INNER, dn)
    scene.directory.delete(assignment_dns(dn)[-1])

    run = scene.run()

    assert run.extension is not None
    assert run.extension.error == ERROR_NO_SUCH_OBJECT
    assert scene.run(memory=run.memory).extension is not None


@pytest.fixture
def member(scene: Scene, tmp_path: Path) -> SimulatedHost:
    return _member(scene, tmp_path, AgentBehaviour.STARTS)


def _member(scene: Scene, folder: Path, behaviour: AgentBehaviour) -> SimulatedHost:
    return SimulatedHost(
        WindowsSettings(name="vm1", account="VM1$", policy_agent=behaviour),
        registry=RegistryFile(folder / "vm1.json"),
        open_directory=lambda: nullcontext(scene.directory),
        read_template=lambda gpo_id: scene.sysvol.read(gpo_id, "gpt.ini"),
        clock=lambda: NOON,
    )


def assigned_name(host: SimulatedHost) -> str | None:
    """What a verifier would read as the assigned policy's GUID."""
    found = parse_member_policy(policy_answer(host)).assigned
    return None if found is None else str(found.policy_id)


def test_a_refresh_writes_what_windows_writes(scene: Scene, member: SimulatedHost) -> None:
    """After a refresh key, cache, log and services say that the policy is there."""
    policy_dn = scene.policy("policy-azure-onpremises")
    scene.link(INNER, scene.gpo("GPO", assigned=policy_dn))

    member.refresh_policy(force=False)

    seen = parse_member_policy(policy_answer(member))
    assert seen.assigned is not None
    assert seen.assigned.path == f"LDAP://{policy_dn}"
    assert seen.assigned.name == "shown name"
    assert seen.cache is not None
    assert [(found.name, found.value) for found in seen.cache] == [
        ("policy-azure-onpremises", IpsecPolicy()),
    ]
    assert seen.extension_status is not None
    assert (seen.extension_status.begin_time, seen.extension_status.error) == (NOON, 0)
    assert [setting.precedence for setting in seen.settings] == [1]
    assert seen.runs("PolicyAgent")
    assert seen.runs("IKEEXT")


def test_unassigning_takes_the_policy_away(scene: Scene, member: SimulatedHost) -> None:
    """A cleared assignment with a new version empties key and cache."""
    gpo = scene.gpo("GPO", assigned=scene.policy("p"))
    scene.link(INNER, gpo)
    member.refresh_policy(force=False)
    scene.clear(gpo)
    scene.bump(gpo, 2)

    member.refresh_policy(force=False)

    seen = parse_member_policy(policy_answer(member))
    assert seen.assigned is None
    assert seen.cache is None


def test_an_unbumped_change_stays_unseen(scene: Scene, member: SimulatedHost) -> None:
    """Without a new version the member keeps what it has."""
    gpo = scene.gpo("GPO", assigned=scene.policy("p"))
    scene.link(INNER, gpo)
    member.refresh_policy(force=False)
    before = assigned_name(member)
    scene.assign(gpo, scene.policy("q"))

    member.refresh_policy(force=False)

    assert assigned_name(member) == before


def test_unlinking_first_leaves_the_policy_behind(scene: Scene, member: SimulatedHost) -> None:
    """When the last GPO with the pair vanishes nobody tells the extension."""
    scene.link(INNER, scene.gpo("GPO", assigned=scene.policy("p")))
    member.refresh_policy(force=False)
    before = assigned_name(member)
    scene.directory.replace(INNER, Attributes({"gPLink": ()}))

    member.refresh_policy(force=True)

    assert before is not None
    assert assigned_name(member) == before


def test_an_unreachable_directory_changes_nothing(scene: Scene, tmp_path: Path) -> None:
    """A failed run keeps the policy, and the host lives on."""
    reachable = [True]

    def open_directory() -> nullcontext[MemoryDirectory]:
        if not reachable[0]:
            raise HostUnreachableError(host="dc1", reason="down")
        return nullcontext(scene.directory)

    host = SimulatedHost(
        WindowsSettings(name="vm1", account="VM1$"),
        registry=RegistryFile(tmp_path / "vm1.json"),
        open_directory=open_directory,
        read_template=lambda gpo_id: scene.sysvol.read(gpo_id, "gpt.ini"),
        clock=lambda: NOON,
    )
    scene.link(INNER, scene.gpo("GPO", assigned=scene.policy("p")))
    host.refresh_policy(force=False)
    before = policy_answer(host)
    reachable[0] = False

    assert host.refresh_policy(force=True) is None
    told = json.dumps(policy_answer(host))
    # ERROR_NO_SUCH_DOMAIN is all that is new, in the record of the last run.
    assert told == json.dumps(before).replace('"status": 0', '"status": 1355')


def test_a_stopped_agent_has_the_assignment_but_no_cache(scene: Scene, tmp_path: Path) -> None:
    """Where PolicyAgent does not start the policy is assigned and nothing more; starting cures it."""
    host = _member(scene, tmp_path, AgentBehaviour.STAYS_STOPPED)
    scene.link(INNER, scene.gpo("GPO", assigned=scene.policy("p")))

    host.refresh_policy(force=False)

    before = parse_member_policy(policy_answer(host))
    assert before.assigned is not None
    assert before.cache is None
    assert not before.runs("PolicyAgent")
    host.start_service("PolicyAgent")
    after = parse_member_policy(policy_answer(host))
    assert after.runs("PolicyAgent")
    assert after.cache is not None
    assert len(after.cache) == 1


def test_a_disabled_agent_is_not_started(scene: Scene, member: SimulatedHost) -> None:
    """An assignment does not start a service that somebody disabled."""
    member.services.set_start_mode(POLICY_AGENT, StartMode.DISABLED)
    scene.link(INNER, scene.gpo("GPO", assigned=scene.policy("p")))

    member.refresh_policy(force=False)

    assert not parse_member_policy(policy_answer(member)).runs("PolicyAgent")


def test_a_deleted_policy_leaves_the_cached_copy(scene: Scene, member: SimulatedHost) -> None:
    """Deleting a policy that is still assigned does not take it from the members."""
    policy_dn = scene.policy("p")
    gpo = scene.gpo("GPO", assigned=policy_dn)
    scene.link(INNER, gpo)
    member.refresh_policy(force=False)
    before = parse_member_policy(policy_answer(member)).cache
    scene.directory.delete(policy_dn)

    member.refresh_policy(force=True)

    assert before
    assert parse_member_policy(policy_answer(member)).cache == before
