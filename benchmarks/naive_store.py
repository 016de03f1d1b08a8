"""A program: what somebody would do who has journals of runs and no index.

Arguments: ``heads`` (first and last line of each journal, and a list of the newest fifty) or
``whole`` (every line of each), and the state folder.
"""

import json
import sys
from pathlib import Path

_SHOWN = 50


def main(what: str, folder: str) -> None:
    """Read them."""
    found: list[tuple[str, str, str]] = []
    for path in sorted((Path(folder) / "runs").glob("*.jsonl"), reverse=True):
        lines = path.read_bytes().splitlines()
        wanted = lines if what == "whole" else (lines[0], lines[-1])
        first, *_, last = [json.loads(line) for line in wanted]
        found.append((path.stem, first["playbook"], last["event"]))
    for row in found[:_SHOWN]:
        print(*row)


if __name__ == "__main__":
    main(*sys.argv[1:])
