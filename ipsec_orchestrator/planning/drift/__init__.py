"""Drift: what the playbook wants, what the last run left, and what is there now, side by side.

Each of the three is drawn as a *picture*: things (a GPO, a link, a filter list, a member) with
named traits in the administrator's words. ``compare`` looks at the three together and says of
every trait which word fits: drift, pending, adopted or foreign.
"""
