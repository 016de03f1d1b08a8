"""Range options on attribute names."""

from ipsec_orchestrator.adapters.ldap.ranges import open_ranges, range_request


def test_plain_attributes_pass_through() -> None:
    """Without a range nothing is pending."""
    assert open_ranges({"cn": (b"a",)}) == ({"cn": (b"a",)}, {})


def test_a_part_tells_where_to_go_on() -> None:
    """A part comes out under the plain name, and the next start is one behind its end."""
    values, pending = open_ranges({"member;range=0-1": (b"a", b"b"), "member": ()})
    assert values == {"member": (b"a", b"b")}
    assert pending == {"member": 2}
    assert range_request("member", 2) == "member;range=2-*"


def test_the_last_part_ends_it() -> None:
    """A star as the end means that nothing is left."""
    assert open_ranges({"member;range=2-*": (b"c",)}) == ({"member": (b"c",)}, {})


def test_other_options_stay() -> None:
    """Options other than ranges belong to the name."""
    assert open_ranges({"userCertificate;binary": (b"x",)}) == (
        {"userCertificate;binary": (b"x",)},
        {},
    )
