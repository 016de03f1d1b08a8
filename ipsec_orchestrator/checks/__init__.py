"""The prerequisites: small pure functions over facts, one file a topic.

A module of this package belongs to ``doctor`` by having ``CHECKS``, a tuple of
:class:`~ipsec_orchestrator.checks.check.Check`; nothing else needs to know of it. Its name is the
topic, the word of ``--only``.
"""
