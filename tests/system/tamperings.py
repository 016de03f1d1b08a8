"""Ways to tamper with a domain, each by a program that is not the one under test.

Every one changes a single thing, says under which words it is to be found, and is taken back by a
:class:`Mender`, so that many of them share one lab.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

from ipsec_orchestrator import codec
from tests.system.conftest import DOMAIN_DN, IP_SECURITY_DN, OU_DN, POLICIES_DN, POLICY
from tests.system.mending import Scene

LIST = "azure-onpremises-HTTP8080"
ACTION = "myEncryption"
GPO_NAME = "IPSec-Azure-OnPremises"
LINK_NAME = f"{GPO_NAME} on {OU_DN}"
RULE = LIST
# What every domain has from its first day: objects of the default policies.
DEFAULT_POLICY = f"CN=ipsecPolicy{{72385236-70FA-11D1-864C-14A300000000}},{IP_SECURITY_DN}"
DEFAULT_FILTER = f"CN=ipsecFilter{{7238523A-70FA-11D1-864C-14A300000000}},{IP_SECURITY_DN}"
DEFAULT_ACTION = (
    f"CN=ipsecNegotiationPolicy{{72385233-70FA-11D1-864C-14A300000000}},{IP_SECURITY_DN}"
)
DEFAULT_KEYS = f"CN=ipsecISAKMPPolicy{{72385231-70FA-11D1-864C-14A300000000}},{IP_SECURITY_DN}"
DOMAIN_GPO = f"CN={{31B2F340-016D-11D2-945F-00C04FB984F9}},{POLICIES_DN}"
PERMIT = b"{8A171DD2-77E3-11D1-8659-A04F00000000}"
BLOCK = b"{3F91A819-7647-11D1-864D-D46A00000000}"
PASS_THROUGH = b"{3F91A81A-7647-11D1-864D-D46A00000000}"
IPSEC_PAIR = b"[{E437BC1C-AA7D-11D2-A382-00C04F991E27}{DEA8AFA0-CC85-11D0-9CE2-0080C7221EBD}]"
SCRIPTS_PAIR = b"[{42B5FAAE-6536-11D2-AE5A-0000F87571E3}{40B6664F-4972-11D1-A7CA-0000F87571E3}]"

Words = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampering:
    """One deed.

    Attributes:
        name: What it is.
        do: Does it.
        words: Thing, name and field of every difference that is to be found.
        kind: The word of them all.
        origin: Whether time, place and author are known: those of the Administrator, on the DC.
    """

    name: str
    do: Callable[[Scene], object]
    words: frozenset[Words]
    kind: str = "drift"
    origin: bool = True


def _deed(
    name: str,
    do: Callable[[Scene], object],
    *words: Words,
    kind: str = "drift",
    origin: bool = True,
) -> Tampering:
    return Tampering(name=name, do=do, words=frozenset(words), kind=kind, origin=origin)


# --- objects below CN=IP Security -----------------------------------------------------------------


def _edit(
    object_class: str, name: str, change: Callable[[codec.IpsecValue], codec.IpsecValue]
) -> Callable[[Scene], None]:
    """Give an object other bytes, as an editor of policies does."""

    def do(scene: Scene) -> None:
        dn = scene.ours(object_class, name)
        value = codec.decode(object_class, scene.value(dn, "ipsecData"))
        scene.set(dn, "ipsecData", codec.encode(change(value)))

    return do


def _set(object_class: str, name: str, attribute: str, *values: bytes) -> Callable[[Scene], None]:
    return lambda scene: scene.set(scene.ours(object_class, name), attribute, *values)


def _delete(object_class: str, name: str) -> Callable[[Scene], None]:
    return lambda scene: scene.delete(scene.ours(object_class, name))


def _first_filter(**changed: Any) -> Callable[[Scene], None]:  # noqa: ANN401 - fields of any type
    def change(value: codec.IpsecValue) -> codec.IpsecValue:
        assert isinstance(value, codec.IpsecFilter)
        first, *others = value.filters
        return replace(value, filters=(replace(first, **changed), *others))

    return _edit("ipsecFilter", LIST, change)


def _filters(
    change: Callable[[tuple[codec.FilterSpec, ...]], tuple[codec.FilterSpec, ...]],
) -> Callable[[Scene], None]:
    def edited(value: codec.IpsecValue) -> codec.IpsecValue:
        assert isinstance(value, codec.IpsecFilter)
        return replace(value, filters=change(value.filters))

    return _edit("ipsecFilter", LIST, edited)


def _offer(**changed: Any) -> Callable[[Scene], None]:  # noqa: ANN401 - fields of any type
    def change(value: codec.IpsecValue) -> codec.IpsecValue:
        assert isinstance(value, codec.NegotiationPolicy)
        return replace(value, offers=(replace(value.offers[0], **changed),))

    return _edit("ipsecNegotiationPolicy", ACTION, change)


def _offers(
    change: Callable[[codec.SecurityOffer], tuple[codec.SecurityOffer, ...]],
) -> Callable[[Scene], None]:
    def edited(value: codec.IpsecValue) -> codec.IpsecValue:
        assert isinstance(value, codec.NegotiationPolicy)
        return replace(value, offers=change(value.offers[0]))

    return _edit("ipsecNegotiationPolicy", ACTION, edited)


def _nfa(**changed: Any) -> Callable[[Scene], None]:  # noqa: ANN401 - fields of any type
    def change(value: codec.IpsecValue) -> codec.IpsecValue:
        assert isinstance(value, codec.Nfa)
        return replace(value, **changed)

    return _edit("ipsecNFA", RULE, change)


def _keys(**changed: Any) -> Callable[[Scene], None]:  # noqa: ANN401 - fields of any type
    def change(value: codec.IpsecValue) -> codec.IpsecValue:
        assert isinstance(value, codec.IsakmpPolicy)
        return replace(value, **changed)

    return _edit("ipsecISAKMPPolicy", "", change)


def _key_methods(
    change: Callable[[tuple[codec.IsakmpMethod, ...]], tuple[codec.IsakmpMethod, ...]],
) -> Callable[[Scene], None]:
    def edited(value: codec.IpsecValue) -> codec.IpsecValue:
        assert isinstance(value, codec.IsakmpPolicy)
        return replace(value, methods=change(value.methods))

    return _edit("ipsecISAKMPPolicy", "", edited)


def _policy(value: codec.IpsecValue) -> codec.IpsecValue:
    assert isinstance(value, codec.IpsecPolicy)
    return replace(value, polling_interval_seconds=600)


def _flip_last_byte(scene: Scene) -> None:
    dn = scene.ours("ipsecPolicy", POLICY)
    blob = scene.value(dn, "ipsecData")
    scene.set(dn, "ipsecData", blob[:-1] + bytes([blob[-1] ^ 1]))


def _cut_short(scene: Scene) -> None:
    dn = scene.ours("ipsecFilter", LIST)
    scene.set(dn, "ipsecData", scene.value(dn, "ipsecData")[:-40])


def _without_rule(scene: Scene) -> None:
    dn = scene.ours("ipsecPolicy", POLICY)
    rule = scene.ours("ipsecNFA", RULE).encode()
    rest = [dn for dn in scene.values(dn, "ipsecNFAReference") if dn.lower() != rule.lower()]
    scene.set(dn, "ipsecNFAReference", *rest)


FILTER_1 = ("filter list", LIST, "filter 1")
METHODS = ("filter action", ACTION, "methods")

IP_SECURITY = (
    _deed("source address", _first_filter(source=IPv4Address("10.9.0.0")), FILTER_1),
    _deed("source mask", _first_filter(source_mask=IPv4Address("255.255.0.0")), FILTER_1),
    _deed("destination address", _first_filter(destination=IPv4Address("10.2.28.0")), FILTER_1),
    _deed("destination mask", _first_filter(destination_mask=IPv4Address("255.0.0.0")), FILTER_1),
    _deed("protocol", _first_filter(protocol=17), FILTER_1),
    _deed("source port", _first_filter(source_port=1024), FILTER_1),
    _deed("destination port", _first_filter(destination_port=9090), FILTER_1),
    _deed("mirroring", _first_filter(mirrored=0), FILTER_1),
    _deed("special server", _first_filter(special=1), FILTER_1),
    _deed("tunnel filter", _first_filter(is_tunnel=1), FILTER_1),
    _deed(
        "description of a filter",
        _first_filter(description=codec.WideString.of("test")),
        FILTER_1,
    ),
    _deed(
        "id of a filter, which no word shows",
        _first_filter(id=UUID(int=9)),
        ("filter list", LIST, "stored bytes"),
    ),
    _deed(
        "filters in another order",
        _filters(lambda both: both[::-1]),
        FILTER_1,
        ("filter list", LIST, "filter 2"),
    ),
    _deed("filter taken out", _filters(lambda both: both[:1]), ("filter list", LIST, "filters")),
    _deed(
        "filter put in",
        _filters(lambda both: (*both, replace(both[0], id=UUID(int=8), protocol=1))),
        ("filter list", LIST, "filters"),
    ),
    _deed("filters cut short", _cut_short, ("filter list", LIST, "stored bytes")),
    _deed(
        "name of the filter list",
        _set("ipsecFilter", LIST, "ipsecName", b"other"),
        ("filter list", LIST, "name"),
    ),
    _deed(
        "description of the filter list",
        _set("ipsecFilter", LIST, "description", b"by hand"),
        ("filter list", LIST, "description"),
    ),
    _deed(
        "id of the filter list",
        _set("ipsecFilter", LIST, "ipsecID", b"{00000000-0000-0000-0000-000000000007}"),
        ("filter list", LIST, "id"),
    ),
    _deed(
        "data type of the filter list",
        _set("ipsecFilter", LIST, "ipsecDataType", b"598"),
        ("filter list", LIST, "data type"),
    ),
    _deed(
        "owners of the filter list",
        _set("ipsecFilter", LIST, "ipsecOwnersReference"),
        ("filter list", LIST, "owners"),
    ),
    _deed(
        "mark of the filter list",
        _set("ipsecFilter", LIST, "adminDescription"),
        ("filter list", LIST, "mark"),
    ),
    _deed(
        "permit instead of negotiate",
        _set("ipsecNegotiationPolicy", ACTION, "iPSECNegotiationPolicyAction", PERMIT),
        ("filter action", ACTION, "action"),
    ),
    _deed(
        "block instead of negotiate",
        _set("ipsecNegotiationPolicy", ACTION, "iPSECNegotiationPolicyAction", BLOCK),
        ("filter action", ACTION, "action"),
    ),
    _deed(
        "clear text accepted",
        _set("ipsecNegotiationPolicy", ACTION, "iPSECNegotiationPolicyAction", PASS_THROUGH),
        ("filter action", ACTION, "accept unsecured inbound"),
    ),
    _deed(
        "type of the filter action",
        _set(
            "ipsecNegotiationPolicy",
            ACTION,
            "iPSECNegotiationPolicyType",
            b"{62F49E13-6C37-11D1-864C-14A300000000}",
        ),
        ("filter action", ACTION, "type"),
    ),
    _deed(
        "weaker method",
        _offers(
            lambda offer: (
                replace(
                    offer,
                    algorithms=(replace(offer.algorithms[0], algorithm=1, integrity=1),),
                ),
            )
        ),
        METHODS,
    ),
    _deed(
        "method put before",
        _offers(
            lambda offer: (
                replace(offer, algorithms=(replace(offer.algorithms[0], algorithm=1),)),
                offer,
            )
        ),
        METHODS,
    ),
    _deed(
        "method put behind",
        _offers(
            lambda offer: (
                offer,
                replace(offer, algorithms=(replace(offer.algorithms[0], integrity=1),)),
            )
        ),
        METHODS,
    ),
    _deed("lifetime in seconds", _offer(lifetime_seconds=300), METHODS),
    _deed("lifetime in kilobytes", _offer(lifetime_kilobytes=20480), METHODS),
    _deed("session key PFS", _offer(pfs=1), ("filter action", ACTION, "session key PFS")),
    _deed(
        "fallback to clear",
        _offers(lambda offer: (offer, codec.SecurityOffer(algorithms=()))),
        ("filter action", ACTION, "allow fallback to clear"),
    ),
    _deed(
        "name of the filter action",
        _set("ipsecNegotiationPolicy", ACTION, "ipsecName", b"weaker"),
        ("filter action", ACTION, "name"),
    ),
    _deed("rule switched off", _nfa(is_active=0), ("rule", RULE, "active")),
    _deed("rule for the LAN only", _nfa(interface_type=0xFFFFFFFE), ("rule", RULE, "connection")),
    _deed(
        "tunnel in the rule",
        _nfa(is_tunnel=1, tunnel_address=IPv4Address("10.2.27.1")),
        ("rule", RULE, "tunnel"),
    ),
    _deed(
        "certificates instead of Kerberos",
        _nfa(auth_methods=(codec.AuthMethod.certificate("CN=Elsewhere"),)),
        ("rule", RULE, "authentication"),
    ),
    _deed(
        "another filter action in the rule",
        _set("ipsecNFA", RULE, "ipsecNegotiationPolicyReference", DEFAULT_ACTION.encode()),
        ("rule", RULE, "filter action"),
    ),
    _deed(
        "another filter list in the rule",
        _set("ipsecNFA", RULE, "ipsecFilterReference", DEFAULT_FILTER.encode()),
        ("rule", RULE, "filter list"),
    ),
    _deed(
        "no filter list in the rule",
        _set("ipsecNFA", RULE, "ipsecFilterReference"),
        ("rule", RULE, "filter list"),
    ),
    _deed(
        "description of the rule",
        _set("ipsecNFA", RULE, "description", b"by hand"),
        ("rule", RULE, "description"),
    ),
    _deed(
        "polling interval",
        _edit("ipsecPolicy", POLICY, _policy),
        ("policy", POLICY, "polling interval"),
    ),
    _deed("byte that no word shows", _flip_last_byte, ("policy", POLICY, "stored bytes")),
    _deed(
        "description of the policy",
        _set("ipsecPolicy", POLICY, "description", b"by hand"),
        ("policy", POLICY, "description"),
    ),
    _deed("rule taken out of the policy", _without_rule, ("policy", POLICY, "rules")),
    _deed(
        "another key exchange",
        _set("ipsecPolicy", POLICY, "ipsecISAKMPReference", DEFAULT_KEYS.encode()),
        ("policy", POLICY, "key exchange"),
    ),
    _deed(
        "key exchange in another order",
        _key_methods(lambda methods: methods[::-1]),
        ("key exchange", POLICY, "key exchange methods"),
    ),
    _deed(
        "weaker key exchange",
        _key_methods(lambda methods: (replace(methods[0], oakley_group=1), *methods[1:])),
        ("key exchange", POLICY, "key exchange methods"),
    ),
    _deed(
        "lifetime of the key exchange",
        _keys(lifetime_seconds=60),
        ("key exchange", POLICY, "key exchange lifetime"),
    ),
    _deed(
        "master key PFS",
        _keys(master_pfs_required=1),
        ("key exchange", POLICY, "master key PFS"),
    ),
    _deed("filter list deleted", _delete("ipsecFilter", LIST), ("filter list", LIST, "the object")),
    _deed(
        "filter action deleted",
        _delete("ipsecNegotiationPolicy", ACTION),
        ("filter action", ACTION, "the object"),
    ),
    _deed("rule deleted", _delete("ipsecNFA", RULE), ("rule", RULE, "the object")),
    _deed(
        "key exchange deleted",
        _delete("ipsecISAKMPPolicy", ""),
        ("key exchange", POLICY, "the object"),
    ),
    _deed("policy deleted", _delete("ipsecPolicy", POLICY), ("policy", POLICY, "the object")),
)

# --- GPO, link, assignment ------------------------------------------------------------------------


def _on_gpo(attribute: str, *values: bytes) -> Callable[[Scene], None]:
    return lambda scene: scene.set(scene.gpo, attribute, *values)


def _on_assignment(attribute: str, *values: bytes) -> Callable[[Scene], None]:
    return lambda scene: scene.set(scene.assignment, attribute, *values)


def _on_ou(attribute: str, *values: bytes) -> Callable[[Scene], None]:
    return lambda scene: scene.set(OU_DN, attribute, *values)


def _link(option: bytes) -> Callable[[Scene], None]:
    """Give the link other options: 1 disables it, 2 enforces it."""

    def do(scene: Scene) -> None:
        links = scene.value(OU_DN, "gPLink")
        assert b";0]" in links
        scene.set(OU_DN, "gPLink", links.replace(b";0]", b";" + option + b"]"))

    return do


def _another_link(scene: Scene) -> None:
    links = scene.value(OU_DN, "gPLink")
    scene.set(OU_DN, "gPLink", links + f"[LDAP://{DOMAIN_GPO};0]".encode())


def _rival(scene: Scene, *, at: str, option: str) -> None:
    """Let a GPO of the domain's own say something about IPsec, where it comes before ours."""
    names = scene.values(DOMAIN_GPO, "gPCMachineExtensionNames")
    scene.set(DOMAIN_GPO, "gPCMachineExtensionNames", *[IPSEC_PAIR + names[0]])
    links = b"".join(scene.values(at, "gPLink")).replace(f"[LDAP://{DOMAIN_GPO};0]".encode(), b"")
    scene.set(at, "gPLink", links + f"[LDAP://{DOMAIN_GPO};{option}]".encode())


