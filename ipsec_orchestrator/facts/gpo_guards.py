"""What may keep a GPO from members although it is linked: its permissions, a WMI filter."""

from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.codec.sddl import SidNames, format_sddl
from ipsec_orchestrator.codec.security_descriptor import decode_descriptor
from ipsec_orchestrator.ports import Directory

_DESCRIPTOR: Final = "nTSecurityDescriptor"
_FILTER: Final = "gPCWQLFilter"


@dataclass(frozen=True, slots=True, kw_only=True)
class GpoGuards:
    """As they are on one DC.

    Attributes:
        permissions: The security descriptor as SDDL; ``None`` if we may not read it.
        wmi_filter: What ``gPCWQLFilter`` says; ``None`` if there is no filter.
    """

    permissions: str | None
    wmi_filter: str | None


def read_gpo_guards(directory: Directory, dn: str) -> GpoGuards:
    """Read them of a GPO's container.

    Raises:
        CodecError: The security descriptor can't be read.
        BackendError: The directory can't be read.
    """
    entry = directory.read(dn, (_DESCRIPTOR, _FILTER))
    values = entry.attributes.values_of(_DESCRIPTOR) if entry else ()
    text = entry.attributes.text(_FILTER) if entry else None
    return GpoGuards(
        permissions=format_sddl(decode_descriptor(values[0]), SidNames()) if values else None,
        # GPMC leaves a blank where a filter was taken away.
        wmi_filter=(text or "").strip() or None,
    )
