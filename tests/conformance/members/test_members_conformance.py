"""The same questions to members by every way; the same answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid4

import pytest

from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.adapters.winrm_gpos import WinrmGpos
from ipsec_orchestrator.adapters.winrm_sysvol import WinrmSysvol
from ipsec_orchestrator.codec import IpsecPolicy
from ipsec_orchestrator.codec.gpo_filtering import Filtering
from ipsec_orchestrator.codec.security_descriptor import decode_descriptor, encode_descriptor
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.errors import ObjectExistsError, ScriptFailedError, StalePlanError
from ipsec_orchestrator.facts.member_policy import MemberObservation, parse_member_policy
from ipsec_orchestrator.facts.member_verdict import (
    MemberOutcome,
    WantedObject,
    WantedOnMember,
    judge_member,
)
from ipsec_orchestrator.facts.probed_services import ProbedService, parse_probed_services
from ipsec_orchestrator.facts.probed_targets import REFUSED, TIMED_OUT
from ipsec_orchestrator.lab.windows import SimulatedHost, WindowsCommands
from ipsec_orchestrator.lab.windows.canned_policy import policy_answer
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import Members, ScriptCall, Sysvol

POLICY_ID = UUID("8c0f0a3e-5b1d-5f6e-9d52-1a2b3c4d5e6f")
POLICY_DN = f"CN=IPSECPOLICY{{{POLICY_ID}}},CN=IP Security,CN=System,DC=ipsectest,DC=com"
NAME = "Größe 大きさ"
DOMAIN = "ipsectest.com"


class World(Protocol):
    """What stands behind the transport."""

    commands: Mapping[str, WindowsCommands]
    sysvol: Sysvol

    @property
    def vm1(self) -> SimulatedHost: ...


class Reached(Protocol):
    """A world and a way to its hosts."""

    world: World
    members: Members
    hosts: Mapping[str, Host]


def observe(reached: Reached) -> MemberObservation:
    """Ask vm1 for its policy."""
    return parse_member_policy(
        reached.members.run(reached.hosts["vm1"], script_call("member_policy"))
    )


def refresh(reached: Reached, *, force: bool = False) -> MemberObservation:
    """Refresh vm1, wait for it, and give what it said before."""
    before = observe(reached)
    started = reached.members.run(
        reached.hosts["vm1"],
        script_call("start_refresh", {"Force": force}),
    )
    assert isinstance(started, Mapping)
    assert started["return_value"] == 0
    assert isinstance(started["process_id"], int)
    assert reached.world.vm1.wait_for_processes(30.0)
    return before


def gpos(reached: Reached) -> WinrmGpos:
    """The cmdlets on dc1."""
    return WinrmGpos(reached.members, controller=reached.hosts["dc1"], domain=DOMAIN)


def test_a_refresh_brings_the_policy(reached: Reached) -> None:
    """Started detached, the refresh runs by itself; afterwards the member has the policy."""
    before = refresh(reached, force=True)

    after = observe(reached)
    wanted = WantedOnMember(
        policy_dn=POLICY_DN,
        policy_name=NAME,
        objects=(
            WantedObject(
                object_class="ipsecPolicy",
                object_id=POLICY_ID,
                name=NAME,
                value=IpsecPolicy(),
            ),
        ),
    )
    verdict = judge_member(after, wanted, before.time)
    assert (verdict.outcome, verdict.enforced) == (MemberOutcome.DONE, True), verdict.reason


def test_every_field_is_as_the_host_has_it(reached: Reached) -> None:
    """The answer holds what registry, services and logs of the host hold, all but the time."""
    refresh(reached)

    answer = reached.members.run(reached.hosts["vm1"], script_call("member_policy"))

    expected = policy_answer(reached.world.vm1)
    assert isinstance(answer, Mapping)
    assert isinstance(expected, Mapping)
    assert {**answer, "time": None} == {**expected, "time": None}


def test_the_windows_is_german(reached: Reached) -> None:
    """Culture names arrive as they are; nothing else of the answer depends on them."""
    assert observe(reached).ui_culture == "de-DE"


def test_a_gpo_is_made_once(reached: Reached) -> None:
    """A second GPO of that name is refused by an error of ours, whatever the host's language."""
    name = f"Größe {uuid4()}"
    made = gpos(reached).create(name=name, wished_id=UUID(int=1), comment="of a test")

    with pytest.raises(ObjectExistsError, match=name):
        gpos(reached).create(name=name, wished_id=UUID(int=2), comment="")
    store = reached.world.commands["dc1"].gpos
    assert store is not None
    assert store.by_name(name).gpo_id == made


def test_a_gpo_is_removed_once_or_twice(reached: Reached) -> None:
    """Deleting what is gone already is no failure."""
    made = gpos(reached).create(name=f"short {uuid4()}", wished_id=UUID(int=1), comment="")

    gpos(reached).delete(gpo_id=made)
    gpos(reached).delete(gpo_id=made)

    store = reached.world.commands["dc1"].gpos
    assert store is not None
    assert made not in {found.gpo_id for found in store.all()}


def test_templates_are_read_and_written(reached: Reached) -> None:
    """What is written is read again, byte for byte; a file that is not there is None."""
    made = gpos(reached).create(name=f"template {uuid4()}", wished_id=UUID(int=1), comment="")
    sysvol = WinrmSysvol(reached.members, controller=reached.hosts["dc1"], domain=DOMAIN)
    content = bytes(range(256)) * 300

    assert sysvol.read(made, "gpt.ini") == reached.world.sysvol.read(made, "gpt.ini")
    assert sysvol.read(made, "none.ini") is None
    sysvol.write(made, "gpt.ini", content)
    sysvol.write(made, "gpt.ini", content[:7])

    assert sysvol.read(made, "gpt.ini") == content[:7]
    assert reached.world.sysvol.read(made, "gpt.ini") == content[:7]


