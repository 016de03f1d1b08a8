"""Running our scripts on Windows hosts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptCall:
    """One of our scripts and its parameters.

    Attributes:
        name: File name without ending below ``facts/scripts``.
        text: The script; begins with a param block, gives one JSON document as one string.
        parameters: Bound by name, never pasted into the text.
        deadline_seconds: The whole call, connection included, ends by then.
        changes: Whether the script may change the host; a lost connection is then
            OutcomeUnknownError and the call is not repeated.
    """

    name: str
    text: str
    parameters: Mapping[str, Json] = field(default_factory=dict[str, Json], hash=False)
    deadline_seconds: float = 60.0
    changes: bool = False


class Members(Protocol):
    """Safe to use from several threads at once."""

    def run(self, host: Host, call: ScriptCall) -> Json:
        """Run the script on the host and give its JSON answer, parsed.

        Raises:
            HostUnreachableError: No connection; nothing has happened.
            AuthenticationError: The host refused the credentials.
            AccessDeniedError: Authenticated, but no right to run scripts.
            OutcomeUnknownError: Connection lost or deadline passed after the order was given.
            ScriptFailedError: The script ended in failure.
        """
        ...
