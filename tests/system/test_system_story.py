"""The how-to from the first plan to the removal, judged by clients that are not ours.

The story is told once for each way; the tests look at what was recorded.
"""

import json
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import pytest

from ipsec_orchestrator.lab.domain.tools import samba_client_options
from tests.system.conftest import (
    DOMAIN_DN,
    IP_SECURITY_DN,
    OU_DN,
    PLAYBOOK,
    POLICIES_DN,
    POLICY,
    Entry,
    Laboratory,
    RegistryKey,
    Said,
    document,
    outcomes,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(400)]

WAYS = ("winrm-powershell", "smb-powershell", "winrm-canned")
EXTENSIONS = b"[{E437BC1C-AA7D-11D2-A382-00C04F991E27}{DEA8AFA0-CC85-11D0-9CE2-0080C7221EBD}]"
NEGOTIATE = b"{8A171DD3-77E3-11D1-8659-A04F00000000}"
STANDARD = b"{62F49E10-6C37-11D1-864C-14A300000000}"
DEFAULT_RESPONSE = b"{62F49E13-6C37-11D1-864C-14A300000000}"
# The server's own counting, which no client can set back.
COUNTERS = {
    "uSNChanged",
    "whenChanged",
    "dSCorePropagationData",
    "lastLogon",
    "lastLogonTimestamp",
    "logonCount",
    "replUpToDateVector",
    "msDS-NcType",
    "modifiedCount",
    "serverState",
    "uASCompat",
}

