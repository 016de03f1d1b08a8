"""The locks of runs: where they stand, what they say, and the DC's time that they are dated by.

A lock is one object of class ``container`` in ``CN=IP Security,CN=System``, called after the GPO's
display name, so that it can be there before the GPO is. One LDAP add makes it: of two runs that
try at once the DC lets exactly one.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, cast
from uuid import UUID, uuid5

from ipsec_orchestrator.errors import UnexpectedAnswerError
from ipsec_orchestrator.model.directory import Attributes, Entry, Scope, split_dn
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.run_lock import RunLock, StoredLock
from ipsec_orchestrator.ports import Directory

LOCK_NAME: Final = "orchestrateLock"
_FORMAT: Final = "ipsec_orchestrator/lock 1"
_NAMESPACE: Final = UUID("0d4ac4f8-64c0-5d0e-9b9c-7b1a3a5f2f6d")
_ATTRIBUTES: Final = ("objectGUID", "adminDescription")


def lock_dn(gpo: str, domain_dn: str) -> str:
    """Give the DN of the lock of a GPO; case does not matter, as in display names."""
    name = str(uuid5(_NAMESPACE, gpo.casefold())).upper()
    return f"CN={LOCK_NAME}{{{name}}},CN=IP Security,CN=System,{domain_dn}"


def is_lock_dn(dn: str) -> bool:
    """Tell whether an object of ``CN=IP Security`` is a lock and no IP security object."""
    rdn = next(iter(split_dn(dn)), "")
    return rdn.casefold().startswith(f"cn={LOCK_NAME}{{".casefold())


def guid_dn(guid: UUID) -> str:
    """Give the name by which a DC finds this very object [MS-ADTS] 3.1.1.3.1.2.4."""
    return f"<GUID={guid}>"


def lock_attributes(lock: RunLock) -> Attributes:
    """Give the object that stands for a lock."""
    said = {
        "format": _FORMAT,
        "gpo": lock.gpo,
        "run": lock.run_id,
        "owner": lock.owner,
        "host": lock.host,
        "since": lock.since.isoformat(),
        "tool_version": lock.tool_version,
    }
    return Attributes.of_text(
        objectClass="container", adminDescription=json.dumps(said, ensure_ascii=False)
    )


def read_lock(directory: Directory, gpo: str) -> StoredLock | None:
    """Read the lock of a GPO; ``None`` if nobody holds it."""
    dn = lock_dn(gpo, directory.names().domain_dn)
    entry = directory.read(dn, _ATTRIBUTES)
    return None if entry is None else _stored(entry, directory_time(directory))


def read_locks(directory: Directory) -> tuple[StoredLock, ...]:
    """Read all locks of the domain, in DN order."""
    base = f"CN=IP Security,CN=System,{directory.names().domain_dn}"
    wanted = f"(&(objectClass=container)(cn={LOCK_NAME}*))"
    found = list(directory.search(base, Scope.CHILDREN, wanted, _ATTRIBUTES))
    if not found:
        return ()
    now = directory_time(directory)
    return tuple(_stored(entry, now) for entry in sorted(found, key=lambda each: each.dn))


def is_still(directory: Directory, held: StoredLock) -> bool:
    """Tell whether a lock is still the one that was taken."""
    entry = directory.read(held.dn, ("objectGUID",))
    return entry is not None and _guid(entry) == held.guid


def directory_time(directory: Directory) -> datetime:
    """Give the DC's time, UTC, from the rootDSE.

    Raises:
        UnexpectedAnswerError: It is no time.
    """
    root = directory.read("", ("currentTime",))
    text = (root.attributes.text("currentTime") if root else None) or ""
    try:
        return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise UnexpectedAnswerError(
            script="rootDSE", field="currentTime", reason=f"{text!r} is no time"
        ) from error


def _stored(entry: Entry, now: datetime) -> StoredLock:
    return StoredLock(
        dn=entry.dn,
        guid=_guid(entry),
        lock=_parse(entry.attributes.text("adminDescription") or ""),
        now=now,
    )


def _guid(entry: Entry) -> UUID:
    values = entry.attributes.values_of("objectGUID")
    return UUID(bytes_le=values[0]) if values else UUID(int=0)


def _parse(text: str) -> RunLock | None:
    """Read what a lock says; ``None`` for anything that no version of ours has written."""
    try:
        said = cast("Json", json.loads(text))
        if not isinstance(said, Mapping) or said.get("format") != _FORMAT:
            return None
        return RunLock(
            gpo=str(said["gpo"]),
            run_id=str(said["run"]),
            owner=str(said["owner"]),
            host=str(said["host"]),
            since=datetime.fromisoformat(str(said["since"])).astimezone(UTC),
            tool_version=str(said["tool_version"]),
        )
    except (KeyError, ValueError, RecursionError):
        return None
