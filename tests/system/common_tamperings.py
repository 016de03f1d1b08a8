"""The commonest ways to tamper with the directory, by name, with nothing but a lab at hand.

The whole list, which takes itself back, is in ``tamperings.py``.
"""

import base64
from collections.abc import Callable

from tests.system.conftest import IP_SECURITY_DN, OU_DN, POLICIES_DN, POLICY, Laboratory
from tests.system.tamperings import DEFAULT_POLICY, GPO_NAME, LINK_NAME, LIST


def object_dn(lab: Laboratory, object_class: str, name: str) -> str:
    """The DN of one of our objects."""
    mark = "(adminDescription=ipsec_orchestrator*)"
    found = lab.search(IP_SECURITY_DN, f"(&(objectClass={object_class})(ipsecName={name}){mark})")
    (dn,) = found
    return dn


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
