"""Exit codes, the same for every command."""

from enum import IntEnum


class Exit(IntEnum):
    """What a script may rely on."""

    DONE = 0
    ERROR = 1
    DIFFERENCES = 2
    SOME_HOSTS = 3
    USAGE = 64
