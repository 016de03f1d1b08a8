"""From a specification and what was observed to a plan: pure functions only."""
