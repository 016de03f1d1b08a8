"""``make bench``: times of plan, apply and member refreshes against the lab, as ratios to peers.

Everything is on loopback, in labs of its own that are gone at the end. With ``--record`` the
results replace the section between the two marks of ``docs/benchmarks.md``.
"""

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_lab import CHECKOUT, PLAYBOOK, POWERSHELL_VARIABLE, BenchLab, bench_lab, program
from bench_store import store_rows
from ldif import write_by_ldif
from measuring import HEADINGS, Row, Times, clocked, interleaved, markdown, output

from ipsec_orchestrator.lab.domain.tools import run_in_lab, samba_client_options

DOCUMENT = CHECKOUT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
HERE = Path(__file__).parent
OU = "OU=IPSecOU,DC=ipsectest,DC=com"
GPO = "IPSec-Azure-OnPremises"
LIBRARIES = ("ldap3", "pypsrp", "pyspnego", "pydantic", "click")
# So many hosts are refreshed at once; many are measured once only, for the peer takes its time.
SIZES = (3, 50, 200)
LARGE = 50


def start_rows(rounds: int) -> Iterator[Row]:
    """Compare the start of the program with that of what it is built on."""
    python = [sys.executable, "-P"]
    times = interleaved(
        rounds,
        {
            "help": lambda: clocked(program("--help")),
            "click": lambda: clocked([*python, "-c", "import click"]),
            "pass": lambda: clocked([*python, "-c", "pass"]),
        },
    )
    for peer, words in (("click", 'python -c "import click"'), ("pass", "python -c pass")):
        yield Row(what="orchestrate --help", ours=times["help"], peer_name=words, peer=times[peer])


def plan_rows(lab: BenchLab, rounds: int) -> tuple[list[Row], dict[str, Times]]:
    """Compare a plan with naive reads and with samba-tool, and look at its phases."""
    phases: dict[str, Times] = {}
    task = {"task": "plan", "status": lab.status, "hosts": lab.hosts(), "ou": OU, "gpo": GPO}
    listall = ["samba-tool", "gpo", "listall", "-H", f"ldap://{lab.status['dc']['fqdn']}"]

    def of_phases() -> float:
        words = (str(PLAYBOOK), lab.inventory, repr(time.monotonic()))
        told = json.loads(output([sys.executable, "-P", str(HERE / "plan_phases.py"), *words]))
        for phase, seconds in told.items():
            phases.setdefault(phase, Times()).seconds.append(seconds)
        return float(sum(told.values()))

    def by_samba_tool() -> float:
        started = time.perf_counter()
        run_in_lab(lab.layout, [*listall, *samba_client_options(lab.layout)])
        return time.perf_counter() - started

    times = interleaved(
        rounds,
        {
            "plan": lambda: clocked(lab.plan()),
            "phases": of_phases,
            "naive": lambda: _naive(lab, task, whole=True),
            "samba-tool": by_samba_tool,
        },
    )
    names = {"naive": "the same reads, naively", "samba-tool": "samba-tool gpo listall"}
    rows = [
        Row(what="plan, 4 hosts", ours=times["plan"], peer_name=name, peer=times[peer])
        for peer, name in names.items()
    ]
    return rows, phases


def apply_rows(lab: BenchLab, rounds: int) -> tuple[list[Row], dict[str, Times]]:
    """Compare apply with samba-tool and ldapmodify on the same objects, and look at its phases."""
    phases: dict[str, Times] = {}

    def ours() -> float:
        lab.reset()
        run = lab.apply()["run"]
        spent: dict[str, float] = run["seconds_by_phase"]
        for phase, seconds in spent.items():
            phases.setdefault(phase, Times()).seconds.append(seconds)
        return sum(seconds for phase, seconds in spent.items() if phase != "members")

    def by_ldif() -> float:
        lab.reset()
        with TemporaryDirectory() as folder:
            saved = Path(folder) / "plan.json"
            output(lab.plan("--out", str(saved)))
            plan = json.loads(saved.read_text(encoding="utf-8"))
        return write_by_ldif(lab, plan)

    times = interleaved(rounds, {"ours": ours, "ldif": by_ldif})
    row = Row(
        what="apply, without the members",
        ours=times["ours"],
        peer_name="samba-tool gpo create, ldapmodify",
        peer=times["ldif"],
    )
    return [row], phases


