"""What the domain needs of a machine is told in sentences with a cure."""

import sys
from pathlib import Path

import pytest

from ipsec_orchestrator.lab.domain.prerequisites import (
    PACKAGES,
    missing_packages,
    missing_prerequisites,
    package_names,
)


def install(root: Path, evidence: str) -> None:
    """Put the file that shows a package into a pretended file system."""
    path = root / evidence.replace("*", "x86_64-linux-gnu")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_all_packages_are_missing_from_an_empty_file_system(tmp_path: Path) -> None:
    """On a machine without Samba every package is named."""
    assert missing_packages(tmp_path) == PACKAGES


def test_only_what_is_missing_is_named(tmp_path: Path) -> None:
    """A package whose file is there is not asked for."""
    for package in PACKAGES:
        if package.names != ("krb5-user",):
            install(tmp_path, package.evidence)

    assert [package.names for package in missing_packages(tmp_path)] == [("krb5-user",)]


@pytest.mark.skipif(sys.platform != "linux", reason="the sentence of other platforms is another")
def test_missing_packages_are_told_with_the_command(tmp_path: Path) -> None:
    """The cure is the command that installs exactly what is missing."""
    for package in PACKAGES:
        if package.names not in {("winbind",), ("krb5-user",)}:
            install(tmp_path, package.evidence)
    missing = [
        item for item in missing_prerequisites(tmp_path, file_system=tmp_path) if item.packages
    ]

    assert [item.cure for item in missing] == ["apt-get install winbind krb5-user"]
    assert "winbind krb5-user" in missing[0].sentence


def test_each_package_is_named_once() -> None:
    """Two needs that one package fulfils lead to one name."""
    names = package_names(PACKAGES)

    assert len(names) == len(set(names))
    assert "samba" in names
