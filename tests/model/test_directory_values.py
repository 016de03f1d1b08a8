"""Names, attributes and entries compare as in Active Directory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.model.directory import (
    Attributes,
    dn_key,
    domain_dn,
    domain_dns_name,
    is_below,
    parent_dn,
    same_dn,
    same_values,
    split_dn,
)

RDNS = st.text("aB1 _-", min_size=1, max_size=5).map(str.strip).filter(bool).map("CN={}".format)


@given(st.lists(RDNS, min_size=1, max_size=4))
def test_a_dn_splits_into_what_it_was_joined_from(rdns: list[str]) -> None:
    """Splitting undoes joining; the parent is the rest; case and blanks mean nothing."""
    dn = ",".join(rdns)

    assert list(split_dn(dn)) == rdns
    assert parent_dn(dn) == ",".join(rdns[1:])
    assert same_dn(dn.upper().replace(",", " , ").replace("=", " = "), dn)
    assert is_below(dn, rdns[-1])


def test_an_escaped_comma_stays_inside_its_part() -> None:
    r"""``CN=a\,b,DC=x`` has two parts."""
    assert split_dn(r"CN=a\,b,DC=x") == (r"CN=a\,b", "DC=x")


@pytest.mark.parametrize(
    ("dn", "ancestor", "below"),
    [
        ("OU=x,DC=a", "DC=a", True),
        ("DC=a", "dc=A", True),
        ("OU=x,DC=ba", "DC=a", False),
        ("DC=a", "OU=x,DC=a", False),
    ],
)
def test_below_counts_whole_parts(dn: str, ancestor: str, below: bool) -> None:  # noqa: FBT001
    """An object is below its ancestors, not below names that merely end alike."""
    assert is_below(dn, ancestor) == below


def test_domain_names_go_both_ways() -> None:
    """The DN of a domain and its DNS name are two spellings."""
    assert domain_dn("ipsectest.com") == "DC=ipsectest,DC=com"
    assert domain_dns_name("OU=x,DC=ipsectest,DC=com") == "ipsectest.com"


def test_attribute_names_are_case_blind() -> None:
    """An attribute is found under any spelling of its name."""
    attributes = Attributes.of_text(ipsecName="x", member=["a", "b"])

    assert attributes["IPSECNAME"] == (b"x",)
    assert attributes.texts("MEMBER") == ("a", "b")
    assert attributes == Attributes({"IpsecName": [b"x"], "Member": [b"a", b"b"]})
    assert hash(attributes) == hash(Attributes({"IpsecName": [b"x"], "Member": [b"a", b"b"]}))
    assert attributes.only(["none"]).values_of("none") == ()


def test_values_stay_out_of_the_representation() -> None:
    """An object's bytes may hold a pre-shared key, so a log line never shows them."""
    assert "secret" not in repr(Attributes.of_text(ipsecData="secret"))


@pytest.mark.parametrize(
    ("name", "one", "other", "same"),
    [
        ("ipsecNFAReference", [b"CN=A,DC=x", b"CN=B,DC=x"], [b"cn=b, dc=X", b"cn=a,dc=x"], True),
        ("ipsecID", [b"{ABC}"], [b"{abc}"], True),
        ("ipsecName", [b"ABC"], [b"abc"], False),
        ("ipsecData", [b"\xff"], [b"\xff"], True),
        ("ipsecName", [], [b""], False),
    ],
)
def test_values_compare_by_their_syntax(
    name: str,
    one: list[bytes],
    other: list[bytes],
    same: bool,  # noqa: FBT001
) -> None:
    """Names of objects and GUIDs are case-blind and unordered; text and bytes are exact."""
    assert same_values(name, one, other) == same


def test_keys_of_names_are_stable() -> None:
    """The comparable form of a comparable form is itself."""
    key = dn_key("CN=Some Thing , DC=X")

    assert dn_key(key) == key == "cn=some thing,dc=x"