def member_rows(lab: BenchLab, rounds: int) -> list[Row]:
    """Compare the refresh of many members with one loop over them.

    Every round writes two changes of the policy: one that our members phase takes to the members,
    and one (written with a single spare member) for the loop.
    """
    spare, *hosts = lab.hosts()
    ours: dict[int, Times] = {size: Times() for size in SIZES}
    loop: dict[int, Times] = {size: Times() for size in SIZES}
    lab.apply("--limit", spare["name"])
    for number in range(rounds):
        sizes = [size for size in SIZES if size < LARGE or number == 0]
        parts = _parts(hosts, sizes)
        with _changed_playbook(f"change {number} for orchestrate") as playbook:
            for size, part in parts.items():
                names = ",".join(host["name"] for host in part)
                run = lab.apply("--limit", names, playbook=playbook)["run"]
                ours[size].seconds.append(run["seconds_by_phase"]["members"])
        words = f"change {number} for the loop"
        with _changed_playbook(words) as playbook:
            lab.apply("--limit", spare["name"], playbook=playbook)
        for size, part in parts.items():
            task = {"task": "refresh", "status": lab.status, "hosts": part, "policy": words}
            loop[size].seconds.append(_naive(lab, task, whole=False))
    return [
        Row(
            what=f"refresh and verify {size} members",
            ours=ours[size],
            peer_name="pypsrp, one host after the other",
            peer=loop[size],
        )
        for size in SIZES
    ]


def _parts(
    hosts: Sequence[dict[str, Any]], sizes: Sequence[int]
) -> dict[int, Sequence[dict[str, Any]]]:
    """Give each size hosts of its own: one that has a change is not refreshed again."""
    parts: dict[int, Sequence[dict[str, Any]]] = {}
    first = 0
    for size in sizes:
        parts[size] = hosts[first : first + size]
        first += size
    return parts


@contextmanager
def _changed_playbook(description: str) -> Iterator[Path]:
    """Give the how-to's playbook with another description of its policy, while a block runs."""
    name = "  - name: policy-azure-onpremises\n"
    text = PLAYBOOK.read_text(encoding="utf-8")
    if name not in text:
        raise ValueError(f"{PLAYBOOK} has no such policy any more")
    with TemporaryDirectory(prefix="ipsec-bench-") as folder:
        path = Path(folder) / PLAYBOOK.name
        changed = text.replace(name, f"{name}    description: {description}\n")
        path.write_text(changed, encoding="utf-8")
        yield path


def _naive(lab: BenchLab, task: Mapping[str, Any], *, whole: bool) -> float:
    """Run the naive peer: seconds of the whole process, or of the work in it."""
    started = time.perf_counter()
    told = output(
        [sys.executable, "-P", str(HERE / "naive.py")], env=lab.kerberos, input=json.dumps(task)
    )
    return time.perf_counter() - started if whole else float(json.loads(told)["seconds"])


def phase_table(title: str, phases: Mapping[str, Times]) -> str:
    """Give a table of phases with their share of the whole."""
    total = sum(times.median for times in phases.values())
    lines = [
        (phase, times.shown, f"{100 * times.median / total:.0f} %")
        for phase, times in phases.items()
    ]
    return f"{title}\n\n{markdown(('phase', 'seconds', 'share'), lines)}"


def circumstances(arguments: Sequence[str], seconds: float) -> str:
    """Say where, when, with what and how."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    samba = output(["samba", "--version"]).split()[-1]
    facts = {
        "Command": f"`{' '.join(['python benchmarks/run.py', *arguments])}`",
        "Date": time.strftime("%Y-%m-%d", time.gmtime()),
        "Took": f"{seconds:.0f} s, with a load average of {os.getloadavg()[1]:.1f} in the last "
        "5 minutes",
        "Machine": f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} "
        f"{platform.release()}",
        "Versions": f"ipsec_orchestrator {version('ipsec_orchestrator')}, Python "
        f"{platform.python_version()}, Samba {samba}, {libraries}",
    }
    return "\n".join(f"- {name}: {fact}" for name, fact in facts.items())


def record(text: str) -> None:
    """Put the results between the marks of the document."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    """Measure, print, and record if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of everything but starts")
    parser.add_argument("--record", action="store_true", help="rewrite docs/benchmarks.md")
    options = parser.parse_args(arguments)
    powershell = os.environ.get(POWERSHELL_VARIABLE)
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"[{time.monotonic() - began:3.0f} s] {text}", file=sys.stderr, flush=True)

    tell("start of the program")
    rows = list(start_rows(5 * options.rounds))
    tell("a store of ten thousand runs")
    rows += store_rows(options.rounds)
    tell("a lab of four hosts")
    with bench_lab(powershell=powershell) as lab:
        output(lab.plan())
        tell("plan")
        more, plan_phases = plan_rows(lab, options.rounds)
        rows += more
        tell("apply")
        more, apply_phases = apply_rows(lab, options.rounds)
        rows += more
    tell("a lab of many hosts, answered without PowerShell")
    with bench_lab(members=sum(SIZES) + 1) as lab:
        tell("refreshes")
        rows += member_rows(lab, options.rounds)
    player = "by PowerShell" if powershell else "without PowerShell"
    text = "\n\n".join(
        [
            circumstances(arguments, time.monotonic() - began),
            markdown(HEADINGS, [row.cells for row in rows]),
            phase_table(f"Phases of `plan` (3 members, answered {player}):", plan_phases),
            phase_table(f"Phases of `apply` (3 members, answered {player}):", apply_phases),
        ]
    )
    print(text)
    if options.record:
        record(text)


if __name__ == "__main__":
    # Labs are taken down on a polite request to end, too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    main(sys.argv[1:])
