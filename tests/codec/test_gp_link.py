"""``gPLink``: order is meaning, and what others wrote stays as they wrote it."""

from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ipsec_orchestrator.codec.gp_link import (
    GpLinks,
    GpoLinkText,
    format_gp_link,
    parse_gp_link,
)
from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.errors import CodecError

_A = UUID("31b2f340-016d-11d2-945f-00c04fb984f9")
_B = UUID("6ac1786c-016f-11d2-945f-00c04fb984f9")
_C = UUID("0c0ffee0-0000-4000-8000-00000000000c")
_POLICIES = "cn=policies,cn=system,DC=ipsectest,DC=com"
_FOREIGN = (
    "[LDAP://CN={6AC1786C-016F-11D2-945F-00C04FB984F9},CN=Policies,CN=System,DC=ipsectest,DC=com;2]"
    "[ldap://cn={31b2f340-016d-11d2-945f-00c04fb984f9},cn=policies,cn=system,dc=ipsectest,dc=com;01]"
)


def _link(gpo_id: UUID, options: str = "0") -> GpoLinkText:
    return GpoLinkText(dn=f"cn={braced(gpo_id)},{_POLICIES}", options_text=options)


GUIDS = st.sampled_from([_A, _B, _C, UUID(int=1), UUID(int=2)])
LINKS = st.builds(
    GpoLinkText,
    dn=st.one_of(
        GUIDS.map(lambda guid: f"CN={braced(guid)},{_POLICIES}"),
        GUIDS.map(lambda guid: f"cn={{{guid}}},{_POLICIES}"),
        GUIDS.map(lambda guid: f"cn={braced(guid)}\nDEL:{guid},cn=Deleted Objects,dc=x"),
        st.text(st.characters(exclude_characters="[];"), min_size=1, max_size=9),
    ),
    options_text=st.sampled_from(["0", "1", "2", "3", "00", "7", "4294967295"]),
    scheme=st.sampled_from(["LDAP://", "ldap://", "Ldap://"]),
)
VALUES = st.one_of(
    st.builds(GpLinks, links=st.lists(LINKS, min_size=1, max_size=5).map(tuple)),
    st.builds(GpLinks, blank=st.sampled_from(["", " ", "  "])),
)


@given(VALUES)
def test_every_value_reads_back(value: GpLinks) -> None:
    """Every value that can be written reads back as itself."""
    assert parse_gp_link(format_gp_link(value)) == value


def _outcome(text: str) -> GpLinks | CodecError:
    try:
        return parse_gp_link(text)
    except CodecError as error:
        return error


@given(
    st.one_of(
        st.text(max_size=30),
        st.lists(st.sampled_from(["[", "]", "LDAP://", "cn=x", ";", "0", "9", "\u0660", " "])).map(
            "".join
        ),
    )
)
def test_every_text(text: str) -> None:
    """Any text is refused with a place, or comes back to the letter."""
    outcome = _outcome(text)
    if isinstance(outcome, CodecError):
        assert 0 <= outcome.offset <= len(text)
    else:
        assert format_gp_link(outcome) == text


@given(VALUES, GUIDS)
def test_adding_and_removing_leaves_no_trace(value: GpLinks, gpo_id: UUID) -> None:
    """A link that is added and removed again leaves the others as they were."""
    before = value.remove(gpo_id)

    assert before.add(_link(gpo_id), link_order=1).remove(gpo_id).links == before.links


def test_foreign_spelling_survives() -> None:
    """Case, leading zeros and name components of other links are kept."""
    links = parse_gp_link(_FOREIGN)

    assert str(links) == _FOREIGN
    assert str(links.add(_link(_C)).remove(_C)) == _FOREIGN


def test_find_ignores_case() -> None:
    """A GPO is found by its GUID however the link spells it."""
    links = parse_gp_link(_FOREIGN)
    default_domain, default_controllers = links.find(_A), links.find(_B)

    assert default_domain is not None
    assert (default_domain.disabled, default_domain.enforced) == (True, False)
    assert default_controllers is not None
    assert (default_controllers.disabled, default_controllers.enforced) == (False, True)
    assert links.find(_C) is None


def test_link_order_counts_from_the_end() -> None:
    """The last link of the text has link order 1."""
    links = parse_gp_link(_FOREIGN)

    assert (links.link_order(_A), links.link_order(_B), links.link_order(_C)) == (1, 2, None)


@pytest.mark.parametrize(
    ("link_order", "expected"),
    [
        (1, [_B, _A, _C]),
        (2, [_B, _C, _A]),
        (3, [_C, _B, _A]),
        (99, [_C, _B, _A]),
        (None, [_C, _B, _A]),
    ],
)
def test_add_at_link_order(link_order: int | None, expected: list[UUID]) -> None:
    """A new link goes where the console would put it; without an order it comes last in order."""
    links = parse_gp_link(_FOREIGN).add(_link(_C), link_order=link_order)

    assert [link.gpo_id for link in links.links] == expected


def test_add_to_blank() -> None:
    """The blank that Windows leaves behind gives way to the first link."""
    links = parse_gp_link(" ").add(_link(_C))

    assert str(parse_gp_link(" ")) == " "
    assert str(links) == f"[LDAP://cn={braced(_C)},{_POLICIES};0]"


def test_switches_keep_other_bits() -> None:
    """Setting the switches leaves unknown bits alone, and does nothing when nothing changes."""
    links = GpLinks(links=(_link(_A, "05"), _link(_B, "02")))
    changed = links.with_options(_A, disabled=False, enforced=True)

    assert changed.links[0].options == 6
    assert changed.links[1] == links.links[1]
    assert links.with_options(_A, disabled=True, enforced=False) == links


def test_move() -> None:
    """A link moves to another order with its options."""
    links = GpLinks(links=(_link(_A), _link(_B, "3"), _link(_C)))
    moved = links.move(_B, link_order=1)

    assert [link.gpo_id for link in moved.links] == [_A, _C, _B]
    assert moved.links[2].options == 3


@pytest.mark.parametrize(
    ("text", "field", "offset"),
    [
        ("x", "link 1", 0),
        ("[LDAP://cn=a;0]x", "link 2", 15),
        ("[LDAP://cn=a;0] ", "link 2", 15),
        ("[LDAP://cn=a;]", "link 1", 0),
        ("[LDAP://cn=a;\u0661]", "link 1", 0),
        ("[cn=a;0]", "link 1", 0),
        ("[LDAP://cn=a;4294967296]", "options of link 1", 13),
    ],
)
def test_malformed_text(text: str, field: str, offset: int) -> None:
    """The error names the link and where it starts."""
    with pytest.raises(CodecError) as caught:
        parse_gp_link(text)

    assert (caught.value.format, caught.value.field, caught.value.offset) == (
        "gPLink",
        field,
        offset,
    )


def test_operations_that_make_no_sense() -> None:
    """Linking twice, order 0, and changing what is not linked are refused."""
    links = GpLinks(links=(_link(_A),))

    with pytest.raises(CodecError, match="linked already"):
        links.add(_link(_A))
    with pytest.raises(CodecError, match="less than 1"):
        links.add(_link(_B), link_order=0)
    with pytest.raises(CodecError, match="not linked"):
        links.with_options(_B, disabled=True, enforced=False)


def test_value_that_cannot_be_written() -> None:
    """A name with a bracket in it would read back as something else."""
    with pytest.raises(CodecError):
        format_gp_link(GpLinks(links=(GpoLinkText(dn="cn=a]b"),)))
    with pytest.raises(CodecError):
        format_gp_link(GpLinks(links=(_link(_A),), blank=" "))
