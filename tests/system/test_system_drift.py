"""Drift in a real directory: tampered with by other programs, found under the right words."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.system.conftest import (
    DOMAIN_DN,
    IP_SECURITY_DN,
    OU_DN,
    POLICIES_DN,
    POLICY,
    Laboratory,
    MakeLab,
    document,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

ADMINISTRATOR = "IPSECTEST\\Administrator"
ONE = ("--limit", "vm1")
LIST = "azure-onpremises-HTTP8080"
GPO_NAME = "IPSec-Azure-OnPremises"
LINK_NAME = f"{GPO_NAME} on {OU_DN}"
DEFAULT_POLICY = f"CN=ipsecPolicy{{72385236-70FA-11D1-864C-14A300000000}},{IP_SECURITY_DN}"


def drift(lab: Laboratory, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document of ``orchestrate drift``."""
    said = lab.play("drift", "--json", *ONE, *options)
    assert said.returncode in {0, 2, 3}, said.stderr
    return said.returncode, document(said)


def words(found: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    """Word, thing, name and field of every difference."""
    return {
        (each["kind"], each["thing"], each["name"], each["field"]) for each in found["differences"]
    }


def object_dn(lab: Laboratory, object_class: str, name: str) -> str:
    """The DN of one of our objects."""
    mark = "(adminDescription=ipsec_orchestrator*)"
    found = lab.search(IP_SECURITY_DN, f"(&(objectClass={object_class})(ipsecName={name}){mark})")
    (dn,) = found
    return dn


@pytest.fixture(scope="module")
def applied(make_lab: MakeLab) -> Laboratory:
    """A lab of its own where the how-to was applied, for tests that put back what they change."""
    made = make_lab("drift")
    made.apply(*ONE)
    return made


@pytest.fixture
def mended(applied: Laboratory) -> Iterator[Laboratory]:
    """That lab, and after the test everything as it was before."""
    bases = (IP_SECURITY_DN, OU_DN, f"CN={applied.gpo_id(GPO_NAME)},{POLICIES_DN}")
    before = [(dn, entry) for base in bases for dn, entry in applied.search(base).items()]
    yield applied
    blocks: list[str] = []
    for dn, entry in before:
        for name in CHANGED:
            lines = [f"dn: {dn}", "changetype: modify", f"replace: {name}"]
            lines += [f"{name}:: {base64.b64encode(v).decode()}" for v in entry.get(name, [])]
            blocks.append("\n".join(lines) + "\n")
    now = {dn: entry for base in bases for dn, entry in applied.search(base).items()}
    wanted = [
        block
        for (dn, entry), start in zip(before, range(0, len(blocks), len(CHANGED)), strict=True)
        for name, block in zip(CHANGED, blocks[start : start + len(CHANGED)], strict=True)
        if sorted(entry.get(name, [])) != sorted(now[dn].get(name, []))
    ]
    if wanted:
        applied.modify("\n".join(wanted))
    assert drift(applied) == (0, CLEAN | {"record": drift(applied)[1]["record"]})


CHANGED = (
    "ipsecData",
    "ipsecName",
    "description",
    "ipsecNegotiationPolicyReference",
    "iPSECNegotiationPolicyAction",
    "adminDescription",
    "gPLink",
    "gPOptions",
    "flags",
    "versionNumber",
    "gPCWQLFilter",
    "gPCMachineExtensionNames",
    "ipsecOwnersReference",
)
CLEAN: dict[str, Any] = {"differences": [], "unknown": []}


def modify(lab: Laboratory, dn: str, attribute: str, value: bytes | None) -> None:
    """Replace one attribute by ``ldbmodify``."""
    text = f"dn: {dn}\nchangetype: modify\nreplace: {attribute}\n"
    if value is not None:
        text += f"{attribute}:: {base64.b64encode(value).decode()}\n"
    lab.modify(text)


def gpo_dn(lab: Laboratory) -> str:
    """The DN of the GPO."""
    return f"CN={lab.gpo_id(GPO_NAME)},{POLICIES_DN}"


def assignment_dn(lab: Laboratory) -> str:
    """The DN of the assignment object."""
    return f"CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine,{gpo_dn(lab)}"


def value(lab: Laboratory, dn: str, attribute: str) -> bytes:
    """One value of one attribute."""
    return lab.search(dn, scope="base")[dn][attribute][0]


def swap_link(lab: Laboratory, option: str) -> None:
    """Give the link other options."""
    modify(lab, OU_DN, "gPLink", value(lab, OU_DN, "gPLink").replace(b";0]", option.encode()))


def port_9090(lab: Laboratory) -> None:
    """Let the first filter mean another port, as an editor of filters does."""
    dn = object_dn(lab, "ipsecFilter", LIST)
    blob = value(lab, dn, "ipsecData")
    port = (8080).to_bytes(2, "little")
    assert port in blob
    modify(lab, dn, "ipsecData", blob.replace(port, (9090).to_bytes(2, "little"), 1))


def junk_in_policy(lab: Laboratory) -> None:
    """Change a byte that no word describes: the last one."""
    dn = object_dn(lab, "ipsecPolicy", POLICY)
    blob = value(lab, dn, "ipsecData")
    modify(lab, dn, "ipsecData", blob[:-1] + bytes([blob[-1] ^ 1]))


def permit(lab: Laboratory) -> None:
    """Turn the filter action into a permit."""
    dn = object_dn(lab, "ipsecNegotiationPolicy", "myEncryption")
    modify(lab, dn, "iPSECNegotiationPolicyAction", b"{8A171DD2-77E3-11D1-8659-A04F00000000}")


Tamper = Callable[[Laboratory], object]
CASES: dict[str, tuple[Tamper, set[tuple[str, str, str]]]] = {
    "filter's port": (port_9090, {("filter list", LIST, "filter 1")}),
    "unknown byte": (junk_in_policy, {("policy", POLICY, "stored bytes")}),
    "permit instead of negotiate": (
        permit,
        {("filter action", "myEncryption", "action")},
    ),
    "description of the policy": (
        lambda lab: modify(lab, object_dn(lab, "ipsecPolicy", POLICY), "description", b"x"),
        {("policy", POLICY, "description")},
    ),
    "name of the filter action": (
        lambda lab: modify(
            lab, object_dn(lab, "ipsecNegotiationPolicy", "myEncryption"), "ipsecName", b"weaker"
        ),
        {("filter action", "myEncryption", "name")},
    ),
    "mark taken away": (
        lambda lab: modify(lab, object_dn(lab, "ipsecFilter", LIST), "adminDescription", None),
        {("filter list", LIST, "mark")},
    ),
    "link taken away": (
        lambda lab: modify(lab, OU_DN, "gPLink", None),
        {("link", LINK_NAME, "the object")},
    ),
    "link disabled": (lambda lab: swap_link(lab, ";1]"), {("link", LINK_NAME, "enabled")}),
    "link enforced": (lambda lab: swap_link(lab, ";2]"), {("link", LINK_NAME, "enforced")}),
    "another GPO linked before": (
        lambda lab: modify(
            lab,
            OU_DN,
            "gPLink",
            value(lab, OU_DN, "gPLink")
            + f"[LDAP://CN={{6AC1786C-016F-11D2-945F-00C04FB984F9}},{POLICIES_DN};0]".encode(),
        ),
        {("link", LINK_NAME, "order")},
    ),
    "inheritance blocked": (
        lambda lab: modify(lab, OU_DN, "gPOptions", b"1"),
        {("link", LINK_NAME, "inheritance")},
    ),
    "computer settings off": (
        lambda lab: modify(lab, gpo_dn(lab), "flags", b"2"),
        {("GPO", GPO_NAME, "computer settings")},
    ),
    "all settings off": (
        lambda lab: modify(lab, gpo_dn(lab), "flags", b"3"),
        {("GPO", GPO_NAME, "computer settings")},
    ),
    "version in the directory": (
        lambda lab: modify(lab, gpo_dn(lab), "versionNumber", b"77"),
        {("GPO", GPO_NAME, "version"), ("GPO", GPO_NAME, "versions")},
    ),
    "WMI filter": (
        lambda lab: modify(
            lab,
            gpo_dn(lab),
            "gPCWQLFilter",
            b"[ipsectest.com;{11111111-2222-3333-4444-555555555555};0]",
        ),
        {("GPO", GPO_NAME, "WMI filter")},
    ),
    "extension names": (
        lambda lab: modify(lab, gpo_dn(lab), "gPCMachineExtensionNames", None),
        {("GPO", GPO_NAME, "IPsec extension")},
    ),
    "mark of the GPO": (
        lambda lab: modify(lab, gpo_dn(lab), "adminDescription", b"mine now"),
        {("GPO", GPO_NAME, "mark")},
    ),
    "unassigned": (
        lambda lab: modify(lab, assignment_dn(lab), "ipsecOwnersReference", None),
        {("assignment", GPO_NAME, "policy")},
    ),
    "another policy assigned": (
        lambda lab: modify(
            lab, assignment_dn(lab), "ipsecOwnersReference", DEFAULT_POLICY.encode()
        ),
        {("assignment", GPO_NAME, "policy")},
    ),
    "name in the assignment": (
        lambda lab: modify(lab, assignment_dn(lab), "ipsecName", b"other"),
        {("assignment", GPO_NAME, "name")},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_tampering_is_found_with_time_and_place(mended: Laboratory, case: str) -> None:
    """What another client changed is drift, on this DC, today, and nothing else is reported."""
    tamper, expected = CASES[case]
    tamper(mended)
    code, found = drift(mended)

    assert code == 2
    assert words(found) == {("drift", *each) for each in expected}
    for each in found["differences"]:
        assert each["where"] == mended.layout.dc_fqdn
        assert each["who"] == ADMINISTRATOR, each["why_unknown"]
        assert each["when"]
        assert each["expected"] != each["found"]


def test_clean_domain_is_clean_many_times(applied: Laboratory) -> None:
    """Nothing is reported of an unchanged domain, ten times in a row."""
    assert {json.dumps(drift(applied)) for _ in range(10)} == {json.dumps(drift(applied))}
    assert drift(applied)[0] == 0


def test_gpo_permissions_and_template(mended: Laboratory) -> None:
    """Permissions of the GPO and a version in gpt.ini alone are found, by samba-tool and on disk."""
    dn = gpo_dn(mended)
    template = mended.sysvol / "ipsectest.com" / "Policies" / mended.gpo_id(GPO_NAME) / "gpt.ini"
    content = template.read_bytes()
    template.write_bytes(content.replace(b"Version=", b"Version=9"))
    one = words(drift(mended)[1])
    template.write_bytes(content)
    before = mended.search(dn, "nTSecurityDescriptor", scope="base")[dn]["nTSecurityDescriptor"]
    mended.samba_tool("dsacl", "set", f"--objectdn={dn}", "--sddl=(D;;CR;;;AU)")
    two = words(drift(mended)[1])
    modify(mended, dn, "nTSecurityDescriptor", before[0])

    assert one == {("drift", "GPO", GPO_NAME, "versions")}
    assert two == {("drift", "GPO", GPO_NAME, "permissions")}


def test_deleted_object_is_found_alone(lab: Laboratory) -> None:
    """A deleted filter list is one difference, though the rule that used it shows it as well."""
    lab.apply(*ONE)
    lab.modify(f"dn: {object_dn(lab, 'ipsecFilter', LIST)}\nchangetype: delete\n")
    code, found = drift(lab)

    assert code == 2
    assert words(found) == {("drift", "filter list", LIST, "the object")}


def test_moved_account_and_lost_policy(lab: Laboratory) -> None:
    """An account in another OU is found, and so is a registry without the policy."""
    lab.apply(*ONE)
    lab.modify(
        f"dn: CN=VM1,{OU_DN}\nchangetype: modrdn\nnewrdn: CN=VM1\ndeleteoldrdn: 1\n"
        f"newsuperior: CN=Computers,{DOMAIN_DN}\n"
    )
    (lab.layout.root / "registry" / "vm1.json").unlink()
    code, found = drift(lab)

    assert code == 2
    assert ("drift", "computer account", "vm1", "place") in words(found)


def test_without_a_record_and_with_a_silent_member(lab: Laboratory) -> None:
    """Before any apply everything is pending; a member that refuses is unknown."""
    lab.used = True
    lab.fault("vm1", "refused")
    code, found = drift(lab)
    lab.fault("vm1")

    assert code == 2
    assert found["record"] is None
    assert {each["kind"] for each in found["differences"]} == {"pending"}
    assert [each["object"] for each in found["unknown"]] == ["vm1"]
