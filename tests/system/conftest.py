"""Whole labs for the system tests, and ways to look at them without the program under test.

Nothing here asks the program what it did: the directory is read with Samba's and OpenLDAP's
clients, SYSVOL from the server's disk and over SMB, registries from the files of the hosts.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ruamel.yaml import YAML

from ipsec_orchestrator.lab.domain.claim import open_layout
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.domain.prerequisites import missing_prerequisites
from ipsec_orchestrator.lab.domain.tools import run_in_lab, samba_client_options
from tests.lacking import lacking

PROGRAM = Path(sys.executable).with_name("orchestrate")
PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "azure-onpremises.yml"
DOMAIN_DN = "DC=ipsectest,DC=com"
OU_DN = f"OU=IPSecOU,{DOMAIN_DN}"
IP_SECURITY_DN = f"CN=IP Security,CN=System,{DOMAIN_DN}"
POLICIES_DN = f"CN=Policies,CN=System,{DOMAIN_DN}"
POLICY = "policy-azure-onpremises"
CLIENT_TOOLS = ("ldapsearch", "ldbsearch", "ldbmodify", "ldbadd", "smbclient", "unshare")
POWERSHELL_VARIABLE = "IPSEC_LAB_POWERSHELL"
DEADLINE_SECONDS = 240.0
NEW_DOMAIN_GPOS = 2

Entry: TypeAlias = dict[str, list[bytes]]
Said: TypeAlias = subprocess.CompletedProcess[str]


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """What a user's shell has: nothing of this test session, of its Kerberos or of its labs."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": tempfile.gettempdir(),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "300",
        "PYTHONWARNINGS": "default",
        **more,
    }


def without_powershell(folder: Path) -> str:
    """A search path with every program of this machine but ``pwsh``."""
    if shutil.which("pwsh") is None:
        return os.environ["PATH"]
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / program.name
            if program.name != "pwsh" and not link.is_symlink():
                link.symlink_to(program)
    return str(folder)


