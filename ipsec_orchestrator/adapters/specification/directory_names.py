"""Names of OUs as administrators write them -> distinguished names."""

import re

from ipsec_orchestrator.adapters.specification.fields import quoted
from ipsec_orchestrator.model.directory import domain_dn, is_below, split_dn

_RDN = re.compile(r"(?P<kind>OU|CN|DC)\s*=\s*\S.*", re.IGNORECASE)
_SPECIAL = re.compile(r'[,+"\\<>;=#]')


def full_dn(text: str, domain_name: str | None, *, linkable: bool = False) -> str:
    """Give the DN of an OU.

    Args:
        text: A DN, or a part of it relative to the domain: ``OU=a,OU=b`` or the bare name ``b``.
        domain_name: DNS name of the domain; ``None`` if it is not known.
        linkable: The DN must be one that a GPO can be linked to.

    Raises:
        ValueError: No DN, one of another domain, or one that can't be linked; its text says why.
    """
    name = text.strip()
    if "=" not in name:
        if not name or _SPECIAL.search(name):
            raise ValueError(f"{quoted(text)} is no OU; write a DN or OU=name.")
        name = f"OU={name}"
    parts = split_dn(name)
    kinds: list[str] = []
    for part in parts:
        found = _RDN.fullmatch(part)
        if found is None:
            raise ValueError(
                f"{quoted(part)} in {quoted(text)} is no part of a DN; parts begin with OU=, CN= "
                "or DC=, and a comma inside a name is written '\\,'.",
            )
        kinds.append(found["kind"].upper())
    if linkable and kinds[0] == "CN":
        raise ValueError(
            f"{quoted(text)} is a container; GPOs are linked to OUs or to the domain. "
            "Move the computers into an OU.",
        )
    if domain_name is None:
        if kinds[-1] != "DC":
            raise ValueError(
                f"{quoted(text)} is relative to the domain, and no inventory names the domain; "
                "write the whole DN.",
            )
        return ",".join(parts)
    root = domain_dn(domain_name)
    if kinds[-1] != "DC":
        return ",".join((*parts, root))
    dn = ",".join(parts)
    if not is_below(dn, root):
        raise ValueError(f"{quoted(text)} is not in the domain {domain_name} ({root}).")
    return dn