Dump: TypeAlias = dict[str, dict[str, list[bytes]]]
Tree: TypeAlias = dict[str, tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything that was seen on one way through the how-to."""

    lab: Laboratory
    way: str
    pristine: Dump
    pristine_sysvol: Tree
    usn_around_plan: tuple[int, int]
    plans: tuple[Said, Said]
    plan_files: tuple[bytes, bytes]
    applied: dict[str, Any]
    objects: dict[str, Entry]
    gpo: str
    gpo_entries: dict[str, Entry]
    ou: Entry
    gpt_ini: bytes
    listed: str
    links: str
    checks: tuple[str, str]
    registries: dict[str, RegistryKey]
    shown: dict[str, Any]
    second: Said
    plan_after: Said
    removed: Said
    final: Dump
    final_sysvol: Tree
    final_registries: dict[str, RegistryKey]


def dump(lab: Laboratory) -> Dump:
    """Every entry of the domain and its configuration with all that is no counter."""
    found: Dump = {}
    for base in (DOMAIN_DN, f"CN=Configuration,{DOMAIN_DN}"):
        entries = lab.search(
            base, "*", "nTSecurityDescriptor", controls=["--controls=sd_flags:1:7"]
        )
        for dn, entry in entries.items():
            found[dn] = {
                name: sorted(values) for name, values in entry.items() if name not in COUNTERS
            }
    return found


def access_list(path: Path) -> bytes:
    """The security descriptor that Samba keeps of a file, without its time stamp and hashes."""
    return os.getxattr(path, "security.NTACL")[160:]


def tree(folder: Path) -> Tree:
    """Every file and folder with its content and its access control list."""
    return {
        str(path.relative_to(folder)): (
            path.read_bytes() if path.is_file() else b"",
            access_list(path),
        )
        for path in sorted(folder.rglob("*"))
    }


def samba_checks(lab: Laboratory) -> tuple[str, str]:
    """What ``gpo aclcheck`` and ``ntacl sysvolcheck`` complain about."""
    url = f"ldap://{lab.layout.dc_fqdn}"
    options = samba_client_options(lab.layout)
    acl = lab.run("samba-tool", "gpo", "aclcheck", "-H", url, *options, check=False)
    configuration = f"--configfile={lab.layout.smb_conf}"
    sysvol = lab.run("samba-tool", "ntacl", "sysvolcheck", configuration, check=False)
    return (
        acl.stderr if acl.returncode else "",
        sysvol.stderr if sysvol.returncode else "",
    )


def gpt_ini(lab: Laboratory, gpo: str) -> bytes:
    """A GPO's gpt.ini over SMB, asked for in the spelling of Windows."""
    target = lab.state_dir.parent / "fetched.ini"
    share = f"//{lab.layout.dc_fqdn}/sysvol"
    order = rf'get "ipsectest.com\Policies\{gpo}\gpt.ini" {target}'
    lab.run("smbclient", share, *samba_client_options(lab.layout), "-c", order)
    return target.read_bytes()


def tell(lab: Laboratory, way: str) -> Story:
    """Go the whole way once and record what there is to see at each station."""
    lab.reset()
    folder = lab.state_dir.parent
    playbook = PLAYBOOK
    if way.startswith("smb"):
        playbook = folder / "azure-onpremises.yml"
        text = PLAYBOOK.read_text(encoding="utf-8")
        playbook.write_text(text.replace("\ngpo:\n", "\ngpo:\n  via: smb\n"), encoding="utf-8")

    def play(command: str, *options: str | Path) -> Said:
        return lab.play(command, *options, playbook=playbook)

    files = (folder / f"{way}-1.json", folder / f"{way}-2.json")
    pristine, pristine_sysvol = dump(lab), tree(lab.sysvol)
    first = play("plan", "--exit-code", "--json", "--out", files[0])
    usn = lab.highest_usn()
    again = play("plan", "--exit-code", "--json", "--out", files[1])
    usn_after = lab.highest_usn()
    said = play("apply", "--yes", "--json")
    assert said.returncode == 0, said.stderr + said.stdout
    gpo = lab.gpo_id()
    evidence: dict[str, Any] = {
        "objects": {
            dn: entry
            for dn, entry in lab.search(IP_SECURITY_DN, scope="one").items()
            if dn not in pristine
        },
        "gpo_entries": lab.search(f"CN={gpo},{POLICIES_DN}"),
        "ou": lab.search(OU_DN, scope="base")[OU_DN],
        "gpt_ini": gpt_ini(lab, gpo),
        "listed": lab.samba_tool("gpo", "listall"),
        "links": lab.samba_tool("gpo", "getlink", OU_DN),
        "checks": samba_checks(lab),
        "registries": {host: lab.registry(host) for host in lab.members},
        "shown": document(lab.orchestrate("show", "-i", lab.inventory, "--host", "vm1", "--json")),
    }
    second = play("apply", "--yes", "--json")
    plan_after = play("plan", "--exit-code")
    removed = play("remove", "--yes", "--json")
    return Story(
        lab=lab,
        way=way,
        pristine=pristine,
        pristine_sysvol=pristine_sysvol,
        usn_around_plan=(usn, usn_after),
        plans=(first, again),
        plan_files=(files[0].read_bytes(), files[1].read_bytes()),
        applied=document(said),
        gpo=gpo,
        second=second,
        plan_after=plan_after,
        removed=removed,
        final=dump(lab),
        final_sysvol=tree(lab.sysvol),
        final_registries={host: lab.registry(host) for host in lab.members},
        **evidence,
    )


TellStory: TypeAlias = Callable[[str], Story]


@pytest.fixture(scope="session")
def _told() -> dict[str, Story]:
    return {}


@pytest.fixture(params=WAYS)
def story(request: pytest.FixtureRequest, _told: dict[str, Story]) -> Story:
    """The story of one way, told when it is first asked for."""
    way: str = request.param
    if way not in _told:
        fixture = "powershell_lab" if way.endswith("powershell") else "canned_lab"
        _told[way] = tell(request.getfixturevalue(fixture), way)
    return _told[way]


def of_class(story: Story, name: str) -> dict[str, Entry]:
    """The new objects of one class."""
    return {
        dn: entry
        for dn, entry in story.objects.items()
        if entry["objectClass"] == [b"top", b"ipsecBase", name.encode()]
    }


def named(story: Story, object_class: str, name: str | None) -> tuple[str, Entry]:
    """The one new object of a class with an ``ipsecName``, or without."""
    wanted = None if name is None else [name.encode()]
    (found,) = (
        (dn, entry)
        for dn, entry in of_class(story, object_class).items()
        if entry.get("ipsecName") == wanted
    )
    return found


# --- the directory, object by object -----------------------------------------------------------


def test_objects_are_those_of_the_how_to(story: Story) -> None:
    """One policy, one key exchange, two rules, two filter actions, one filter list; no more."""
    counts = {
        name: len(of_class(story, name))
        for name in (
            "ipsecPolicy",
            "ipsecISAKMPPolicy",
            "ipsecNFA",
            "ipsecNegotiationPolicy",
            "ipsecFilter",
        )
    }

    assert list(counts.values()) == [1, 1, 2, 2, 1]
    assert len(story.objects) == 7


def test_names_and_ids_of_objects_agree(story: Story) -> None:
    """Each is called by its class and GUID, has that GUID as ipsecID, and the type 256."""
    for dn, entry in story.objects.items():
        object_id = entry["ipsecID"][0].decode()
        object_class = entry["objectClass"][-1].decode()
        assert str(UUID(object_id)).upper() == object_id.strip("{}").upper()
        assert dn == f"CN={object_class}{object_id},{IP_SECURITY_DN}"
        assert entry["ipsecDataType"] == [b"256"]


def test_references_are_plain_names_both_ways(story: Story) -> None:
    """Policy, key exchange, rules, actions and filter list point at each other by DN."""
    policy_dn, policy = named(story, "ipsecPolicy", POLICY)
    ((exchange_dn, exchange),) = of_class(story, "ipsecISAKMPPolicy").items()
    rule_dn, rule = named(story, "ipsecNFA", "azure-onpremises-HTTP8080")
    default_dn, default = named(story, "ipsecNFA", None)
    action_dn, action = named(story, "ipsecNegotiationPolicy", "myEncryption")
    reply_dn, reply = named(story, "ipsecNegotiationPolicy", None)
    list_dn, filter_list = named(story, "ipsecFilter", "azure-onpremises-HTTP8080")

    def names(entry: Entry, attribute: str) -> set[str]:
        return {value.decode() for value in entry.get(attribute, [])}

    assert names(policy, "ipsecISAKMPReference") == {exchange_dn}
    assert names(policy, "ipsecNFAReference") == {rule_dn, default_dn}
    assert names(rule, "ipsecNegotiationPolicyReference") == {action_dn}
    assert names(rule, "ipsecFilterReference") == {list_dn}
    assert names(default, "ipsecNegotiationPolicyReference") == {reply_dn}
    assert names(default, "ipsecFilterReference") == set()
    owners = [(exchange, policy_dn), (rule, policy_dn), (default, policy_dn)]
    owners += [(action, rule_dn), (filter_list, rule_dn), (reply, default_dn)]
    for entry, owner in owners:
        assert names(entry, "ipsecOwnersReference") == {owner}


def test_policy_blob(story: Story) -> None:
    """The policy is the 25 bytes that every Windows since 2000 writes: ask every 3 hours."""
    _, entry = named(story, "ipsecPolicy", POLICY)

    assert entry["ipsecData"] == [
        bytes.fromhex("632120224c4fd111863b00a0248d302104000000302a000000")
    ]


def test_key_exchange_blob(story: Story) -> None:
    """3DES and SHA-1 with groups 2 and 2048 bit, as netsh writes its own default."""
    (entry,) = of_class(story, "ipsecISAKMPPolicy").values()
    own_id = UUID(entry["ipsecID"][0].decode())
    method = struct.pack("<4x3I3I8x", 3, 64, 8, 2, 64, 0)
    methods = [method + struct.pack("<B7x5I", override, 2, 0, 0, 28800, 0) for override in (0, 4)]
    wanted = (
        bytes.fromhex("b820dc80c82ed111a89e00a0248d3021")
        + struct.pack("<I", 64 + 2 * 64)
        + own_id.bytes_le
        + struct.pack("<6I20xI", 0, 0, 0, 0, 0, 28800, 2)
        + b"".join(methods)
        + b"\0"
    )

    assert entry["ipsecData"] == [wanted]


@pytest.mark.parametrize(
    ("name", "active"), [("azure-onpremises-HTTP8080", 1), (None, 0)], ids=["rule", "default"]
)
def test_rule_blob(story: Story, name: str | None, active: int) -> None:
    """Kerberos on all connections, no tunnel; the default response is there and off."""
    _, entry = named(story, "ipsecNFA", name)
    wanted = (
        bytes.fromhex("00acbb118d49d111863900a0248d3021")
        + struct.pack("<I", 42)
        + struct.pack("<I2IH", 1, 5, 2, 0)
        + struct.pack("<IIH4xIIIH", 0xFFFFFFFD, 2, 0, 0, active, 2, 0)
        + b"\1" * 16
        + struct.pack("<I2I", 1, 5, 0)
        + b"\1" * 15
        + b"\2"
        + struct.pack("<II", 1, 0)
        + b"\0"
    )

    assert entry["ipsecData"] == [wanted]


def offer(protocol: int, algorithm: int, integrity: int) -> bytes:
    """One security method of one algorithm, without lifetimes and PFS."""
    return struct.pack("<5I5I40x", 0, 0, 0, 0, 1, algorithm, integrity, protocol, 0, 0)


def test_filter_action_blob(story: Story) -> None:
    """The action myEncryption negotiates ESP with 3DES and SHA-1, and nothing else."""
    _, entry = named(story, "ipsecNegotiationPolicy", "myEncryption")
    wanted = (
        bytes.fromhex("b920dc80c82ed111a89e00a0248d3021")
        + struct.pack("<II", 4 + 80, 1)
        + offer(2, 3, 2)
        + b"\0"
    )

    assert entry["ipsecData"] == [wanted]
    assert entry["iPSECNegotiationPolicyAction"] == [NEGOTIATE]
    assert entry["iPSECNegotiationPolicyType"] == [STANDARD]


def test_default_response_blob(story: Story) -> None:
    """Its action is netsh's: ESP with 3DES and SHA-1, then AH with SHA-1."""
    _, entry = named(story, "ipsecNegotiationPolicy", None)
    wanted = (
        bytes.fromhex("b920dc80c82ed111a89e00a0248d3021")
        + struct.pack("<II", 4 + 2 * 80, 2)
        + offer(2, 3, 2)
        + offer(1, 2, 0)
        + b"\0"
    )

    assert entry["ipsecData"] == [wanted]
    assert entry["iPSECNegotiationPolicyAction"] == [NEGOTIATE]
    assert entry["iPSECNegotiationPolicyType"] == [DEFAULT_RESPONSE]


def test_filter_list_blob(story: Story) -> None:
    """Both directions of TCP to port 8080, mirrored; each filter has an id of its own."""
    _, entry = named(story, "ipsecFilter", "azure-onpremises-HTTP8080")
    (blob,) = entry["ipsecData"]
    ids = (blob[42:58], blob[112:128])
    azure, on_premises = "0a000100ffffff00", "0a021b00ffffff80"
    wanted = bytes.fromhex("b520dc80c82ed111a89e00a0248d3021") + struct.pack("<II", 140, 2)
    for own_id, source, destination in (
        (ids[0], azure, on_premises),
        (ids[1], on_premises, azure),
    ):
        wanted += struct.pack("<IHIHIH", 2, 0, 2, 0, 2, 0) + own_id + struct.pack("<I", 1)
        wanted += bytes.fromhex(source + destination)
        wanted += struct.pack("<4xIHHBBH", 6, 0, 8080, 0, 0, 0)

    assert blob == wanted
    assert len({*ids, bytes(16)}) == 3


# --- the GPO -----------------------------------------------------------------------------------


def test_assignment_is_one_object_below_the_gpo(story: Story) -> None:
    """CN=IPSEC in a chain of containers, with name and policy and no data of its own."""
    gpo_dn = f"CN={story.gpo},{POLICIES_DN}"
    policy_dn, _ = named(story, "ipsecPolicy", POLICY)
    chain = f"CN=Machine,{gpo_dn}"
    for name in ("Microsoft", "Windows"):
        chain = f"CN={name},{chain}"
        assert story.gpo_entries[chain]["objectClass"] == [b"top", b"container"]
    entry = story.gpo_entries[f"CN=IPSEC,{chain}"]

    assert entry["objectClass"] == [b"top", b"ipsecBase", b"ipsecPolicy"]
    assert entry["ipsecOwnersReference"] == [policy_dn.encode()]
    assert entry["ipsecName"] == [POLICY.encode()]
    assert not {"ipsecID", "ipsecData", "ipsecDataType"} & set(entry)


def test_gpo_names_the_extension_and_a_version(story: Story) -> None:
    """Directory and gpt.ini have the same version, and the IPsec extension is called."""
    entry = story.gpo_entries[f"CN={story.gpo},{POLICIES_DN}"]
    version = int(entry["versionNumber"][0])

    assert entry["gPCMachineExtensionNames"] == [EXTENSIONS]
    assert version & 0xFFFF > 0
    assert version >> 16 == 0
    assert f"Version={version}\r\n".encode() in story.gpt_ini
    assert story.gpt_ini.startswith(b"[General]\r\n")


def test_ou_has_one_enabled_link(story: Story) -> None:
    """The link attribute of the OU is the new GPO with no option set."""
    link = f"[LDAP://CN={story.gpo},{POLICIES_DN};0]"

    assert [value.decode().casefold() for value in story.ou["gPLink"]] == [link.casefold()]


def test_samba_lists_gpo_and_link(story: Story) -> None:
    """``samba-tool`` finds the GPO, its version and the link."""
    assert f"GPO          : {story.gpo}" in story.listed
    assert "display name : IPSec-Azure-OnPremises" in story.listed
    assert f"GPO     : {story.gpo}" in story.links
    assert "Options : NONE" in story.links


def test_samba_finds_no_fault(story: Story) -> None:
    """``gpo aclcheck`` and ``ntacl sysvolcheck`` have nothing to complain about."""
    assert story.checks == ("", "")


def test_template_has_one_version_file(story: Story) -> None:
    """However it is spelled, SYSVOL has one gpt.ini for the GPO."""
    before = [name for name in story.pristine_sysvol if name.casefold().endswith("gpt.ini")]

    assert len(before) == 2
    assert story.final_sysvol.keys() == story.pristine_sysvol.keys()


# --- plans -------------------------------------------------------------------------------------


def test_planning_writes_nothing(story: Story) -> None:
    """The DC has made no write from before a plan to after it."""
    assert story.usn_around_plan[0] == story.usn_around_plan[1]


def test_planning_twice_gives_the_same_bytes(story: Story) -> None:
    """Document and plan file of two runs are equal, and there is something to do."""
    first, again = story.plans

    assert first.returncode == again.returncode == 2, first.stderr
    assert first.stdout == again.stdout
    assert story.plan_files[0] == story.plan_files[1]
    assert json.loads(story.plan_files[0]) == document(first)


def test_nothing_is_left_to_do(story: Story) -> None:
    """A second apply has no step and ends well, and so does a plan with ``--exit-code``."""
    assert story.second.returncode == 0
    assert document(story.second)["plan"]["steps"] == []
    assert document(story.second)["run"] is None
    assert story.plan_after.returncode == 0
    assert "Nothing to do" in story.plan_after.stdout


# --- members -----------------------------------------------------------------------------------


def test_every_host_is_done(story: Story) -> None:
    """The DC and all members come out done, the members with the policy in force."""
    members = outcomes(story.applied)

    assert set(members) == {"dc1", *story.lab.members}
    assert {member["outcome"] for member in members.values()} == {"done"}
    assert all(members[name]["enforced"] is True for name in story.lab.members)
    assert all(members[name]["policy"] == POLICY for name in story.lab.members)


def test_every_registry_has_what_the_directory_has(story: Story) -> None:
    """Assigned policy and cached objects of each member equal those in the directory."""
    policy_dn, _ = named(story, "ipsecPolicy", POLICY)
    wanted = {
        dn.partition(",")[0].removeprefix("CN="): (
            entry["ipsecData"][0].hex(),
            entry["ipsecID"][0].decode(),
            entry["ipsecName"][0].decode() if "ipsecName" in entry else None,
        )
        for dn, entry in story.objects.items()
    }
    for registry in story.registries.values():
        assigned = registry.below("GPTIPSECPolicy").values
        assert assigned["DSIPSECPolicyPath"] == f"LDAP://{policy_dn}"
        assert assigned["DSIPSECPolicyName"] == POLICY
        cache = registry.below("Policy", "Cache")
        found = {name: cache.below(name).values for name in cache.names()}
        assert {
            name: (values["ipsecData"], values["ipsecID"], values.get("ipsecName"))
            for name, values in found.items()
        } == wanted


def test_show_host_tells_what_the_member_has(story: Story) -> None:
    """``show --host`` gives the policy with its list, action and both filters."""
    assert story.shown["host"] == "vm1"
    assert story.shown["assigned"]["name"] == POLICY
    (policy,) = story.shown["policies"]
    (rule,) = (rule for rule in policy["rules"] if rule["filter_list"])
    assert rule["filter_action"]["settings"]["methods"] == "ESP[3DES,SHA1]"
    assert list(rule["filter_list"]["settings"].values()) == [
        "10.0.1.0/24 to 10.2.27.0/25, tcp any to 8080, mirrored",
        "10.2.27.0/25 to 10.0.1.0/24, tcp any to 8080, mirrored",
    ]


# --- removal -----------------------------------------------------------------------------------


def test_removal_leaves_the_directory_as_it_was(story: Story) -> None:
    """Entry by entry and attribute by attribute, but for the server's counters."""
    assert story.removed.returncode == 0, story.removed.stderr
    assert story.final.keys() == story.pristine.keys()
    differing = {
        dn: (entry, story.final[dn])
        for dn, entry in story.pristine.items()
        if entry != story.final[dn]
    }
    assert differing == {}


def test_removal_leaves_sysvol_as_it_was(story: Story) -> None:
    """Files, their content and their access control lists are those of before."""
    assert story.final_sysvol == story.pristine_sysvol


def test_removal_takes_the_policy_from_members(story: Story) -> None:
    """No member has an assigned policy or a cached object any more."""
    for registry in story.final_registries.values():
        assert registry.below("GPTIPSECPolicy").values.get("DSIPSECPolicyPath") is None
        assert registry.below("Policy", "Cache").names() == []