def test_file_names_are_case_blind(reached: Reached) -> None:
    """One file, however it is spelled: a Samba DC has GPT.INI, a Windows DC gpt.ini."""
    made = gpos(reached).create(name=f"spelled {uuid4()}", wished_id=UUID(int=1), comment="")
    sysvol = WinrmSysvol(reached.members, controller=reached.hosts["dc1"], domain=DOMAIN)

    sysvol.write(made, "GPT.INI", b"one file")

    assert sysvol.read(made, "gpt.ini") == reached.world.sysvol.read(made, "gpt.ini") == b"one file"


def test_a_template_that_somebody_changed_is_not_overwritten(reached: Reached) -> None:
    """Between our read and our write another administrator's save wins."""
    made = gpos(reached).create(name=f"contested {uuid4()}", wished_id=UUID(int=1), comment="")
    sysvol = WinrmSysvol(reached.members, controller=reached.hosts["dc1"], domain=DOMAIN)
    sysvol.read(made, "gpt.ini")
    reached.world.sysvol.write(made, "gpt.ini", b"theirs")

    with pytest.raises(StalePlanError, match=r"gpt\.ini"):
        sysvol.write(made, "gpt.ini", b"ours")

    assert reached.world.sysvol.read(made, "gpt.ini") == b"theirs"


def test_permissions_of_a_template_are_read_and_set(reached: Reached) -> None:
    """What is set is read again; of a GPO that is not there nothing is read."""
    made = gpos(reached).create(name=f"protected {uuid4()}", wished_id=UUID(int=1), comment="")
    sysvol = WinrmSysvol(reached.members, controller=reached.hosts["dc1"], domain=DOMAIN)
    before = sysvol.read_access(made)
    assert before is not None
    narrow = Filtering(descriptor=decode_descriptor(before)).narrowed_to(
        [Sid.parse("S-1-5-21-1-2-3-9")]
    )
    wanted = encode_descriptor(narrow.descriptor)

    sysvol.write_access(made, wanted)

    assert sysvol.read_access(made) == reached.world.sysvol.read_access(made) == wanted
    assert sysvol.read_access(UUID(int=77)) is None


def test_permissions_that_somebody_changed_are_not_overwritten(reached: Reached) -> None:
    """Between our read and our write another administrator's change wins."""
    made = gpos(reached).create(name=f"claimed {uuid4()}", wished_id=UUID(int=1), comment="")
    sysvol = WinrmSysvol(reached.members, controller=reached.hosts["dc1"], domain=DOMAIN)
    before = sysvol.read_access(made)
    assert before is not None
    reached.world.sysvol.write_access(made, before + b"theirs")

    with pytest.raises(StalePlanError, match="permissions"):
        sysvol.write_access(made, before)

    assert reached.world.sysvol.read_access(made) == before + b"theirs"


def test_services_of_other_hosts_are_tried(reached: Reached) -> None:
    """Refused, silent and unknown each have their number; what is asked is given back."""
    checks = [
        "tcp 10.2.27.5 5985",
        "tcp 192.0.2.1 80",
        "http http://nobody.example/",
        "tcp dc1.ipsectest.com 80",
    ]
    found = reached.members.run(
        reached.hosts["vm1"], script_call("probe_services", {"Checks": list[Json](checks)})
    )

    assert parse_probed_services(found) == (
        ProbedService(check=checks[0], result=REFUSED, status=None),
        ProbedService(check=checks[1], result=TIMED_OUT, status=None),
        ProbedService(check=checks[2], result=11001, status=None),
        ProbedService(check=checks[3], result=REFUSED, status=None),
    )


def test_paths_stay_inside_of_the_template(reached: Reached, tmp_path: Path) -> None:
    """A path that leads out of the GPO's folder is refused by the host itself."""
    made = gpos(reached).create(name=f"inside {uuid4()}", wished_id=UUID(int=1), comment="")
    sysvol = WinrmSysvol(reached.members, controller=reached.hosts["dc1"], domain=DOMAIN)

    with pytest.raises(ScriptFailedError) as caught:
        sysvol.write(made, rf"..\..\..\{tmp_path.name}", b"out")

    assert caught.value.error_id == "ipsec_orchestrator.PathOutsideTemplate"


def test_members_have_no_group_policy_module(reached: Reached) -> None:
    """New-GPO exists on domain controllers only; elsewhere the failure has Windows' own id."""
    call = script_call("create_gpo", {"Name": "x", "Domain": DOMAIN, "Server": "dc1"})

    with pytest.raises(ScriptFailedError) as caught:
        reached.members.run(reached.hosts["vm1"], call)

    assert caught.value.error_id == "CommandNotFoundException"
    assert caught.value.script == "create_gpo"


def test_a_broken_script_is_a_failed_script(reached: Reached) -> None:
    """What a host can't run ends as an error with an id, not as an answer."""
    call = ScriptCall(name="broken", text="param() Get-NothingOfThisName", deadline_seconds=30.0)

    with pytest.raises(ScriptFailedError) as caught:
        reached.members.run(reached.hosts["vm1"], call)

    assert caught.value.error_id == "CommandNotFoundException"
