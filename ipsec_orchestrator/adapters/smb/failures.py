"""NTSTATUS codes of a file server to typed errors with a cure."""

from dataclasses import dataclass

from ipsec_orchestrator.adapters.authentication.refusals import STATUS
from ipsec_orchestrator.errors import (
    AccessDeniedError,
    AuthenticationError,
    BackendError,
    FileShareError,
    ObjectExistsError,
)

# [MS-ERREF] 2.3.1
NAME_NOT_FOUND = 0xC0000034
PATH_NOT_FOUND = 0xC000003A
NO_SUCH_FILE = 0xC000000F
NAME_COLLISION = 0xC0000035
DELETE_PENDING = 0xC0000056
MISSING = frozenset({NAME_NOT_FOUND, PATH_NOT_FOUND, NO_SUCH_FILE, DELETE_PENDING})

_DENIED = frozenset({0xC0000022, 0xC0000061, 0xC00000CA, 0xC000005A})


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A status in plain words."""

    reason: str
    cure: str


MEANINGS: dict[int, Meaning] = {
    NAME_NOT_FOUND: Meaning(reason="there is no such file", cure="Is SYSVOL complete on that DC?"),
    PATH_NOT_FOUND: Meaning(
        reason="there is no such folder",
        cure="Is the GPO's folder there, and SYSVOL complete on that DC?",
    ),
    0xC0000043: Meaning(
        reason="another program has the file open", cure="Close the GPO's editor, then try again."
    ),
    0xC000007F: Meaning(reason="the disk is full", cure="Make room on the DC's SYSVOL volume."),
    0xC00000BA: Meaning(reason="a folder stands where a file should be", cure="Look at SYSVOL."),
    0xC00000CC: Meaning(reason="it has no such share", cure="Is it a DC? It must share SYSVOL."),
    0xC0000101: Meaning(reason="the folder is not empty", cure="Delete what is in it first."),
    0xC0000103: Meaning(reason="a file stands where a folder should be", cure="Look at SYSVOL."),
    0xC0000257: Meaning(
        reason="the path leads to another server (DFS)", cure="Name the DC itself as server."
    ),
}
_UNKNOWN = Meaning(reason="the file server refused", cure="Its event log may say why.")


def error_of(status: int, *, server: str, path: str, order: str) -> BackendError:
    """Make the typed error of a status.

    Args:
        status: NTSTATUS.
        server: FQDN of the file server.
        path: UNC path of the operation.
        order: The operation in one word.
    """
    refusal = STATUS.get(status)
    if refusal:
        return AuthenticationError(target=server, reason=refusal.reason, cure=refusal.cure)
    if status in _DENIED:
        return AccessDeniedError(
            target=path,
            reason=f"{order}: the account lacks the right",
            cure="Use an account of Domain Admins or Group Policy Creator Owners.",
        )
    if status == NAME_COLLISION:
        return ObjectExistsError(object=path)
    meaning = MEANINGS.get(status, _UNKNOWN)
    return FileShareError(
        path=path, status=status, reason=f"{order}: {meaning.reason}", cure=meaning.cure
    )
