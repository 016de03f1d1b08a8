"""Who sits where: the names by which other administrators know a run's starter."""

import getpass
import platform


def login_name() -> str:
    """Give the name of the logged-on user, as far as the system knows one."""
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):  # no account of that number, no such module
        return "an unknown user"


def host_name() -> str:
    """Give the name of this machine."""
    return platform.node() or "an unnamed host"
