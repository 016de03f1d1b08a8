"""Security filtering of a GPO: laws of narrowing it to some computers and widening it again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.codec.access_control import Ace, Acl
from ipsec_orchestrator.codec.gpo_access import may_apply, sysvol_descriptor
from ipsec_orchestrator.codec.gpo_filtering import (
    MOST_COMPUTERS,
    Filtering,
    is_record,
    reaches_everybody,
    same_file_rights,
    template_descriptor,
)
from ipsec_orchestrator.codec.sddl import SidNames, parse_sddl
from ipsec_orchestrator.codec.security_descriptor import (
    SecurityDescriptor,
    decode_descriptor,
    encode_descriptor,
)
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.errors import CodecError

_DOMAIN = Sid.parse("S-1-5-21-1-2-3")
_NAMES = SidNames(domain=_DOMAIN)
_APPLY = "CR;edacfd8f-ffb3-11d1-b41d-00a0c968f939;"
# As New-GPO and Samba make them, and as GPMC leaves one whose filtering was changed.
_LISTS = (
    (
        f"O:DAG:DAD:P(A;CI;RPWPCCDCLCLOLORCWOWDSDDTSW;;;DA)(A;CI;LCRPLORC;;;AU)(OA;CI;{_APPLY};AU)"
        "(A;CI;LCRPLORC;;;ED)"
    ),
    (
        f"O:DAG:DAD:P(OD;CI;{_APPLY};S-1-5-21-1-2-3-1105)(A;CI;LCRPLORC;;;AU)(OA;CI;{_APPLY};DC)"
        f"(A;CI;LCRPLORC;;;DC)(OA;CI;{_APPLY};S-1-5-21-1-2-3-1200)"
        "(A;;LCRPLORC;;;S-1-5-21-1-2-3-1101)"
    ),
    "O:DAG:DAD:P(A;CI;LCRPLORC;;;AU)",
)
_AUTHENTICATED = Sid.parse("S-1-5-11")

descriptors = st.sampled_from([parse_sddl(text, _NAMES) for text in _LISTS])
computers = st.sets(st.integers(1101, 1130).map(_DOMAIN.child), min_size=1, max_size=12)


def wide(descriptor: SecurityDescriptor) -> Filtering:
    """A GPO that nobody narrowed."""
    return Filtering(descriptor=descriptor)


@given(descriptors, st.lists(computers, max_size=5))
def test_widening_gives_every_byte_back(
    descriptor: SecurityDescriptor, stages: list[set[Sid]]
) -> None:
    """Through any number of stages, written and read in between, the first bytes come back."""
    stage = wide(descriptor)
    for wave in stages:
        stage = stage.narrowed_to(wave)
        stage = replace(stage, descriptor=decode_descriptor(encode_descriptor(stage.descriptor)))
    stage = stage.narrowed_to(None)

    assert encode_descriptor(stage.descriptor) == encode_descriptor(descriptor)
    assert stage.record is None


@given(descriptors, computers, computers)
def test_only_the_named_computers_may_apply(
    descriptor: SecurityDescriptor, wave: set[Sid], others: set[Sid]
) -> None:
    """Narrowed, a computer has the right by its own account alone; everybody may still read."""
    stage = wide(descriptor).narrowed_to(wave)
    groups = (_AUTHENTICATED, Sid.parse("S-1-1-0"), _DOMAIN.child(515))
    denied = _DOMAIN.child(1105)

    assert set(stage.computers or ()) == wave
    assert not reaches_everybody(stage.descriptor, _DOMAIN)
    for sid in wave - {denied}:
        assert may_apply(stage.descriptor, (sid, *groups))
    for sid in others - wave:
        assert not may_apply(stage.descriptor, (sid, *groups))


@given(descriptors, computers, computers)
def test_a_stage_does_not_depend_on_the_way_to_it(
    descriptor: SecurityDescriptor, first: set[Sid], second: set[Sid]
) -> None:
    """Narrowing in two goes is narrowing in one."""
    once = wide(descriptor).narrowed_to(first | second)
    twice = wide(descriptor).narrowed_to(first).narrowed_to(first | second)

    assert once == twice
    assert is_record(once.record)


@given(descriptors, computers)
def test_the_folder_follows_the_container(descriptor: SecurityDescriptor, wave: set[Sid]) -> None:
    """The folder's list is what Samba's check demands of the narrowed container, and back."""
    folder = sysvol_descriptor(descriptor)
    narrow = wide(descriptor).narrowed_to(wave)

    followed = template_descriptor(folder, narrow.descriptor, wave)
    back = template_descriptor(followed, descriptor, wave)

    assert followed.dacl is not None
    assert sysvol_descriptor(narrow.descriptor).dacl is not None
    assert followed.dacl.aces == sysvol_descriptor(narrow.descriptor).dacl.aces  # type: ignore[union-attr] # said above
    if not any(str(sid).endswith("-1101") for sid in wave):
        assert encode_descriptor(back) == encode_descriptor(folder)


def test_other_entries_of_a_folder_stay() -> None:
    """A folder as Windows makes it, without entries that give nothing, keeps its own ones."""
    container = parse_sddl(_LISTS[0], _NAMES)
    folder = parse_sddl("O:BAG:SYD:PAI(A;OICI;FA;;;DA)(A;OICI;0x1200a9;;;AU)", _NAMES)
    wave = {_DOMAIN.child(1107)}
    followed = template_descriptor(folder, wide(container).narrowed_to(wave).descriptor, wave)
    back = template_descriptor(followed, container, wave)

    assert followed.dacl is not None
    assert folder.dacl is not None
    assert set(folder.dacl.aces) < set(followed.dacl.aces)
    assert followed.owner == folder.owner
    assert not same_file_rights(followed, folder)
    assert same_file_rights(back, folder)


def test_an_edit_of_somebody_else_survives_widening() -> None:
    """An entry that another administrator puts in meanwhile stays."""
    stage = wide(parse_sddl(_LISTS[0], _NAMES)).narrowed_to([_DOMAIN.child(1107)])
    theirs = Ace(kind=0, mask=0x20094, sid=_DOMAIN.child(1301))
    assert stage.descriptor.dacl is not None
    edited = replace(
        stage.descriptor,
        dacl=replace(stage.descriptor.dacl, aces=(*stage.descriptor.dacl.aces, theirs)),
    )
    after = Filtering(descriptor=edited, record=stage.record).narrowed_to(None).descriptor

    assert after.dacl is not None
    assert theirs in after.dacl.aces
    assert may_apply(after, (_AUTHENTICATED,))


def test_somebody_with_full_control_is_noticed() -> None:
    """Authenticated Users with every right would apply the GPO whatever the waves say."""
    stage = wide(parse_sddl("D:P(A;CI;GA;;;AU)", _NAMES)).narrowed_to([_DOMAIN.child(1107)])

    assert reaches_everybody(stage.descriptor, _DOMAIN)


def test_as_many_computers_as_promised_fit() -> None:
    """The largest wave that is allowed can be stored."""
    stage = wide(parse_sddl(_LISTS[0], _NAMES)).narrowed_to(
        [_DOMAIN.child(2000 + number) for number in range(MOST_COMPUTERS)]
    )

    assert decode_descriptor(encode_descriptor(stage.descriptor)) == stage.descriptor


def test_a_gpo_with_many_filters_is_refused() -> None:
    """What does not fit into the record's attribute is an error, before anything is written."""
    text = "".join(f"(OA;CI;{_APPLY};S-1-5-21-1-2-3-{number})" for number in range(1300, 1310))

    with pytest.raises(CodecError, match="adminDisplayName"):
        wide(parse_sddl(f"D:P{text}", _NAMES)).narrowed_to([_DOMAIN.child(1107)])


@pytest.mark.parametrize(
    "record",
    [
        "a name",
        "ipsec_orchestrator filtering x AAAA",
        "ipsec_orchestrator filtering 1",
        "ipsec_orchestrator filtering 1 !!",
        "ipsec_orchestrator filtering 1 BAAIAAAAAAA=",
    ],
)
def test_a_record_that_was_edited_is_refused(record: str) -> None:
    """Nothing is guessed from half a record."""
    stage = Filtering(descriptor=SecurityDescriptor(dacl=Acl()), record=record)

    with pytest.raises(CodecError):
        stage.narrowed_to(None)
