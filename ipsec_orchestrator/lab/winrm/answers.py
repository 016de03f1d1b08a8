"""What a host without PowerShell is asked, and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ipsec_orchestrator.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedCall:
    r"""One script that a client wants run, already stripped of its transport.

    Attributes:
        script: The script's text, exactly as sent.
        parameters: Bound by name; secure strings arrive decrypted.
        host: Name of the simulated host, as in its settings.
        user: Who authenticated, for example ``IPSECTEST\Administrator``.
    """

    script: str
    parameters: Mapping[str, Json] = field(repr=False)
    host: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedError:
    """A terminating error of the script.

    Attributes:
        message: For people.
        fully_qualified_error_id: What clients decide on; Windows never localizes it.
    """

    message: str
    fully_qualified_error_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedResult:
    """What the script put out, and how it ended.

    Attributes:
        output: Strings in the order of the pipeline.
        error: ``None`` where the script completed.
    """

    output: Sequence[str] = ()
    error: CannedError | None = None


Answer: TypeAlias = Callable[[CannedCall], CannedResult]
"""Called from several threads at once."""

UNKNOWN_SCRIPT = CannedResult(
    error=CannedError(
        message="This host knows no answer to that script.",
        fully_qualified_error_id="CommandNotFoundException",
    )
)
"""The answer to a script that nobody has prepared for."""

BROKEN_ANSWER = CannedResult(
    error=CannedError(
        message="The prepared answer of this host failed.",
        fully_qualified_error_id="CannedAnswerFailed",
    )
)
"""What the client gets when the callable itself raised."""
