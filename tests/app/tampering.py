"""What other people do to a domain in memory, one function each."""

from dataclasses import replace

from ipsec_orchestrator.codec.constants import Cipher, Integrity, SecurityProtocol
from ipsec_orchestrator.codec.negotiation_blob import (
    AlgorithmOffer,
    decode_negotiation,
    encode_negotiation,
)
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.model.directory import Attributes, Scope
from tests.worlds import CONTAINER, OU, MemoryDomain

DEFAULT_POLICY = "{72385236-70FA-11D1-864C-14A300000000}"
LIST = "azure-onpremises-HTTP8080"
POLICY = "policy-azure-onpremises"


def object_dn(domain: MemoryDomain, object_class: str, name: str | None = None) -> str:
    """The DN of the one object of a class, by name, that bears our mark."""
    return next(
        entry.dn
        for entry in domain.directory.search(
            CONTAINER, Scope.CHILDREN, f"(objectClass={object_class})", ["*"]
        )
        if (entry.attributes.text("adminDescription") or "").startswith("ipsec_orchestrator")
        and entry.attributes.text("ipsecName") == name
    )


def change(domain: MemoryDomain, dn: str, **texts: str) -> None:
    """Change an object as somebody with another tool does."""
    domain.directory.replace(dn, Attributes.of_text(**texts))


def _swap_link(domain: MemoryDomain, option: str) -> None:
    text = domain.text(OU, "gPLink") or ""
    change(domain, OU, gPLink=text.replace(";0]", option))


def other_methods(domain: MemoryDomain, gpo: str) -> None:
    """Give the filter action weaker methods, as the snap-in would."""
    del gpo
    dn = object_dn(domain, "ipsecNegotiationPolicy", "myEncryption")
    entry = domain.directory.read(dn, ["ipsecData"])
    assert entry is not None
    policy = decode_negotiation(entry.attributes.values_of("ipsecData")[0])
    weak = AlgorithmOffer(
        protocol=SecurityProtocol.ESP, algorithm=Cipher.DES, integrity=Integrity.MD5
    )
    changed = replace(policy, offers=(replace(policy.offers[0], algorithms=(weak,)),))
    data = encode_negotiation(changed)
    domain.directory.replace(dn, Attributes({"ipsecData": (data,)}))


def delete_filter_list(domain: MemoryDomain, gpo: str) -> None:
    """Delete the filter list."""
    del gpo
    domain.directory.delete(object_dn(domain, "ipsecFilter", LIST))


def unlink(domain: MemoryDomain, gpo: str) -> None:
    """Take the link away."""
    del gpo
    domain.directory.replace(OU, Attributes({"gPLink": ()}))


def disable_link(domain: MemoryDomain, gpo: str) -> None:
    """Disable the link."""
    del gpo
    _swap_link(domain, ";1]")


def enforce_link(domain: MemoryDomain, gpo: str) -> None:
    """Enforce the link."""
    del gpo
    _swap_link(domain, ";2]")


def unassign(domain: MemoryDomain, gpo: str) -> None:
    """Take the assignment away."""
    dn = assignment_dns(domain.gpo_dn(gpo))[-1]
    domain.directory.replace(dn, Attributes({"ipsecOwnersReference": ()}))


def another_policy(domain: MemoryDomain, gpo: str) -> None:
    """Assign a policy that is not ours."""
    default = f"CN=ipsecPolicy{DEFAULT_POLICY},{CONTAINER}"
    if domain.directory.read(default, ["cn"]) is None:
        domain.directory.add(
            default,
            Attributes.of_text(objectClass="ipsecPolicy", ipsecName="Client (Respond Only)"),
        )
    change(domain, assignment_dns(domain.gpo_dn(gpo))[-1], ipsecOwnersReference=default)


def block_inheritance(domain: MemoryDomain, gpo: str) -> None:
    """Block inheritance on the OU."""
    del gpo
    change(domain, OU, gPOptions="1")


def raise_version(domain: MemoryDomain, gpo: str) -> None:
    """Count the version up in the directory only."""
    dn = domain.gpo_dn(gpo)
    number = int(domain.text(dn, "versionNumber") or "0")
    change(domain, dn, versionNumber=str(number + 1))


def set_wmi_filter(domain: MemoryDomain, gpo: str) -> None:
    """Give the GPO a WMI filter."""
    name = "[ipsectest.com;{00000000-0000-0000-0000-000000000001};0]"
    change(domain, domain.gpo_dn(gpo), gPCWQLFilter=name)


def drop_extensions(domain: MemoryDomain, gpo: str) -> None:
    """Take the extension names away."""
    domain.directory.replace(domain.gpo_dn(gpo), Attributes({"gPCMachineExtensionNames": ()}))


def disable_settings(domain: MemoryDomain, gpo: str) -> None:
    """Switch the computer half of the GPO off."""
    change(domain, domain.gpo_dn(gpo), flags="2")


def rename_policy(domain: MemoryDomain, gpo: str) -> None:
    """Describe the policy otherwise."""
    del gpo
    change(domain, object_dn(domain, "ipsecPolicy", POLICY), description="by hand")


def mark_as_mine(domain: MemoryDomain, gpo: str) -> None:
    """Take our mark off the GPO."""
    change(domain, domain.gpo_dn(gpo), adminDescription="mine now")


def delete_account(domain: MemoryDomain, gpo: str) -> None:
    """Delete the account of a member."""
    del gpo
    domain.directory.delete(f"CN=VM1,{OU}")
