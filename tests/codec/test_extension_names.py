"""``gPCMachineExtensionNames``: always in order, nothing of others lost."""

from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ipsec_orchestrator.codec.extension_names import (
    IPSEC_CSE,
    IPSEC_PAIR,
    IPSEC_TOOL,
    ExtensionBracket,
    ExtensionNames,
    ExtensionPair,
    format_extension_names,
    parse_extension_names,
)
from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.errors import CodecError

_REGISTRY = "[{35378EAC-683F-11D2-A89A-00C04FBBCFA2}{D02B1F72-3407-48AE-BA88-E8213C6761F1}]"
_SECURITY = "[{827D319E-6EAC-11D2-A4EA-00C04F79F83A}{803E14A0-B4FB-11D0-A0D0-00A0C90F574B}]"
_IPSEC = "[{E437BC1C-AA7D-11D2-A382-00C04F991E27}{DEA8AFA0-CC85-11D0-9CE2-0080C7221EBD}]"
_AFTER = "[{F3CCC681-B74C-4060-9F26-CD84525DCA2A}{0F3F3735-573D-9804-99E4-AB2A69BA5FD4}]"

GUIDS = st.one_of(
    st.sampled_from([IPSEC_CSE, IPSEC_TOOL, UUID(int=0), UUID(int=(1 << 128) - 1)]), st.uuids()
)
TEXTS = st.one_of(GUIDS.map(braced), GUIDS.map(lambda guid: f"{{{guid}}}"))
BRACKETS = st.builds(
    ExtensionBracket, extension=TEXTS, tools=st.lists(TEXTS, max_size=3).map(tuple)
)
NAMES = st.one_of(
    st.builds(ExtensionNames, brackets=st.lists(BRACKETS, min_size=1, max_size=4).map(tuple)),
    st.builds(ExtensionNames, blank=st.sampled_from(["", " "])),
)


@given(NAMES)
def test_every_value_reads_back(names: ExtensionNames) -> None:
    """Every value that can be written reads back as itself."""
    assert parse_extension_names(format_extension_names(names)) == names


def _outcome(text: str) -> ExtensionNames | CodecError:
    try:
        return parse_extension_names(text)
    except CodecError as error:
        return error


@given(
    st.one_of(
        st.text(max_size=20),
        st.lists(st.sampled_from(["[", "]", "{", "}", braced(IPSEC_CSE), " "])).map("".join),
    )
)
def test_every_text(text: str) -> None:
    """Any text is refused with a place, or comes back to the letter."""
    outcome = _outcome(text)
    if isinstance(outcome, CodecError):
        assert 0 <= outcome.offset <= len(text)
    else:
        assert format_extension_names(outcome) == text


@given(NAMES)
def test_insertion(names: ExtensionNames) -> None:
    """Inserting puts the pair in, in order, drops nothing, and twice is once."""
    inserted = names.insert(IPSEC_PAIR)

    assert inserted.has(IPSEC_PAIR)
    assert inserted == names or inserted.in_order
    assert inserted.insert(IPSEC_PAIR) == inserted
    for bracket in names.brackets:
        for tool in bracket.tools:
            pair = ExtensionPair(extension=bracket.extension_id, tool=UUID(tool[1:-1]))
            assert inserted.has(pair)


@given(NAMES)
def test_removal_of_what_was_inserted(names: ExtensionNames) -> None:
    """Removing takes the pair away and nothing else."""
    without = names.remove(IPSEC_PAIR)

    assert not without.has(IPSEC_PAIR)
    kept = [bracket for bracket in names.brackets if bracket.extension_id != IPSEC_CSE]
    assert [b for b in without.brackets if b.extension_id != IPSEC_CSE] == kept


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", _IPSEC, id="empty"),
        pytest.param(" ", _IPSEC, id="blank"),
        pytest.param(_REGISTRY + _SECURITY, _REGISTRY + _SECURITY + _IPSEC, id="last"),
        pytest.param(_REGISTRY + _AFTER, _REGISTRY + _IPSEC + _AFTER, id="between"),
        pytest.param(_AFTER.lower(), _IPSEC + _AFTER.lower(), id="lower case"),
        pytest.param(_IPSEC.lower(), _IPSEC.lower(), id="there already"),
        pytest.param(
            "[{E437BC1C-AA7D-11D2-A382-00C04F991E27}{00000000-0000-0000-0000-000000000001}"
            "{f0000000-0000-0000-0000-000000000001}]",
            "[{E437BC1C-AA7D-11D2-A382-00C04F991E27}{00000000-0000-0000-0000-000000000001}"
            "{DEA8AFA0-CC85-11D0-9CE2-0080C7221EBD}{f0000000-0000-0000-0000-000000000001}]",
            id="other tools",
        ),
        pytest.param(_AFTER + _REGISTRY, _REGISTRY + _IPSEC + _AFTER, id="out of order"),
    ],
)
def test_insert(before: str, after: str) -> None:
    """The IPsec pair goes to its place, others keep their spelling."""
    assert str(parse_extension_names(before).insert(IPSEC_PAIR)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(_REGISTRY + _IPSEC + _AFTER, _REGISTRY + _AFTER, id="whole bracket"),
        pytest.param(_IPSEC.lower(), "", id="lower case"),
        pytest.param(_REGISTRY, _REGISTRY, id="absent"),
        pytest.param(
            f"[{braced(IPSEC_CSE)}{braced(UUID(int=1))}{braced(IPSEC_TOOL)}]",
            f"[{braced(IPSEC_CSE)}{braced(UUID(int=1))}]",
            id="other tool stays",
        ),
    ],
)
def test_remove(before: str, after: str) -> None:
    """The IPsec pair goes, others keep their spelling."""
    assert str(parse_extension_names(before).remove(IPSEC_PAIR)) == after


@pytest.mark.parametrize(
    ("text", "field", "offset"),
    [
        ("x", "bracket 1", 0),
        ("[]", "bracket 1", 0),
        (f"{_IPSEC}{_IPSEC[:-1]}", "bracket 2", len(_IPSEC)),
        ("[{E437BC1C-AA7D-11D2-A382-00C04F991E2}]", "bracket 1", 0),
    ],
)
def test_malformed_text(text: str, field: str, offset: int) -> None:
    """The error names the bracket and where it starts."""
    with pytest.raises(CodecError) as caught:
        parse_extension_names(text)

    assert (caught.value.field, caught.value.offset) == (field, offset)


def test_value_that_cannot_be_written() -> None:
    """A bracket that is no bracket of GUIDs is refused."""
    with pytest.raises(CodecError):
        format_extension_names(ExtensionNames(brackets=(ExtensionBracket(extension="x"),)))
    with pytest.raises(CodecError, match="CSE"):
        ExtensionNames(brackets=(ExtensionBracket(extension="x"),)).insert(IPSEC_PAIR)
    both = ExtensionNames(brackets=parse_extension_names(_IPSEC).brackets, blank=" ")
    with pytest.raises(CodecError, match="read back"):
        format_extension_names(both)
