"""The container half of a GPO in the directory, as GPMC makes it; for every way but New-GPO."""

from uuid import UUID

from ipsec_orchestrator.codec.gpo_access import sysvol_descriptor
from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.codec.security_descriptor import decode_descriptor, encode_descriptor
from ipsec_orchestrator.errors import AccessDeniedError, DirectoryError, ObjectExistsError
from ipsec_orchestrator.model.directory import Attributes, Scope, split_dn
from ipsec_orchestrator.ports.directory import Directory

_NO_SUCH_OBJECT = 32
_HIDDEN = b"TRUE"


def container_dn(domain_dn: str, gpo_id: UUID) -> str:
    """Give the DN of a GPO's container ([MS-GPOL] 2.2.2)."""
    return f"CN={braced(gpo_id)},CN=Policies,CN=System,{domain_dn}"


def escape(value: str) -> str:
    r"""Escape a value for a search filter ([RFC4515] 3): ``(`` becomes ``\28`` and so on."""
    return "".join(
        f"\\{ord(character):02x}" if character in "\\*()\0" else character for character in value
    )


def refuse_taken_name(directory: Directory, name: str, *, but: UUID) -> None:
    """Make sure that no other GPO of the domain has that display name.

    Raises:
        ObjectExistsError: One has, or ``but`` itself, whole.
    """
    domain_dn = directory.names().domain_dn
    base = f"CN=Policies,CN=System,{domain_dn}"
    wanted = f"(&(objectClass=groupPolicyContainer)(displayName={escape(name)}))"
    for found in directory.search(base, Scope.CHILDREN, wanted, ["displayName"]):
        raise ObjectExistsError(object=f"GPO {name} ({split_dn(found.dn)[0][3:]})")
    own = directory.read(container_dn(domain_dn, but), ["displayName"])
    if own and own.attributes.text("displayName"):
        raise ObjectExistsError(object=f"GPO {braced(but)}")


def begin_container(directory: Directory, gpo_id: UUID) -> str:
    """Make the container without a name, and what is in it, unless it is there already.

    Without ``displayName`` and ``gPCFileSysPath`` nothing can be linked or applied by mistake, so
    a run that ends here has done no harm, and the next one goes on.

    Returns:
        The container's DN.
    """
    dn = container_dn(directory.names().domain_dn, gpo_id)
    _add_missing(
        directory,
        dn,
        "groupPolicyContainer",
        flags=b"0",
        gPCFunctionalityVersion=b"2",
        versionNumber=b"0",
    )
    for half in ("Machine", "User"):
        _add_missing(directory, f"CN={half},{dn}", "container")
    return dn


def file_descriptor(directory: Directory, dn: str) -> bytes:
    """Compute the folder's descriptor from the container's, as GPMC and ``aclcheck`` demand.

    Raises:
        AccessDeniedError: The container's can't be read.
    """
    entry = directory.read(dn, ["nTSecurityDescriptor"])
    stored = entry.attributes.values_of("nTSecurityDescriptor") if entry else ()
    if not stored:
        raise AccessDeniedError(
            target=dn,
            reason="its security descriptor can't be read",
            cure="Use an account of Domain Admins or Group Policy Creator Owners.",
        )
    return encode_descriptor(sysvol_descriptor(decode_descriptor(stored[0])))


def finish_container(directory: Directory, gpo_id: UUID, *, name: str) -> None:
    """Give the container its name and the path of its folder: from now on it is a GPO."""
    names = directory.names()
    folder = rf"\\{names.domain}\SysVol\{names.domain}\Policies\{braced(gpo_id)}"
    directory.replace(
        container_dn(names.domain_dn, gpo_id),
        Attributes.of_text(displayName=name, gPCFileSysPath=folder),
    )


def delete_container(directory: Directory, gpo_id: UUID) -> None:
    """Delete the container with all below it, leaves first; nothing if it is not there."""
    dn = container_dn(directory.names().domain_dn, gpo_id)
    below = [entry.dn for entry in directory.search(dn, Scope.SUBTREE, "(objectClass=*)", ["cn"])]
    for found in sorted(below, key=lambda known: len(split_dn(known)), reverse=True):
        try:
            directory.delete(found)
        except DirectoryError as error:
            if error.code != _NO_SUCH_OBJECT:
                raise


def _add_missing(directory: Directory, dn: str, object_class: str, **more: bytes) -> None:
    if directory.read(dn, ["cn"]) is not None:
        return
    values = {name: (value,) for name, value in more.items()}
    values |= {"objectClass": (object_class.encode(),), "showInAdvancedViewOnly": (_HIDDEN,)}
    directory.add(dn, Attributes(values))
