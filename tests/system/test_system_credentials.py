"""Who we are: every source of credentials against the real domain, and no password anywhere."""

import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import DEADLINE_SECONDS, PLAYBOOK, POLICY, PROGRAM, Laboratory

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

ONE_MEMBER = ("--limit", "vm1")
USER = "Administrator@IPSECTEST.COM"


def without_cache(content: dict[str, Any]) -> None:
    """Take the lab's credential cache out of the inventory."""
    del content["domain"]["credentials"]["ccache"]


def by_environment(lab: Laboratory, password: str | None = None) -> dict[str, Any]:
    """The two variables."""
    return {
        "IPSEC_ORCHESTRATOR_USER": USER,
        "IPSEC_ORCHESTRATOR_PASSWORD": password or lab.admin_password,
    }


def typed(lab: Laboratory, password: str, *arguments: str | Path) -> tuple[int, str, str]:
    """Run the program at a terminal and type a password: exit code, stdout, what was on screen."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [str(PROGRAM), *map(str, arguments)],
        stdin=end,
        stdout=subprocess.PIPE,
        stderr=end,
        text=True,
        env=lab.environment,
        start_new_session=True,
    )
    os.close(end)
    screen = b""
    try:
        while b"Password of" not in screen:
            screen += os.read(terminal, 4096)
        os.write(terminal, password.encode() + b"\n")
        for more in chunks(terminal):
            screen += more
        said, _ = process.communicate(timeout=DEADLINE_SECONDS)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    return process.returncode, said, screen.decode()


def chunks(terminal: int) -> Iterator[bytes]:
    """Everything that comes until the other end is closed, which Linux tells as an error."""
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:
            return
        if not more:
            return
        yield more


def test_prompt(lab: Laboratory) -> None:
    """``--user`` asks at the terminal; what is typed is not shown and works."""
    password = lab.admin_password
    inventory = lab.variant("nobody", without_cache)
    command = ("plan", PLAYBOOK, "-i", inventory, *ONE_MEMBER, "--user", USER)
    code, said, screen = typed(lab, password, *command)

    assert code == 0, screen
    assert "IPSec-Azure-OnPremises" in said
    assert password not in said + screen


def test_environment(lab: Laboratory) -> None:
    """User and password from the environment carry a whole apply."""
    inventory = lab.variant("nobody", without_cache)
    lab.apply(*ONE_MEMBER, inventory=inventory, **by_environment(lab))

    assert lab.assigned_policy("vm1") == POLICY


def test_keytab(lab: Laboratory, tmp_path: Path) -> None:
    """A keytab of the administrator is enough, and no ticket is left behind."""
    keytab = tmp_path / "admin.keytab"
    configuration = f"--configfile={lab.layout.smb_conf}"
    order = ("domain", "exportkeytab", str(keytab), "--principal=Administrator", configuration)
    lab.run("samba-tool", *order)

    def change(content: dict[str, Any]) -> None:
        without_cache(content)
        content["domain"]["credentials"] |= {"user": USER, "keytab": str(keytab)}

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    said = lab.play(
        "plan", *ONE_MEMBER, inventory=lab.variant("keytab", change), TMPDIR=str(scratch)
    )

    assert said.returncode == 0, said.stderr
    assert list(scratch.iterdir()) == []


def test_ntlm_alone(lab: Laboratory, tmp_path: Path) -> None:
    """Where Kerberos can't be used, NTLM does all of it: LDAP, SYSVOL and members."""
    nothing = tmp_path / "krb5.conf"
    nothing.write_text("[libdefaults]\n  dns_lookup_kdc = false\n", encoding="utf-8")

    def change(content: dict[str, Any]) -> None:
        content["domain"]["credentials"] = {"krb5_conf": str(nothing)}
        content["domain"]["ldap"]["auth"] = "ntlm"
        content["defaults"]["winrm"]["auth"] = "ntlm"

    lab.apply(*ONE_MEMBER, inventory=lab.variant("ntlm", change), **by_environment(lab))

    assert lab.assigned_policy("vm1") == POLICY


