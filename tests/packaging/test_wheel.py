"""What an administrator installs works anywhere: a wheel away from the checkout, on what it names."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.lacking import lacking

CHECKOUT = Path(__file__).parents[2]
PACKAGE = CHECKOUT / "ipsec_orchestrator"
BEYOND_PYTHON = {".json", ".ps1", ".yml"}
# Programs of the system are found, this project and its settings are not.
BLANK = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "COLUMNS": "120"}


def _run(
    *words: str | Path, cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without an index."""
    if find_spec("hatchling") is None:
        lacking("hatchling, which builds the wheel, is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    built = _run(
        *(sys.executable, "-m", "pip", "--isolated", "wheel", "--quiet", "--no-deps"),
        *("--no-build-isolation", "--no-index", "--no-cache-dir", "--wheel-dir", folder, CHECKOUT),
        cwd=folder,
        environment={**BLANK, "HOME": str(folder)},
    )
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed and nothing else of this project."""
    folder = tmp_path_factory.mktemp("site")
    installed = _run(
        *(sys.executable, "-m", "pip", "--isolated", "install", "--quiet", "--no-deps"),
        *("--no-index", "--no-cache-dir", "--no-compile", "--target", folder, wheel),
        cwd=folder,
        environment={**BLANK, "HOME": str(folder)},
    )
    assert installed.returncode == 0, installed.stderr
    return folder


@pytest.fixture
def environment(site: Path, tmp_path: Path) -> dict[str, str]:
    """An environment in which the installed wheel comes before the checkout."""
    return {**BLANK, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": str(site)}


def test_the_wheel_has_every_file_that_is_no_python(wheel: Path) -> None:
    """Scripts, starter files, imitations and the types' mark are shipped, and the how-to too."""
    shipped = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        file.relative_to(CHECKOUT).as_posix()
        for file in PACKAGE.rglob("*")
        if file.suffix in BEYOND_PYTHON or file.name == "py.typed"
    }
    assert len(wanted) > 10
    assert wanted - shipped == set()
    assert "ipsec_orchestrator/lab/azure-onpremises.yml" in shipped


def test_the_wheel_has_nothing_that_was_not_meant(wheel: Path) -> None:
    """Neither tests nor caches nor anybody's own files get into the wheel."""
    surplus = [
        name
        for name in zipfile.ZipFile(wheel).namelist()
        if ".dist-info/" not in name
        and not (
            name.startswith("ipsec_orchestrator/")
            and Path(name).suffix in {".json", ".py", ".ps1", ".yml"}
            and "cache" not in name
        )
        and name != "ipsec_orchestrator/py.typed"
    ]
    assert surplus == []


def test_the_plain_installation_needs_no_compiler(wheel: Path) -> None:
    """Kerberos libraries, which have no binaries for Linux, are asked for by the extra only."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().splitlines()
    needs = [line for line in lines if line.startswith("Requires-Dist:")]
    compiled = [need for need in needs if "kerberos" in need or "gssapi" in need or "krb5" in need]
    assert len(needs) > 10
    assert [need for need in compiled if "extra == 'kerberos'" not in need] == []
    assert len(compiled) == 1


def test_the_installed_program_is_not_the_checkout(
    environment: dict[str, str], site: Path, tmp_path: Path
) -> None:
    """The other tests of this file run what the wheel brought."""
    code = "import ipsec_orchestrator; print(ipsec_orchestrator.__file__)"
    told = _run(sys.executable, "-c", code, cwd=tmp_path, environment=environment)
    assert Path(told.stdout.strip()).is_relative_to(site), told.stderr


@pytest.mark.parametrize("words", [["--help"], ["plan", "--help"], ["--version"]])
def test_the_installed_program_tells_about_itself(
    words: list[str], environment: dict[str, str], site: Path, tmp_path: Path
) -> None:
    """The console script of the wheel starts, with help and version."""
    told = _run(site / "bin" / "orchestrate", *words, cwd=tmp_path, environment=environment)
    assert told.returncode == 0, told.stderr
    version = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert version in told.stdout or "Usage: orchestrate" in told.stdout


def test_init_writes_files_that_the_installed_program_reads(
    environment: dict[str, str], site: Path, tmp_path: Path
) -> None:
    """The starter files come out of the wheel, and `hosts` understands them."""
    program = site / "bin" / "orchestrate"
    made = _run(program, "init", "mine", cwd=tmp_path, environment=environment)
    assert made.returncode == 0, made.stderr
    listed = _run(program, "hosts", "-i", "mine/inventory", cwd=tmp_path, environment=environment)
    assert listed.returncode == 0, listed.stderr
    assert "dc1" in listed.stdout


@pytest.mark.parametrize("kind", ["inventory", "playbook"])
def test_schemas_come_out_of_the_installed_program(
    kind: str, environment: dict[str, str], site: Path, tmp_path: Path
) -> None:
    """The schema that the wheel prints is the one that the checkout publishes for editors."""
    told = _run(site / "bin" / "orchestrate", "schema", kind, cwd=tmp_path, environment=environment)
    assert told.returncode == 0, told.stderr
    published = CHECKOUT / "schemas" / f"{kind}.schema.json"
    assert json.loads(told.stdout) == json.loads(published.read_text(encoding="utf-8"))


def test_the_demo_in_memory_plays_away_from_the_checkout(
    environment: dict[str, str], site: Path, tmp_path: Path
) -> None:
    """The story needs no Samba, no PowerShell, no network, and ends with four hosts done."""
    played = _run(
        site / "bin" / "orchestrate", "demo", "--memory", cwd=tmp_path, environment=environment
    )
    assert played.returncode == 0, played.stderr
    table = played.stdout[played.stdout.rindex("┡") :]
    assert table.count(" done ") == 4, table
    assert not list(tmp_path.iterdir()), "the demo left files behind"


WITHOUT_KERBEROS = """
import sys
sys.modules["gssapi"] = sys.modules["krb5"] = None
from ipsec_orchestrator.cli import main
main(sys.argv[1:])
"""

INVENTORY = """
domain:
  name: ipsectest.com
  controllers: [dc1]
  ldap: {{address: 127.0.0.1, auth: {auth}}}
  {credentials}
hosts:
  dc1: {{role: domain-controller, fqdn: dc1.ipsectest.com}}
"""


@pytest.mark.parametrize(
    ("auth", "credentials", "password"),
    [
        ("kerberos", "", "not-asked-of-anybody"),
        ("negotiate", "credentials: {ccache: tickets}", None),
        ("negotiate", "", None),
    ],
    ids=["kerberos-with-password", "ticket-cache", "ticket-of-kinit"],
)
def test_without_kerberos_the_program_says_what_to_install(
    auth: str, credentials: str, password: str | None, tmp_path: Path, environment: dict[str, str]
) -> None:
    """Where only Kerberos could log on and its extra is absent, one sentence names the cure."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(INVENTORY.format(auth=auth, credentials=credentials), encoding="utf-8")
    given = {
        "IPSEC_ORCHESTRATOR_USER": "Administrator",
        "IPSEC_ORCHESTRATOR_PASSWORD": password or "",
    }
    refused = _run(
        *(sys.executable, "-c", WITHOUT_KERBEROS, "show", "-i", inventory),
        cwd=tmp_path,
        environment={**environment, **(given if password else {})},
    )
    assert refused.returncode != 0
    assert 'pip install "ipsec_orchestrator[kerberos]"' in refused.stderr
    assert "Traceback" not in refused.stderr
