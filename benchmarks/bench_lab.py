"""Labs for benchmarks: made by the program's own commands, taken down whatever happens."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from measuring import output

from ipsec_orchestrator.lab.domain.claim import open_layout
from ipsec_orchestrator.lab.domain.layout import LabLayout

CHECKOUT = Path(__file__).parents[1]
PLAYBOOK = CHECKOUT / "playbooks" / "azure-onpremises.yml"
POWERSHELL_VARIABLE = "IPSEC_LAB_POWERSHELL"


def program(*words: str) -> list[str]:
    """Give the command line of ``orchestrate``, as its console script runs it."""
    return [sys.executable, "-P", "-m", "ipsec_orchestrator", *words]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchLab:
    """A running lab.

    Attributes:
        state: Its state folder.
        status: What ``lab status --json`` says.
    """

    state: Path
    status: dict[str, Any]

    @property
    def inventory(self) -> str:
        """Path of its inventory."""
        return str(self.status["inventory"])

    @property
    def kerberos(self) -> dict[str, str]:
        """An environment with the lab's tickets, for programs that are not ours."""
        return {
            **os.environ,
            "KRB5_CONFIG": str(self.status["krb5_conf"]),
            "KRB5CCNAME": f"FILE:{self.status['ccache']}",
        }

    @property
    def layout(self) -> LabLayout:
        """Where everything of it lies."""
        return open_layout(self.state, str(self.status["name"]))

    def hosts(self) -> list[dict[str, Any]]:
        """Give the members, without the DC."""
        return [host for host in self.status["hosts"] if host["role"] != "domain-controller"]

    def plan(self, *more: str, playbook: Path = PLAYBOOK) -> list[str]:
        """Give the command line of ``plan``."""
        return program("plan", str(playbook), "-i", self.inventory, "--allow-many-hosts", *more)

    def apply(self, *more: str, playbook: Path = PLAYBOOK) -> dict[str, Any]:
        """Apply without questions, and give the document."""
        words = ("apply", str(playbook), "-i", self.inventory, "--yes", "--json")
        options = ("--allow-many-hosts", "--state", str(self.state), *more)
        found: dict[str, Any] = json.loads(output(program(*words, *options)))
        return found

    def reset(self) -> None:
        """Bring it back to its beginning, with hosts that have answered once."""
        output(program("lab", "reset", "--state", str(self.state)))
        output(self.plan())


@contextmanager
def bench_lab(*, members: int = 3, powershell: str | None = None) -> Iterator[BenchLab]:
    """Give a lab while the block runs."""
    with TemporaryDirectory(prefix="ipsec-bench-") as folder:
        settings = {name: text for name, text in os.environ.items() if name != POWERSHELL_VARIABLE}
        if powershell:
            settings[POWERSHELL_VARIABLE] = powershell
        where = ("--state", folder)
        words = ("lab", "up", *where, "--members", str(members), "--json")
        status = json.loads(output(program(*words), env=settings))
        try:
            yield BenchLab(state=Path(folder), status=status)
        finally:
            output(program("lab", "down", *where))
