"""What the other side did: directory, file share, Windows host, library."""

from ipsec_orchestrator.errors.base import OrchestratorError


class BackendError(OrchestratorError):
    """The other side refused, failed, or could not be reached."""


class HostUnreachableError(BackendError):
    """No connection, or it ended before an order was given: nothing has happened there.

    Attributes:
        host: FQDN or address.
        reason: What the attempt ended with, in plain words.
    """

    usual_cure = "orchestrate doctor checks its name, port, service and certificate."

    def __init__(self, *, host: str, reason: str, cure: str | None = None) -> None:
        super().__init__(f"{host} can't be reached: {reason}.", cure=cure)
        self.host = host
        self.reason = reason


class OutcomeUnknownError(BackendError):
    """The connection broke or the deadline passed after an order was given.

    It may have been carried out: read before repeating.

    Attributes:
        host: FQDN or address.
        reason: What the attempt ended with, in plain words.
    """

    usual_cure = "Run the same command again: it looks before it does anything."

    def __init__(self, *, host: str, reason: str, cure: str | None = None) -> None:
        super().__init__(f"{host}: outcome unknown: {reason}.", cure=cure)
        self.host = host
        self.reason = reason


class AuthenticationError(BackendError):
    """Name, password, ticket or channel binding was refused.

    Attributes:
        target: FQDN or address that refused.
        reason: The refusal in plain words.
    """

    usual_cure = (
        "Check the ticket (klist), the user and the password; docs/in-practice/credentials.md names "
        "every source."
    )

    def __init__(self, *, target: str, reason: str, cure: str | None = None) -> None:
        super().__init__(f"{target} refused the credentials: {reason}.", cure=cure)
        self.target = target
        self.reason = reason


class AccessDeniedError(BackendError):
    """Authenticated, but without the right for this.

    Attributes:
        target: Host, DN or path.
        reason: What was attempted and refused.
    """

    usual_cure = "Use an account that may; docs/security.md lists the least rights."

    def __init__(self, *, target: str, reason: str, cure: str | None = None) -> None:
        super().__init__(f"{target}: access denied: {reason}.", cure=cure)
        self.target = target
        self.reason = reason


class DirectoryError(BackendError):
    """The directory refused an operation with a result code that has no class of its own.

    Attributes:
        dn: The object of the operation.
        code: LDAP result code, for example 53.
        reason: The code in plain words, with the server's extended error number if it gave one.
    """

    usual_cure = (
        "Look the result code up at the domain controller, and run orchestrate doctor; what was "
        "done stays done, and the same command goes on from there."
    )

    def __init__(self, *, dn: str, code: int, reason: str, cure: str | None = None) -> None:
        super().__init__(f"{dn or 'rootDSE'}: {reason} (LDAP result {code}).", cure=cure)
        self.dn = dn
        self.code = code
        self.reason = reason


class FileShareError(BackendError):
    """The file server refused an operation with a status that has no class of its own.

    Attributes:
        path: UNC path of the operation.
        status: NTSTATUS, for example 0xC0000043.
        reason: The status in plain words.
    """

    usual_cure = (
        "Look at the file's rights and at who has it open, and run orchestrate doctor; the same "
        "command goes on from there."
    )

    def __init__(self, *, path: str, status: int, reason: str, cure: str | None = None) -> None:
        super().__init__(f"{path}: {reason} (status {status:#010x}).", cure=cure)
        self.path = path
        self.status = status
        self.reason = reason


class ObjectExistsError(BackendError):
    """An object of that name is already there."""

    usual_cure = "Plan again: what is there is looked at then."

    def __init__(self, *, object: str) -> None:  # noqa: A002 - the word of the trade
        super().__init__(f"{object} exists already.")
        self.object = object


class ScriptFailedError(BackendError):
    """A script ran on a host and ended in failure.

    Attributes:
        host: FQDN or address.
        script: Name of our script.
        error_id: FullyQualifiedErrorId, which Windows does not localize; empty if unknown.
        reason: The host's own words, for people; never decided on.
    """

    usual_cure = (
        "Look at the host with orchestrate doctor --limit; docs/reference/scripts.md says what the "
        "script does there."
    )

    def __init__(self, *, host: str, script: str, error_id: str, reason: str) -> None:
        super().__init__(f"{host}: script {script} failed ({error_id or 'no error id'}): {reason}")
        self.host = host
        self.script = script
        self.error_id = error_id
        self.reason = reason


class UnexpectedAnswerError(BackendError):
    """A script of ours answered in another shape than it should.

    Attributes:
        script: Name of our script.
        field: Where in its answer, for example ``services[0].state``.
        reason: What is wrong with it.
    """

    usual_cure = (
        "Something on the host adds to or takes from the output of scripts, or the host is no "
        "Windows that this program knows: run orchestrate doctor --limit."
    )

    def __init__(self, *, script: str, field: str, reason: str) -> None:
        super().__init__(f"The answer of script {script} can't be read: {field}: {reason}.")
        self.script = script
        self.field = field
        self.reason = reason


class MissingDependencyError(BackendError):
    """An optional package or program is not installed; the cure says which and how."""
