"""The README's lines of production use, typed as they stand, with a lab as the domain."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.system.conftest import DEADLINE_SECONDS, PROGRAM, Laboratory

README = Path(__file__).parents[3] / "README.md"


def shown_lines() -> list[list[str]]:
    """Give the words of every call of the program in the section, in order."""
    section = README.read_text(encoding="utf-8").partition("## Use it")[2]
    block = section.partition("```console\n")[2].partition("```")[0]
    lines = [line.removeprefix("$ ").partition(" && ")[0].split() for line in block.splitlines()]
    return [words[1:] for words in lines if words[0] == "orchestrate"]


@pytest.mark.timeout(900)
def test_the_readme_s_lines_of_production_use_work(lab: Laboratory, tmp_path: Path) -> None:
    """A newcomer who types what the README shows gets from the starter files to a proof."""
    (init, folder), *others = shown_lines()
    assert init == "init"

    def call(*words: str, where: Path, codes: tuple[int, ...] = (0,)) -> None:
        done = subprocess.run(
            [str(PROGRAM), *words],
            cwd=where,
            env={**lab.environment, "IPSEC_ORCHESTRATOR_STATE": str(lab.state_dir)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        assert done.returncode in codes, f"{words}: {done.stdout}{done.stderr}"

    call(init, folder, where=tmp_path)
    inventory = tmp_path / folder / "inventory"
    # What the editor is for: the inventory of this domain.
    for file in inventory.iterdir():
        file.unlink()
    shutil.copy(lab.inventory, inventory / "domain.yml")
    for words in others:
        asks = words[0] in {"apply", "remove"}
        # The starter policy lets a pair talk in clear until it has an association, and prove says
        # so of a flow that it met before: an answer as well.
        codes = (0, 2) if words[0] == "prove" else (0,)
        call(*words, *(["--yes"] if asks else []), where=tmp_path / folder, codes=codes)

    assert {"hosts", "doctor", "plan", "apply", "prove", "remove"} <= {w[0] for w in others}
    assert any((tmp_path / folder / "proof").iterdir())