GROUP_POLICY = (
    _deed("computer settings off", _on_gpo("flags", b"2"), ("GPO", GPO_NAME, "computer settings")),
    _deed("all settings off", _on_gpo("flags", b"3"), ("GPO", GPO_NAME, "computer settings")),
    _deed(
        "version in the directory",
        _on_gpo("versionNumber", b"77"),
        ("GPO", GPO_NAME, "version"),
        ("GPO", GPO_NAME, "versions"),
    ),
    _deed(
        "WMI filter",
        _on_gpo("gPCWQLFilter", b"[ipsectest.com;{11111111-2222-3333-4444-555555555555};0]"),
        ("GPO", GPO_NAME, "WMI filter"),
    ),
    _deed(
        "extension taken away",
        _on_gpo("gPCMachineExtensionNames"),
        ("GPO", GPO_NAME, "IPsec extension"),
    ),
    _deed(
        "another extension",
        _on_gpo("gPCMachineExtensionNames", SCRIPTS_PAIR + IPSEC_PAIR),
        ("GPO", GPO_NAME, "extensions"),
    ),
    _deed("mark of the GPO", _on_gpo("adminDescription", b"mine now"), ("GPO", GPO_NAME, "mark")),
    _deed("name of the GPO", _on_gpo("displayName", b"Renamed"), ("GPO", GPO_NAME, "name")),
    _deed(
        "permissions of the GPO",
        lambda scene: scene.lab.samba_tool(
            "dsacl", "set", f"--objectdn={scene.gpo}", "--sddl=(D;;CR;;;AU)"
        ),
        ("GPO", GPO_NAME, "permissions"),
    ),
    _deed(
        "version in gpt.ini",
        lambda scene: scene.put_template(b"[General]\r\nVersion=99\r\n"),
        ("GPO", GPO_NAME, "versions"),
        origin=False,
    ),
    _deed(
        "gpt.ini gone",
        lambda scene: scene.share(f"del {scene.template}"),
        ("GPO", GPO_NAME, "versions"),
        origin=False,
    ),
    _deed(
        "link taken away",
        lambda scene: scene.lab.samba_tool("gpo", "dellink", OU_DN, scene.gpo_id),
        ("link", LINK_NAME, "the object"),
    ),
    _deed("link disabled", _link(b"1"), ("link", LINK_NAME, "enabled")),
    _deed("link enforced", _link(b"2"), ("link", LINK_NAME, "enforced")),
    _deed("another GPO linked before", _another_link, ("link", LINK_NAME, "order")),
    _deed(
        "inheritance blocked",
        lambda scene: scene.lab.samba_tool("gpo", "setinheritance", OU_DN, "block"),
        ("link", LINK_NAME, "inheritance"),
    ),
    _deed(
        "unassigned",
        _on_assignment("ipsecOwnersReference"),
        ("assignment", GPO_NAME, "policy"),
    ),
    _deed(
        "another policy assigned",
        _on_assignment("ipsecOwnersReference", DEFAULT_POLICY.encode()),
        ("assignment", GPO_NAME, "policy"),
    ),
    _deed(
        "name in the assignment",
        _on_assignment("ipsecName", b"other"),
        ("assignment", GPO_NAME, "name"),
    ),
    _deed(
        "description in the assignment",
        _on_assignment("description", b"other"),
        ("assignment", GPO_NAME, "description"),
    ),
    _deed(
        "rival enforced above",
        partial(_rival, at=DOMAIN_DN, option="2"),
        ("GPO", "Default Domain Policy", "precedence"),
        kind="foreign",
        origin=False,
    ),
)

