"""The command line: parse, call app, print, exit.

Nothing heavy is imported here or at the top of the command modules, so that ``--help`` and
completion answer at once; commands import what they need when they run.
"""

from ipsec_orchestrator.cli.entry import main

__all__ = ["main"]
