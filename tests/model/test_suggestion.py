"""Near matches of mistyped words."""

import pytest

from ipsec_orchestrator.model.suggestion import did_you_mean, near_match


@pytest.mark.parametrize(
    ("word", "meant"),
    [("hsot1", "host1"), ("VM1", "vm1"), ("on-premise", "on-premises"), ("zzz", None), ("", None)],
)
def test_near_match_is_the_likest_word(word: str, meant: str | None) -> None:
    """Exchanged letters and case find the word; what is like nothing finds nothing."""
    assert near_match(word, ["vm1", "host1", "on-premises"]) == meant


def test_question_is_asked_only_with_a_match() -> None:
    """The question behind a message is empty where there is nothing to ask."""
    assert did_you_mean("protcol", ["protocol"]) == " Did you mean 'protocol'?"
    assert did_you_mean("protocol", []) == ""