# --- members --------------------------------------------------------------------------------------


def _registry(*names: str, **values: str) -> Callable[[Scene], None]:
    """Set texts of a key of the member's registry below IPSec's own."""

    def do(scene: Scene) -> None:
        with scene.registry() as root:
            key = root.below(*names)
            for name, text in values.items():
                key.set_text(name, text)

    return do


def _forget_policy(scene: Scene) -> None:
    with scene.registry() as root:
        root.remove("GPTIPSECPolicy")


def _forget_filters(scene: Scene) -> None:
    with scene.registry() as root:
        cache = root.below("Policy", "Cache")
        for name in [name for name in cache.names() if name.startswith("ipsecFilter")]:
            cache.remove(name)


def _rename_in_cache(scene: Scene) -> None:
    """Let a rule of the member name another filter action than the directory's."""
    with scene.registry() as root:
        cache = root.below("Policy", "Cache")
        for name in cache.names():
            if name.startswith("ipsecFilter"):
                cache.below(name).set_bytes("ipsecData", lambda old: old[:-60] + bytes(60))


MEMBERS = (
    _deed(
        "policy gone from the registry",
        _forget_policy,
        ("member", "vm1", "policy"),
        origin=False,
    ),
    _deed(
        "another policy in the registry",
        _registry(
            "GPTIPSECPolicy",
            DSIPSECPolicyName="Other",
            DSIPSECPolicyPath=f"LDAP://{DEFAULT_POLICY}",
        ),
        ("member", "vm1", "policy"),
        origin=False,
    ),
    _deed(
        "filters gone from the cache", _forget_filters, ("member", "vm1", "content"), origin=False
    ),
    _deed("other bytes in the cache", _rename_in_cache, ("member", "vm1", "content"), origin=False),
    _deed(
        "PolicyAgent disabled",
        lambda scene: scene.fault("service-disabled=PolicyAgent"),
        ("member", "vm1", "enforced"),
        origin=False,
    ),
    _deed(
        "no Group Policy for days",
        lambda scene: scene.fault("stale-group-policy"),
        ("member", "vm1", "last Group Policy run"),
        origin=False,
    ),
    _deed(
        "account disabled",
        lambda scene: scene.set(f"CN=VM1,{OU_DN}", "userAccountControl", b"4098"),
        ("computer account", "vm1", "account"),
    ),
    _deed(
        "account moved",
        lambda scene: scene.lab.samba_tool("computer", "move", "VM1", f"CN=Computers,{DOMAIN_DN}"),
        ("computer account", "vm1", "place"),
        origin=False,
    ),
)

TAMPERINGS = (*IP_SECURITY, *GROUP_POLICY, *MEMBERS)
HARMLESS = (
    _deed("user settings off", _on_gpo("flags", b"1")),
    _deed(
        "another GPO linked behind",
        lambda scene: scene.set(
            OU_DN,
            "gPLink",
            f"[LDAP://{DOMAIN_GPO};0]".encode() + scene.value(OU_DN, "gPLink"),
        ),
    ),
    _deed("description of the OU", _on_ou("description", b"servers")),
    _deed(
        "object of somebody else",
        lambda scene: scene.set(DEFAULT_FILTER, "description", b"changed"),
    ),
)
"""What is nobody's business here: of these nothing is to be reported."""
