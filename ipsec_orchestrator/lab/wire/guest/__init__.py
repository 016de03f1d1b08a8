"""What runs inside a member's own network stack: a first process that obeys one line.

Everything here keeps to the standard library and to Debian's own Python, since a guest sees the
machine's file system but none of our environment. ``boot.py`` is started by path; the others are
ordinary modules that it can import. The other end of the line is
:mod:`ipsec_orchestrator.lab.wire.line`, and what the verbs mean is documented there.
"""
