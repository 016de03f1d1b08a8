"""Near matches: what somebody who mistyped a word probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

# Below this likeness (0 to 1) a guess confuses more than it helps.
_LIKENESS = 0.6


def near_match(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that is most like ``word``, or ``None`` if none is near."""
    spelling = {candidate.casefold(): candidate for candidate in known}
    found = get_close_matches(word.casefold(), spelling, n=1, cutoff=_LIKENESS)
    return spelling[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give `` Did you mean 'x'?`` to be put behind a message; empty without a near match."""
    found = near_match(word, known)
    return f" Did you mean '{found}'?" if found else ""
