"""Files that a schedule is given: private where they are secret, readable where they are not."""

from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.schedulers.given_files import (
    check_private,
    check_readable_by_anybody,
)
from ipsec_orchestrator.errors import UsageError


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """Mode 0600 passes; a bit for the group or for all does not."""
    secret = tmp_path / "keytab"
    secret.touch()
    for mode in (0o600, 0o400):
        secret.chmod(mode)
        check_private(secret)
    for mode in (0o640, 0o604, 0o660):
        secret.chmod(mode)
        with pytest.raises(UsageError, match=f"{mode:04o}.*chmod 600"):
            check_private(secret)


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    """A missing file and a folder are told as such."""
    with pytest.raises(UsageError, match="Name a file"):
        check_private(tmp_path / name)


def test_a_folder_on_the_way_counts(tmp_path: Path) -> None:
    """A file that everybody may read in a folder that nobody may enter can't be read."""
    inner = tmp_path / "inner"
    inner.mkdir()
    file = inner / "playbook.yml"
    file.touch()
    check_readable_by_anybody([Path("/usr/bin/env")])
    for file_mode, folder_mode, culprit in ((0o644, 0o750, inner), (0o640, 0o755, file)):
        file.chmod(file_mode)
        inner.chmod(folder_mode)
        with pytest.raises(UsageError, match=f"may not read {culprit}.*--run-as"):
            check_readable_by_anybody([file])
