"""Certificates, secrets and copies: what the lab puts into its folder."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.domain.certificates import DC_LDAPS, WRONG_NAME, issue_certificates
from ipsec_orchestrator.lab.domain.layout import DomainHost, LabLayout
from ipsec_orchestrator.lab.domain.ntlm_users import write_ntlm_users
from ipsec_orchestrator.lab.domain.passwords import random_password
from ipsec_orchestrator.lab.domain.private_files import write_file
from ipsec_orchestrator.lab.domain.provision import copy_domain


@pytest.fixture
def layout(tmp_path: Path) -> LabLayout:
    """A lab's folder without a lab; its network is not claimed, since nothing listens."""
    made = LabLayout(state_dir=tmp_path, name="files", network=77)
    made.secrets_dir.mkdir(parents=True)
    return made


def openssl_accepts(layout: LabLayout, certificate: str, *check: str) -> bool:
    """What OpenSSL says of a certificate, strictly."""
    options = ["-x509_strict", "-purpose", "sslserver", "-CAfile", str(layout.ca_file)]
    done = subprocess.run(
        ["openssl", "verify", *options, *check, str(layout.certificate(certificate))],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")
def test_certificates_hold_for_their_names_alone(layout: LabLayout) -> None:
    """OpenSSL accepts each host's name and address, and the wrong-name one for no host."""
    issue_certificates(layout, [DomainHost(name="vm1", address=layout.member_address(0))])

    assert openssl_accepts(layout, "vm1", "-verify_hostname", "vm1.ipsectest.com")
    assert openssl_accepts(layout, "vm1", "-verify_ip", "127.77.1.1")
    assert not openssl_accepts(layout, "vm1", "-verify_hostname", "vm2.ipsectest.com")
    assert openssl_accepts(layout, DC_LDAPS, "-verify_hostname", layout.dc_fqdn)
    assert openssl_accepts(layout, DC_LDAPS, "-verify_hostname", "ipsectest.com")
    assert not openssl_accepts(layout, WRONG_NAME, "-verify_hostname", "vm1.ipsectest.com")


def test_private_keys_are_private_and_the_authority_has_none(layout: LabLayout) -> None:
    """Keys are readable by their owner alone, and nobody can certify more in the lab's name."""
    issue_certificates(layout, [])
    keys = list(layout.tls_dir.glob("*.key"))

    assert {key.stem for key in keys} == {DC_LDAPS, WRONG_NAME}
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys)


def test_ntlm_users_are_private_and_in_every_form(layout: LabLayout) -> None:
    """The Administrator stands there as DOMAIN:user and as user@domain, for the owner's eyes."""
    write_file(layout.admin_password_file, "Secret1word")
    write_ntlm_users(layout)
    lines = layout.ntlm_user_file.read_text(encoding="utf-8").splitlines()

    assert "IPSECTEST:Administrator:Secret1word" in lines
    assert ":Administrator@ipsectest.com:Secret1word" in lines
    assert stat.S_IMODE(layout.ntlm_user_file.stat().st_mode) == 0o600


def test_private_file_replaces_an_open_one(tmp_path: Path) -> None:
    """A file that everybody could read is replaced by one of mode 600, whole, with no rest."""
    path = tmp_path / "secret"
    path.write_text("old and much longer", encoding="utf-8")
    path.chmod(0o644)
    write_file(path, "new")

    assert path.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_random_passwords_meet_the_complexity_rule() -> None:
    """Each has upper and lower case and a digit, is long, and is never the same."""
    passwords = {random_password() for _ in range(200)}

    assert len(passwords) == 200
    for password in passwords:
        assert len(password) == 24
        assert password.isalnum()
        assert {letter.isupper() for letter in password if letter.isalpha()} == {True, False}
        assert not password.isalpha()


def test_copy_replaces_the_target_and_keeps_attributes(tmp_path: Path) -> None:
    """A copy has the source's modes and extended attributes, and nothing of the old target."""
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "file").write_bytes(b"content")
    (source / "sub" / "file").chmod(0o640)
    os.setxattr(source / "sub" / "file", "user.mark", b"value")
    target.mkdir()
    (target / "old").touch()
    copy_domain(source, target)

    assert [str(path.relative_to(target)) for path in sorted(target.rglob("*"))] == [
        "sub",
        "sub/file",
    ]
    assert stat.S_IMODE((target / "sub" / "file").stat().st_mode) == 0o640
    assert os.getxattr(target / "sub" / "file", "user.mark") == b"value"


def test_copy_of_nothing_is_an_error(tmp_path: Path) -> None:
    """A missing source is told with both paths, in cp's own words."""
    with pytest.raises(LabProgramError, match="nowhere"):
        copy_domain(tmp_path / "nowhere", tmp_path / "target")