@pytest.mark.parametrize("auth", ["negotiate", "simple"])
def test_ldaps(lab: Laboratory, auth: str) -> None:
    """Inside TLS, checked against the domain's CA, Kerberos and a simple bind plan."""

    def change(content: dict[str, Any]) -> None:
        content["domain"]["ldap"] |= {"transport": "ldaps", "auth": auth}

    inventory = lab.variant(f"ldaps-{auth}", change)
    said = lab.play("plan", *ONE_MEMBER, inventory=inventory, **by_environment(lab))

    assert said.returncode == 0, said.stderr


def test_unknown_authority_is_refused(lab: Laboratory, tmp_path: Path) -> None:
    """LDAPS with the CA of somebody else ends before anything is said, in a clear sentence."""
    authority = tmp_path / "other-ca.pem"
    subject = ("-subj", "/CN=Somebody else", "-days", "2")
    key = ("-newkey", "rsa:2048", "-nodes", "-keyout", str(tmp_path / "key.pem"))
    order = ["openssl", "req", "-x509", *subject, *key, "-out", str(authority)]
    subprocess.run(order, check=True, capture_output=True, timeout=60)

    def change(content: dict[str, Any]) -> None:
        content["domain"]["ldap"] |= {"transport": "ldaps", "ca_file": str(authority)}

    said = lab.play("plan", *ONE_MEMBER, inventory=lab.variant("other-ca", change))

    assert said.returncode == 1
    assert "certificate" in said.stderr.casefold()
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("auth", ["negotiate", "ntlm"])
def test_wrong_password(lab: Laboratory, auth: str) -> None:
    """It is called wrong, without a traceback and without repeating it."""

    def change(content: dict[str, Any]) -> None:
        without_cache(content)
        content["domain"]["ldap"]["auth"] = auth

    inventory = lab.variant(f"wrong-{auth}", change)
    variables = by_environment(lab, "Not-The-Password-1")
    said = lab.play("plan", *ONE_MEMBER, inventory=inventory, **variables)

    assert said.returncode == 1
    assert "password" in said.stderr.casefold()
    assert "Traceback" not in said.stderr
    assert "Not-The-Password-1" not in said.stdout + said.stderr


def test_no_credentials_at_all(lab: Laboratory) -> None:
    """Without any source the program lists those that there are."""
    said = lab.play("plan", *ONE_MEMBER, inventory=lab.variant("nobody", without_cache))

    assert said.returncode == 64
    assert "--user" in said.stderr
    assert "kinit" in said.stderr


def test_password_is_nowhere(lab: Laboratory, tmp_path: Path) -> None:
    """Not in output, plan, journal or log, nor in the command line of any process meanwhile."""
    password = lab.admin_password
    inventory = lab.variant("nobody", without_cache)
    saved = tmp_path / "plan.json"
    options = ("-i", inventory, *ONE_MEMBER)
    variables = by_environment(lab)
    planned = lab.play("plan", "--out", saved, *ONE_MEMBER, inventory=inventory, **variables)
    assert planned.returncode == 0, planned.stderr
    lab.used = True
    process = subprocess.Popen(
        [str(PROGRAM), "apply", str(PLAYBOOK), *map(str, options), "--yes"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**lab.environment, "IPSEC_ORCHESTRATOR_STATE": str(lab.state_dir), **variables},
    )
    lines = set[bytes]()
    while process.poll() is None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                lines.add(path.read_bytes())
            except OSError:  # it has just ended
                continue
    said, _ = process.communicate()
    assert process.returncode == 0, said
    own = {lab.layout.secrets_dir, lab.layout.samba_dir, lab.layout.pristine_dir}
    files = [
        path
        for path in (*lab.state_dir.parent.rglob("*"), saved)
        if path.is_file() and not own & set(path.parents)
    ]

    assert len(lines) > 3
    assert any(path.suffix == ".jsonl" for path in files)
    assert password not in planned.stdout + planned.stderr + said
    assert not [line for line in lines if password.encode() in line]
    assert not [path for path in files if password.encode() in path.read_bytes()]
