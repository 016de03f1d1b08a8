"""A second domain controller of a lab's domain: a Samba that has joined it, on an address beside it."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from ipsec_orchestrator.lab.domain import guard
from ipsec_orchestrator.lab.domain.probes import answers_ldap
from ipsec_orchestrator.lab.domain.smb_conf import FOLDERS, RUNTIME_DIR, server_text
from ipsec_orchestrator.lab.domain.tools import samba_client_options
from tests.system.conftest import DOMAIN_DN, Laboratory

NAME = "dc2"
FQDN = f"{NAME}.ipsectest.com"
FIRST_FQDN = "dc1.ipsectest.com"
START_SECONDS = 60.0
# The lab's own DC has no part in replication but to be asked: this one pulls from it.
PULL_SECONDS = 2
NOWHERE = "127.255.255.1"


@dataclass(slots=True)
class SecondController:
    """The joined DC, running or not.

    Attributes:
        lab: Whose domain it is of.
        folder: Everything of it.
    """

    lab: Laboratory
    folder: Path

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{str(self.lab.layout.dc_address).rpartition('.')[0]}.200"

    def join(self) -> None:
        """Make it a DC of the domain, with a whole copy of the directory; takes half a minute."""
        for sub in (*FOLDERS.values(), "etc", "log"):
            (self.folder / sub).mkdir(parents=True, exist_ok=True)
        (self.folder / "private").chmod(0o700)
        self._conf.write_text(self._settings(), encoding="utf-8")
        layout = self.lab.layout
        self._hosts.write_text(layout.hosts_file.read_text("utf-8"), encoding="utf-8")
        administrator = f"Administrator%{self.lab.admin_password}"
        join = ("samba-tool", "domain", "join", "ipsectest.com", "DC", f"--server={FIRST_FQDN}")
        options = ("--realm=IPSECTEST.COM", "--dns-backend=SAMBA_INTERNAL", "-U", administrator)
        done = subprocess.run(
            [*self._inside(), *join, *options, f"--configfile={self._conf}"],
            capture_output=True,
            text=True,
            env=self._environment(),
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        # What a DC with an address that is no loopback registers by itself.
        name = ("dns", "add", FIRST_FQDN, "ipsectest.com", NAME, "A", self.address)
        self.lab.run("samba-tool", *name, *samba_client_options(layout))
        self.lab.samba_tool("spn", "add", f"ldap/{FQDN}", f"{NAME.upper()}$")

    @contextlib.contextmanager
    def running(self, *, reachable: bool = True) -> Iterator[None]:
        """Let it run while the block does; the kernel ends all of it with its guard.

        Args:
            reachable: Whether it finds its partner from the start; a connection that it has once
                made stays.
        """
        self.connect(reachable=reachable)
        serve = ("samba", "--interactive", "--no-process-group", f"--configfile={self._conf}")
        with (self.folder / "server.log").open("wb") as log:
            server = subprocess.Popen(
                [
                    *(sys.executable, "-I", str(Path(guard.__file__))),
                    *(str(self.folder / "guard.lock"), str(self.folder), str(RUNTIME_DIR)),
                    *self._mounting(),
                    *serve,
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                start_new_session=True,
            )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not answers_ldap(IPv4Address(self.address), self.lab.layout.ports.ldap):
                assert server.poll() is None, (self.folder / "server.log").read_text("utf-8")
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield
        finally:
            assert server.stdin is not None
            server.stdin.close()
            server.wait(guard.GRACE_SECONDS + 20)

    def connect(self, *, reachable: bool) -> None:
        """Let it find its partner, or look for it where nobody is."""
        known = [
            line
            for line in self.lab.layout.hosts_file.read_text("utf-8").splitlines()
            if reachable or FIRST_FQDN not in line
        ]
        partner = str(self.lab.layout.dc_address) if reachable else NOWHERE
        known += [f"{partner} {guid}._msdcs.ipsectest.com" for guid in self._partner_ids()]
        known += [f"{self.address} {FQDN} {NAME}"]
        # In place: another file would not be the one that is mounted.
        with self._hosts.open("w", encoding="utf-8") as file:
            file.write("\n".join(known) + "\n")

    def _partner_ids(self) -> Sequence[str]:
        entries = self.lab.search(
            f"CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{DOMAIN_DN}",
            "(objectClass=nTDSDSA)",
            "objectGUID",
        )
        return [value.decode() for entry in entries.values() for value in entry["objectGUID"]]

    @property
    def _conf(self) -> Path:
        return self.folder / "etc" / "smb.conf"

    @property
    def _hosts(self) -> Path:
        return self.folder / "hosts"

    def _settings(self) -> str:
        text = server_text(self.lab.layout)
        text = text.replace("netbios name = DC1", f"netbios name = {NAME.upper()}")
        text = text.replace(f"{self.lab.layout.dc_address}/8", f"{self.address}/8")
        pulling = (
            f"\tdreplsrv:periodic_startup_interval = {PULL_SECONDS}\n"
            f"\tdreplsrv:periodic_interval = {PULL_SECONDS}\n"
        )
        text = text.replace("kdc, winbindd", "kdc, drepl, winbindd")
        return text.replace("[global]\n", f"[global]\n{pulling}", 1)

    def _inside(self) -> list[str]:
        bind = f'mount --bind "{self.folder}" "{RUNTIME_DIR}"'
        return [
            *("unshare", "--mount", "sh", "-c"),
            f'mkdir -p "{RUNTIME_DIR}" && {bind} && exec "$@"',
            "sh",
            *self._mounting(),
        ]

    def _mounting(self) -> list[str]:
        return ["sh", "-c", f'mount --bind "{self._hosts}" /etc/hosts && exec "$@"', "sh"]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "KRB5_CONFIG": str(self.lab.layout.krb5_conf),
            "LC_ALL": "C.UTF-8",
        }
