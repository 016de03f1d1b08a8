"""Laws of lowering: from a playbook to directory objects."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsec_orchestrator import codec
from ipsec_orchestrator.codec import constants
from ipsec_orchestrator.errors import CodecError, PlanError
from ipsec_orchestrator.model.directory import Attributes, dn_key
from ipsec_orchestrator.model.policy import (
    Cipher,
    Filter,
    FilterActionKind,
    NamedEndpoint,
    Playbook,
)
from ipsec_orchestrator.planning.describe import describe, filter_word, value_of
from ipsec_orchestrator.planning.desired import DesiredObject, ObjectKind
from ipsec_orchestrator.planning.lower import lower
from tests.strategies import changed, playbooks
from tests.worlds import DOMAIN_DN

OWNERS = "ipsecOwnersReference"


def objects_of(playbook: Playbook) -> list[DesiredObject]:
    """All objects, in the order in which they are added within each policy."""
    return [thing for policy in lower(playbook, DOMAIN_DN) for thing in policy.objects]


@settings(max_examples=20)
@given(playbooks())
def test_lowering_twice_gives_equal_objects(playbook: Playbook) -> None:
    """The same playbook always gives the same objects with the same ids."""
    assert lower(playbook, DOMAIN_DN) == lower(playbook, DOMAIN_DN)


@settings(max_examples=20)
@given(playbooks())
def test_every_object_has_a_dn_of_its_own(playbook: Playbook) -> None:
    """No two objects of a playbook share a DN, however its things are called."""
    keys = [dn_key(thing.dn) for thing in objects_of(playbook)]

    assert len(set(keys)) == len(keys)


@settings(max_examples=20)
@given(st.data())
def test_a_changed_field_gives_a_new_set(data: st.DataObject) -> None:
    """Whatever shares parts with the changed policy gets new ids; nothing keeps half a set."""
    playbook = data.draw(playbooks())
    other = data.draw(changed(playbook))
    first = lower(playbook, DOMAIN_DN)
    old = {policy.name: {thing.object_id for thing in policy.objects} for policy in first}
    for policy in lower(other, DOMAIN_DN):
        new = {thing.object_id for thing in policy.objects}

        assert new == old[policy.name] or not new & old[policy.name]
    assert any(
        policy.object_id not in old[policy.name]
        for policy in lower(other, DOMAIN_DN)
        if policy.name == playbook.policies[0].name
    )


@settings(max_examples=10)
@given(playbooks())
def test_ids_depend_on_playbook_name_and_domain(playbook: Playbook) -> None:
    """Two playbooks with the same content, or two domains, share no object."""
    ids = {thing.object_id for thing in objects_of(playbook)}
    renamed = {thing.object_id for thing in objects_of(replace(playbook, name="other"))}
    elsewhere = {
        thing.object_id
        for policy in lower(playbook, "DC=example,DC=org")
        for thing in policy.objects
    }

    assert not ids & renamed
    assert not ids & elsewhere


@settings(max_examples=20)
@given(playbooks())
def test_references_stay_inside_the_set(playbook: Playbook) -> None:
    """Every DN that an object names is that of an object of the same playbook."""
    things = objects_of(playbook)
    known = {dn_key(thing.dn): thing for thing in things}
    for thing in things:
        for name, values in thing.complete.items():
            if name.endswith("Reference"):
                for value in values:
                    target = known[dn_key(value.decode())]
                    if name != OWNERS:
                        owners = {dn_key(text) for text in target.complete.texts(OWNERS)}

                        assert not owners or dn_key(thing.dn) in owners


@settings(max_examples=20)
@given(playbooks())
def test_stored_bytes_decode_to_the_words_of_the_playbook(playbook: Playbook) -> None:
    """What is stored says the same as the playbook, read back by the codec alone."""
    by_id = {thing.name: thing for thing in objects_of(playbook)}
    used_actions = {rule.filter_action for policy in playbook.policies for rule in policy.rules}
    used_lists = {rule.filter_list for policy in playbook.policies for rule in policy.rules}
    things = objects_of(playbook)
    for action in playbook.filter_actions:
        found = [t for t in things if t.kind is ObjectKind.FILTER_ACTION and t.name == action.name]
        assert len(found) == (action.name in used_actions)
        for thing in found:
            words = dict(describe(thing.complete))
            assert words["action"] == action.kind.value
            assert words.get("description", "") == action.description
            if action.kind is FilterActionKind.NEGOTIATE:
                assert words["allow fallback to clear"] == yes(answer=action.allow_fallback)
                assert words["accept unsecured inbound"] == yes(answer=action.accept_unsecured)
                assert words["session key PFS"] == yes(answer=action.pfs)
                assert words["methods"].count("ESP[") == sum(
                    method.esp is not None for method in action.methods
                )
    for wanted in playbook.filter_lists:
        lists = [t for t in things if t.kind is ObjectKind.FILTER_LIST and t.name == wanted.name]
        assert len(lists) == (wanted.name in used_lists)
        for thing in lists:
            value = value_of(thing.complete)
            assert isinstance(value, codec.IpsecFilter)
            assert len(value.filters) == len(wanted.filters)
            for spec, asked in zip(value.filters, wanted.filters, strict=True):
                assert filter_word(spec) == filter_in_words(asked)
    assert by_id


def yes(*, answer: bool) -> str:
    """The word of the diff."""
    return "yes" if answer else "no"


def filter_in_words(wanted: Filter) -> str:
    """A filter of the playbook as the diff writes it, made without the directory format."""
    names = {0: "any", 1: "icmp", 6: "tcp", 17: "udp", 255: "raw"}
    protocol = names.get(wanted.protocol, str(wanted.protocol))
    if wanted.protocol in {6, 17}:
        protocol += f" {wanted.source_port or 'any'} to {wanted.destination_port or 'any'}"
    ends = [
        end.value if isinstance(end, NamedEndpoint) else str(end)
        for end in (wanted.source, wanted.destination)
    ]
    words = [f"{ends[0]} to {ends[1]}", protocol]
    words.append("mirrored" if wanted.mirrored else "not mirrored")
    if wanted.description:
        words.append(f"“{wanted.description}”")
    return ", ".join(words)


@settings(max_examples=200)
@given(
    st.sampled_from(
        sorted(
            constants_class
            for constants_class in (
                "ipsecPolicy",
                "ipsecISAKMPPolicy",
                "ipsecNFA",
                "ipsecNegotiationPolicy",
                "ipsecFilter",
            )
        )
    ),
    st.binary(max_size=200),
    st.text(max_size=40),
)
def test_describe_is_total(object_class: str, blob: bytes, action: str) -> None:
    """Any stored bytes can be described: in words, as numbers, or as unreadable."""
    attributes = Attributes(
        {
            "objectClass": (object_class.encode(),),
            "ipsecData": (blob,),
            "iPSECNegotiationPolicyAction": (action.encode(errors="replace"),),
        },
    )
    words = dict(describe(attributes))

    assert words
    assert ("stored bytes" in words) == isinstance(value_of(attributes), CodecError)


def test_unknown_numbers_are_shown_as_numbers() -> None:
    """An algorithm that no specification lists is not passed over."""
    value = codec.NegotiationPolicy(
        offers=(
            codec.SecurityOffer(
                algorithms=(
                    codec.AlgorithmOffer(
                        protocol=constants.SecurityProtocol.ESP, algorithm=77, integrity=88
                    ),
                ),
            ),
        ),
    )
    attributes = Attributes(
        {
            "objectClass": (b"ipsecNegotiationPolicy",),
            "ipsecData": (codec.encode(value),),
            "iPSECNegotiationPolicyAction": (b"{8a171dd3-77e3-11d1-8659-a04f00000000}",),
        },
    )

    assert ("methods", "ESP[77,88]") in describe(attributes)


def test_an_ipv6_filter_is_refused_with_the_list_named(howto: Playbook) -> None:
    """IPv6 filters have no proved stored form, so they are refused before anything is read."""
    first, *others = howto.filter_lists
    wanted = replace(first.filters[0], source=IPv6Address("2001:db8::1"))
    lists = (replace(first, filters=(wanted,)), *others)

    with pytest.raises(PlanError, match=r"azure-onpremises-HTTP8080.*2001:db8::1"):
        lower(replace(howto, filter_lists=lists), DOMAIN_DN)


def test_the_howto_is_stored_as_netsh_stores_it(howto: Playbook) -> None:
    """The how-to's filter action is one ESP offer of 3DES with SHA-1 and no fallback."""
    action = next(t for t in objects_of(howto) if t.name == "myEncryption")
    value = value_of(action.complete)

    assert isinstance(value, codec.NegotiationPolicy)
    assert [len(offer.algorithms) for offer in value.offers] == [1]
    assert describe(action.complete)[-4:] == (
        ("methods", "ESP[3DES,SHA1]"),
        ("accept unsecured inbound", "no"),
        ("allow fallback to clear", "no"),
        ("session key PFS", "no"),
    )
    assert howto.filter_actions[0].methods[0].esp is not None
    assert howto.filter_actions[0].methods[0].esp[0] is Cipher.TRIPLE_DES
