"""From evidence to verdicts: which flows there are, what was seen of them, what that proves."""
