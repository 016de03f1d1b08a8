"""Words that are hard to quote: what a path or a selection may have in it."""

from hypothesis import strategies as st

# Half of the characters are those that mean something to a shell, to systemd, cron or Windows.
CHARACTERS = st.sampled_from("%$\"'\\ `;#&|<>(){}[]*?!~^=:,@-nt") | st.characters(
    exclude_categories=("C", "Z")
)
WORDS = (
    st.text(CHARACTERS, min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda word: bool(word) and word.isprintable())
)
