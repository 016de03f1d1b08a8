"""Hypothesis strategies for playbooks: everything that the parser would let through."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from hypothesis import strategies as st

from ipsec_orchestrator.model.policy import (
    Cipher,
    ConnectionType,
    DhGroup,
    Endpoint,
    Filter,
    FilterAction,
    FilterActionKind,
    FilterList,
    GpoVia,
    GpoWish,
    Integrity,
    KeyExchange,
    KeyExchangeMethod,
    NamedEndpoint,
    Playbook,
    Policy,
    Rule,
    SecurityMethod,
)

OU = "OU=IPSecOU,DC=ipsectest,DC=com"
WORDS = st.text("abcXYZ019 -_/.äß", min_size=1, max_size=12).map(str.strip).filter(bool)
"""Names as people write them; slashes and umlauts included."""

TEXTS = st.one_of(st.just(""), WORDS)
PORTS = st.sampled_from([0, 1, 80, 8080, 65_535])


def unique_names(size: int) -> st.SearchStrategy[list[str]]:
    """Names of which no two differ by case alone."""
    return st.lists(WORDS, min_size=size, max_size=size, unique_by=str.casefold)


def endpoints() -> st.SearchStrategy[Endpoint]:
    """``me``, ``any``, an address, or a subnet."""
    addresses = st.integers(min_value=0x01000001, max_value=0xDFFFFFFF)
    return st.one_of(
        st.sampled_from(NamedEndpoint),
        addresses.map(IPv4Address),
        st.builds(
            lambda address, prefix: IPv4Network((address, prefix), strict=False),
            addresses,
            st.integers(min_value=8, max_value=30),
        ),
    )


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    """A filter; ports only where the protocol has them."""
    protocol = draw(st.sampled_from([0, 1, 6, 17, 47, 255]))
    has_ports = protocol in {6, 17}
    return Filter(
        source=draw(endpoints()),
        destination=draw(endpoints()),
        protocol=protocol,
        source_port=draw(PORTS) if has_ports else 0,
        destination_port=draw(PORTS) if has_ports else 0,
        mirrored=draw(st.booleans()),
        description=draw(TEXTS),
    )


@st.composite
def security_methods(draw: st.DrawFn) -> SecurityMethod:
    """ESP, AH, or both."""
    esp = draw(
        st.none() | st.tuples(st.sampled_from(Cipher), st.sampled_from(Integrity)),
    )
    ah = draw(st.sampled_from([Integrity.MD5, Integrity.SHA1, None]))
    if esp is None and ah is None:
        ah = Integrity.SHA1
    return SecurityMethod(
        esp=esp,
        ah=ah,
        lifetime_kilobytes=draw(st.sampled_from([0, 20_480, 100_000, 2_147_483_647])),
        lifetime_seconds=draw(st.sampled_from([0, 300, 3_600, 172_799])),
    )


@st.composite
def filter_actions(draw: st.DrawFn, name: str) -> FilterAction:
    """A filter action of that name."""
    kind = draw(st.sampled_from(FilterActionKind))
    if kind is not FilterActionKind.NEGOTIATE:
        return FilterAction(name=name, description=draw(TEXTS), kind=kind)
    return FilterAction(
        name=name,
        description=draw(TEXTS),
        kind=kind,
        accept_unsecured=draw(st.booleans()),
        allow_fallback=draw(st.booleans()),
        methods=tuple(draw(st.lists(security_methods(), min_size=1, max_size=3))),
        pfs=draw(st.booleans()),
    )


def key_exchanges() -> st.SearchStrategy[KeyExchange]:
    """Key exchange settings."""
    methods = st.builds(
        KeyExchangeMethod,
        cipher=st.sampled_from([Cipher.DES, Cipher.TRIPLE_DES]),
        integrity=st.sampled_from([Integrity.MD5, Integrity.SHA1]),
        group=st.sampled_from(DhGroup),
    )
    return st.builds(
        KeyExchange,
        methods=st.lists(methods, min_size=1, max_size=3, unique=True).map(tuple),
        pfs=st.booleans(),
        quick_modes_per_main_mode=st.sampled_from([0, 1, 7]),
        lifetime_seconds=st.sampled_from([300, 28_800, 172_799]),
    )


@st.composite
def policies(draw: st.DrawFn, name: str, lists: list[str], actions: list[str]) -> Policy:
    """A policy of that name over these filter lists, each used at most once, and actions."""
    used = draw(st.lists(st.sampled_from(lists), min_size=1, max_size=3, unique=True))
    rules = [
        Rule(
            name=draw(st.one_of(st.just(filter_list), WORDS, st.just("default response"))),
            filter_list=filter_list,
            filter_action=draw(st.sampled_from(actions)),
            description=draw(TEXTS),
            connection_type=draw(st.sampled_from(ConnectionType)),
            active=draw(st.booleans()),
        )
        for filter_list in used
    ]
    return Policy(
        name=name,
        rules=tuple(rules),
        description=draw(TEXTS),
        default_response=draw(st.booleans()),
        polling_interval_seconds=draw(st.sampled_from([60, 10_800, 172_800])),
        key_exchange=draw(key_exchanges()),
    )


@st.composite
def playbooks(draw: st.DrawFn, *, adopt: bool = False) -> Playbook:
    """A whole playbook: one to three policies over shared lists and actions."""
    lists = draw(unique_names(draw(st.integers(1, 3))))
    actions = draw(unique_names(draw(st.integers(1, 2))))
    names = draw(unique_names(draw(st.integers(1, 3))))
    return Playbook(
        name="laws",
        gpo=GpoWish(
            name="GPO of the laws",
            ou=OU,
            link_enabled=draw(st.booleans()),
            enforced=draw(st.booleans()),
            order=draw(st.sampled_from([None, 1, 2, 9])),
            via=draw(st.sampled_from(GpoVia)),
            adopt=adopt,
        ),
        filter_actions=tuple(draw(filter_actions(name)) for name in actions),
        filter_lists=tuple(
            FilterList(
                name=name,
                filters=tuple(draw(st.lists(filters(), min_size=1, max_size=3))),
                description=draw(TEXTS),
            )
            for name in lists
        ),
        policies=tuple(draw(policies(name, lists, actions)) for name in names),
        assignment=draw(st.one_of(st.sampled_from(names), st.sampled_from(names), st.none())),
    )


@st.composite
def changed(draw: st.DrawFn, playbook: Playbook) -> Playbook:
    """The playbook with one field of its first policy's world changed."""
    policy, *others = playbook.policies
    rule, *rules = policy.rules
    kind = draw(st.sampled_from(["interval", "rule", "filter", "action", "exchange", "name"]))
    match kind:
        case "interval":
            policy = replace(policy, polling_interval_seconds=7_777)
        case "rule":
            policy = replace(policy, rules=(replace(rule, active=not rule.active), *rules))
        case "exchange":
            policy = replace(
                policy, key_exchange=replace(policy.key_exchange, lifetime_seconds=999)
            )
        case "name":
            policy = replace(policy, description="another description altogether")
        case "filter":
            extra = Filter(source=NamedEndpoint.ME, destination=IPv4Address("192.0.2.77"))
            lists = tuple(
                replace(found, filters=(*found.filters, extra))
                if found.name == rule.filter_list
                else found
                for found in playbook.filter_lists
            )
            return replace(playbook, filter_lists=lists)
        case _:
            actions = tuple(
                replace(found, description="another description altogether")
                if found.name == rule.filter_action
                else found
                for found in playbook.filter_actions
            )
            return replace(playbook, filter_actions=actions)
    return replace(playbook, policies=(policy, *others))
