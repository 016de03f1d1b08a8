"""Does a policy leave administration open: which filter decides, for which packets, on which host.

Pure: filters and addresses in, verdicts out. What is decided rests on one rule alone, because
Windows' own weights are not published: see :mod:`ipsec_orchestrator.planning.lockout.deciding`.
"""
