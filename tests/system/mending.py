"""A lab whose domain, template and member can be tampered with, and brought back again.

Everything is read and written by Samba's clients and in the member's registry file; the program
under test has no part in it.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipsec_orchestrator.lab.domain.tools import samba_client_options
from tests.system.conftest import DOMAIN_DN, IP_SECURITY_DN, POLICIES_DN, Entry, Laboratory

MEMBER = "vm1"
GPO_NAME = "IPSec-Azure-OnPremises"
# Of these nothing is put back: the directory keeps them itself.
OWN = frozenset(
    name.casefold()
    for name in (
        "badPasswordTime",
        "badPwdCount",
        "cn",
        "distinguishedName",
        "dSCorePropagationData",
        "instanceType",
        "lastLogoff",
        "lastLogon",
        "lastLogonTimestamp",
        "logonCount",
        "name",
        "objectCategory",
        "objectGUID",
        "objectSid",
        "ou",
        "primaryGroupID",
        "pwdLastSet",
        "uSNChanged",
        "uSNCreated",
        "whenChanged",
        "whenCreated",
    )
)
WATCHED = (
    "(|(objectClass=ipsecBase)(objectClass=groupPolicyContainer)(objectClass=organizationalUnit)"
    "(objectClass=domainDNS)(sAMAccountName=VM1$))"
)
DESCRIPTOR = "nTSecurityDescriptor"


@dataclass(slots=True, kw_only=True)
class Scene:
    """The lab as it was when it was clean, and hands to change it.

    Attributes:
        lab: The lab.
        before: Every entry that matters, as it was.
        template_before: The GPO's ``gpt.ini``, as it was.
        registry_before: The member's registry file, as it was.
        ailing: Whether the member is made ill.
        rewritten: Whether ``gpt.ini`` was.
    """

    lab: Laboratory
    before: Mapping[str, Entry] = field(default_factory=dict[str, Entry])
    template_before: bytes = b""
    registry_before: str = ""
    ailing: bool = False
    rewritten: bool = False

    @classmethod
    def of(cls, lab: Laboratory) -> "Scene":
        """Remember a lab as it is."""
        scene = cls(lab=lab)
        scene.before = scene.entries()
        scene.template_before = scene._template_file.read_bytes()
        scene.registry_before = scene._registry_file.read_text(encoding="utf-8")
        return scene

    @property
    def gpo(self) -> str:
        """The DN of the GPO."""
        return next(
            dn
            for dn, entry in self.before.items()
            if entry.get("displayName") == [GPO_NAME.encode()]
        )

    @property
    def gpo_id(self) -> str:
        """Its GUID in braces."""
        return self.gpo.partition(",")[0].removeprefix("CN=")

    @property
    def assignment(self) -> str:
        """The DN of the assignment object."""
        return f"CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine,{self.gpo}"

    @property
    def template(self) -> str:
        """The path of ``gpt.ini`` in the share, quoted."""
        return rf'"ipsectest.com\Policies\{self.gpo_id}\gpt.ini"'

    @property
    def _template_file(self) -> Path:
        folder = self.lab.sysvol / "ipsectest.com" / "Policies" / self.gpo_id
        return next(path for path in folder.iterdir() if path.name.casefold() == "gpt.ini")

    @property
    def _registry_file(self) -> Path:
        return self.lab.layout.root / "registry" / f"{MEMBER}.json"

    def entries(self) -> dict[str, Entry]:
        """Read every entry that matters."""
        return self.lab.search(DOMAIN_DN, WATCHED, "*", DESCRIPTOR)

    def ours(self, object_class: str, name: str) -> str:
        """The DN of our object of a class, by name; a key exchange has none."""
        found = [
            dn
            for dn, entry in self.before.items()
            if object_class.encode() in entry["objectClass"]
            and dn.endswith(IP_SECURITY_DN)
            and "adminDescription" in entry
            and entry.get("ipsecName", [b""]) == [name.encode()]
        ]
        (dn,) = found
        return dn

    def values(self, dn: str, attribute: str) -> list[bytes]:
        """What an attribute held."""
        return self.before[dn].get(attribute, [])

    def value(self, dn: str, attribute: str) -> bytes:
        """The one value that it held."""
        (value,) = self.values(dn, attribute)
        return value

    def set(self, dn: str, attribute: str, *values: bytes) -> None:
        """Give an attribute these values, or none, by ``ldbmodify``."""
        self.lab.modify(_replace(dn, attribute, list(values)))

    def delete(self, dn: str) -> None:
        """Delete an object by ``ldbmodify``."""
        self.lab.modify(f"dn: {dn}\nchangetype: delete\n")

    def share(self, order: str) -> None:
        """Give ``smbclient`` an order in SYSVOL."""
        self.rewritten = True
        share = f"//{self.lab.layout.dc_fqdn}/sysvol"
        self.lab.run("smbclient", share, *samba_client_options(self.lab.layout), "-c", order)

    def put_template(self, content: bytes) -> None:
        """Write ``gpt.ini``."""
        file = self.lab.state_dir.parent / "put.ini"
        file.write_bytes(content)
        self.share(f"put {file} {self.template}")

    @contextmanager
    def registry(self) -> Iterator["RegistryFolder"]:
        """Open IPSec's key in the member's registry file and write it at the end."""
        tree = json.loads(self._registry_file.read_text(encoding="utf-8"))
        folder = RegistryFolder(tree["HKLM"])
        yield folder.below("SOFTWARE", "Policies", "Microsoft", "Windows", "IPSec")
        self._registry_file.write_text(json.dumps(tree), encoding="utf-8")

    def fault(self, *faults: str) -> None:
        """Make the member ill."""
        self.ailing = True
        self.lab.fault(MEMBER, *faults)

    def mend(self) -> None:
        """Bring everything back to what it was."""
        if self.ailing:
            self.lab.fault(MEMBER)
            said = self.lab.orchestrate("lab", "reboot", MEMBER)
            assert said.returncode == 0, said.stderr
            self.ailing = False
        if self.rewritten:
            self.put_template(self.template_before)
            self.rewritten = False
        if self._registry_file.read_text(encoding="utf-8") != self.registry_before:
            self._registry_file.write_text(self.registry_before, encoding="utf-8")
        for part in (self._moves, self._additions, self._changes):
            ldif = "\n".join(part(self.entries()))
            if ldif:
                self.lab.modify(ldif)

    def _moves(self, now: Mapping[str, Entry]) -> Iterator[str]:
        was = {entry["objectGUID"][0]: dn for dn, entry in self.before.items()}
        for dn, entry in now.items():
            home = was.get(entry["objectGUID"][0], dn)
            if home != dn:
                name, _, parent = home.partition(",")
                yield (
                    f"dn: {dn}\nchangetype: modrdn\nnewrdn: {name}\ndeleteoldrdn: 1\n"
                    f"newsuperior: {parent}\n"
                )

    def _additions(self, now: Mapping[str, Entry]) -> Iterator[str]:
        for dn, entry in self.before.items():
            if dn not in now:
                yield f"dn: {dn}\nchangetype: add\n" + "".join(
                    _line(name, value)
                    for name, values in entry.items()
                    if name.casefold() not in OWN and name != DESCRIPTOR
                    for value in values
                )

    def _changes(self, now: Mapping[str, Entry]) -> Iterator[str]:
        for dn, entry in self.before.items():
            for name in {*entry, *now[dn]}:
                kept, found = sorted(entry.get(name, [])), sorted(now[dn].get(name, []))
                if name.casefold() in OWN or kept == found:
                    continue
                if name != DESCRIPTOR or dn.endswith(POLICIES_DN):
                    yield _replace(dn, name, kept)


class RegistryFolder:
    """A key of a registry file, to be changed in place."""

    def __init__(self, node: dict[str, Any]) -> None:
        self._node = node

    def below(self, *names: str) -> "RegistryFolder":
        """The key below it, by a path."""
        node = self._node
        for name in names:
            keys = node["keys"]
            node = next(found for key, found in keys.items() if key.casefold() == name.casefold())
        return RegistryFolder(node)

    def names(self) -> list[str]:
        """Names of the keys right below it."""
        return list(self._node["keys"])

    def remove(self, name: str) -> None:
        """Remove a key right below it."""
        del self._node["keys"][name]

    def set_text(self, name: str, text: str) -> None:
        """Set a text that is there already."""
        self._node["values"][name]["data"] = text

    def set_bytes(self, name: str, change: Callable[[bytes], bytes]) -> None:
        """Change bytes that are there already."""
        value = self._node["values"][name]
        value["data"] = change(bytes.fromhex(value["data"])).hex()


def _replace(dn: str, attribute: str, values: list[bytes]) -> str:
    lines = "".join(_line(attribute, value) for value in values)
    return f"dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{lines}"


def _line(name: str, value: bytes) -> str:
    return f"{name}:: {base64.b64encode(value).decode()}\n"