@dataclass(slots=True, kw_only=True)
class Laboratory:
    """A running lab and the user who works with it.

    Attributes:
        state_dir: What ``--state`` names.
        environment: The user's.
        members: Names of the members.
        used: Whether something may have been changed since the last reset.
    """

    state_dir: Path
    environment: dict[str, str]
    members: list[str] = field(default_factory=list[str])
    used: bool = False

    @property
    def layout(self) -> LabLayout:
        """Where everything of the lab lies."""
        return open_layout(self.state_dir, "default")

    @property
    def inventory(self) -> Path:
        """The lab's own inventory."""
        return self.layout.root / "inventory.yml"

    @property
    def admin_password(self) -> str:
        """The Administrator's password."""
        return self.layout.admin_password_file.read_text(encoding="utf-8")

    @property
    def sysvol(self) -> Path:
        """The domain's folder in SYSVOL, on the server's disk."""
        return self.layout.samba_dir / "state" / "sysvol"

    def orchestrate(self, *arguments: str | Path, **environment: str) -> Said:
        """Run the program as the user does, with the lab's state folder."""
        return subprocess.run(
            [str(PROGRAM), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={
                **self.environment,
                "IPSEC_ORCHESTRATOR_STATE": str(self.state_dir),
                **environment,
            },
            timeout=DEADLINE_SECONDS,
            check=False,
        )

    def play(
        self,
        command: str,
        *options: str | Path,
        playbook: Path = PLAYBOOK,
        inventory: Path | None = None,
        **environment: str,
    ) -> Said:
        """Run plan, apply or remove on a playbook."""
        self.used = self.used or command != "plan"
        where = ("-i", inventory or self.inventory)
        return self.orchestrate(command, playbook, *where, *options, **environment)

    def apply(self, *options: str | Path, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as play
        """Apply and give the document of ``--json``; fails the test on any exit code but 0."""
        said = self.play("apply", "--yes", "--json", *options, **more)
        assert said.returncode == 0, said.stderr + said.stdout
        return document(said)

    def fault(self, host: str, *faults: str) -> None:
        """Switch the faults of a host; none makes it well."""
        self.used = True
        said = self.orchestrate("lab", "fault", host, *faults)
        assert said.returncode == 0, said.stderr

    def reset(self) -> None:
        """Bring the lab back to its beginning, if anything was done in it."""
        # The directory is asked as well: a test may have started the program by itself.
        if self.used or self.gpo_count() != NEW_DOMAIN_GPOS:
            said = self.orchestrate("lab", "reset")
            assert said.returncode == 0, said.stderr
            # Runs that were interrupted are about a domain that is gone.
            shutil.rmtree(self.state_dir / "runs", ignore_errors=True)
            for path in self.state_dir.glob("runs.sqlite*"):
                path.unlink()
            self.used = False

    def variant(self, name: str, change: Callable[[dict[str, Any]], object]) -> Path:
        """Write a changed copy of the lab's inventory."""
        yaml = YAML(typ="safe")
        content = yaml.load(self.inventory.read_text(encoding="utf-8"))
        change(content)
        path = self.state_dir.parent / f"{name}.yml"
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(content, file)
        return path

    def run(self, *command: str, check: bool = True) -> Said:
        """Run a client program with the lab's names and the Administrator's ticket."""
        return run_in_lab(self.layout, command, check=check)

    def samba_tool(self, *arguments: str) -> str:
        """Run ``samba-tool`` against the DC."""
        url = f"ldap://{self.layout.dc_fqdn}"
        options = samba_client_options(self.layout)
        return self.run("samba-tool", *arguments, "-H", url, *options).stdout

    def search(
        self, base: str, *wanted: str, scope: str = "sub", controls: Sequence[str] = ()
    ) -> dict[str, Entry]:
        """Read entries with Samba's client: DN to attributes to values."""
        url = f"ldap://{self.layout.dc_fqdn}"
        options = [*samba_client_options(self.layout), *controls, "-b", base, "-s", scope]
        return ldif_entries(self.run("ldbsearch", "-H", url, *options, *wanted).stdout)

    def modify(self, ldif: str) -> None:
        """Change the directory as another administrator does."""
        self.used = True
        file = self.state_dir.parent / "change.ldif"
        file.write_text(ldif, encoding="utf-8")
        url = f"ldap://{self.layout.dc_fqdn}"
        self.run("ldbmodify", "-H", url, *samba_client_options(self.layout), str(file))

    def highest_usn(self) -> int:
        """The number of the last write that the DC made."""
        entries = self.search("", "highestCommittedUSN", scope="base")
        (entry,) = entries.values()
        return int(entry["highestCommittedUSN"][0])

    def gpo_id(self, name: str = "IPSec-Azure-OnPremises") -> str:
        """The GUID, in braces, of the one GPO with a display name."""
        (dn,) = self.search(POLICIES_DN, f"(displayName={name})", "dn", scope="one")
        return dn.partition(",")[0].removeprefix("CN=")

    def gpo_count(self) -> int:
        """How many GPOs the domain has."""
        return len(self.search(POLICIES_DN, "(objectClass=groupPolicyContainer)", "dn"))

    def registry(self, host: str, *path: str) -> "RegistryKey":
        """What a host's registry has below a path in HKLM, or below IPSec's policy key."""
        text = (self.layout.root / "registry" / f"{host}.json").read_text(encoding="utf-8")
        root = RegistryKey(json.loads(text)["HKLM"])
        return root.below(*(path or ("SOFTWARE", "Policies", "Microsoft", "Windows", "IPSec")))

    def assigned_policy(self, host: str) -> str | None:
        """Name of the policy that Group Policy assigned to a host, by its registry."""
        name = self.registry(host).below("GPTIPSECPolicy").values.get("DSIPSECPolicyName")
        return None if name is None else str(name)


class RegistryKey:
    """A key of a registry file; one that is not there is empty."""

    def __init__(self, node: Mapping[str, Any]) -> None:
        self._keys: Mapping[str, Any] = node.get("keys", {})
        self.values: dict[str, Any] = {
            name: value["data"] for name, value in node.get("values", {}).items()
        }

    def below(self, *names: str) -> "RegistryKey":
        """The key below it, by a path."""
        found = self
        for name in names:
            folded = {key.casefold(): node for key, node in found._keys.items()}
            found = RegistryKey(folded.get(name.casefold(), {}))
        return found

    def names(self) -> list[str]:
        """Names of the keys right below it."""
        return list(self._keys)


def playbook_for(folder: Path, members: str) -> Path:
    """Write a copy of the how-to's playbook that is for some members only."""
    whole = "members: role=azure-vm,role=on-premises"
    text = PLAYBOOK.read_text(encoding="utf-8")
    assert whole in text
    path = folder / PLAYBOOK.name
    path.write_text(text.replace(whole, f"members: {members}"), encoding="utf-8")
    return path


def document(said: Said) -> dict[str, Any]:
    """The one JSON document that a command wrote."""
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def outcomes(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The members of an apply or remove, by host."""
    return {member["host"]: member for member in found["run"]["members"]}


def ldif_entries(text: str) -> dict[str, Entry]:
    """Parse what ``ldbsearch`` and ``ldapsearch`` print."""
    entries: dict[str, Entry] = {}
    for block in text.replace("\n ", "").split("\n\n"):
        entry: Entry = {}
        for line in block.splitlines():
            name, colon, value = line.partition(":")
            if line.startswith("#") or not colon:
                continue
            encoded = value.startswith(":")
            content = base64.b64decode(value[1:]) if encoded else value.strip().encode()
            entry.setdefault(name, []).append(content)
        if "dn" in entry:
            entries[entry.pop("dn")[0].decode()] = entry
    return entries


@pytest.fixture(scope="session")
def _lab_can_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    missing = missing_prerequisites(tmp_path_factory.getbasetemp())
    if missing:
        lacking("; ".join(item.sentence for item in missing))
    tools = [tool for tool in CLIENT_TOOLS if shutil.which(tool) is None]
    if tools:
        lacking(f"independent clients are missing: {' '.join(tools)}")


MakeLab: TypeAlias = Callable[..., Laboratory]


@pytest.fixture(scope="session")
def make_lab(_lab_can_run: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeLab]:
    """Start labs, each with a state folder of its own; all are taken down at the end."""
    made: list[Laboratory] = []

    def make(name: str, *options: str, powershell: str | None = None) -> Laboratory:
        folder = tmp_path_factory.mktemp(name)
        environment = clean_environment(folder)
        if powershell is None:
            environment["PATH"] = without_powershell(folder / "programs")
        else:
            environment[POWERSHELL_VARIABLE] = powershell
            # The engine unpacks itself once, not for every user that a test makes up.
            environment["PSLAB_CACHE"] = os.environ["PSLAB_CACHE"]
        # Deeper than a Unix socket's path may be long.
        lab = Laboratory(state_dir=folder / ("state" * 20), environment=environment)
        made.append(lab)
        said = lab.orchestrate("lab", "up", "--json", *options)
        assert said.returncode == 0, said.stderr
        hosts = document(said)["hosts"]
        lab.members = [host["name"] for host in hosts if host["role"] != "domain-controller"]
        return lab

    try:
        yield make
    finally:
        for lab in made:
            if lab.state_dir.exists():
                lab.orchestrate("lab", "down")


@pytest.fixture(scope="session")
def canned_lab(make_lab: MakeLab) -> Laboratory:
    """A lab without PowerShell and with twelve members, shared; reset it before use."""
    return make_lab("canned", "--members", "12")


@pytest.fixture(scope="session")
def powershell_lab(make_lab: MakeLab) -> Laboratory:
    """A lab of the four hosts whose scripts run in PowerShell, shared; reset it before use."""
    powershell = os.environ.get(POWERSHELL_VARIABLE) or shutil.which("pwsh")
    if powershell is None:
        lacking(f"no PowerShell: neither {POWERSHELL_VARIABLE} nor pwsh")
    return make_lab("powershell", powershell=powershell)


@pytest.fixture
def lab(canned_lab: Laboratory) -> Laboratory:
    """The fast lab, as it was when it was made."""
    canned_lab.reset()
    return canned_lab
