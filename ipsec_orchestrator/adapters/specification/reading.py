"""Files -> inventory or playbook: the two functions that the rest of the program calls."""

from collections.abc import Sequence
from pathlib import Path

from ipsec_orchestrator.adapters.specification.examination import Examined, examine
from ipsec_orchestrator.adapters.specification.files import SourceFile, read_source, read_sources
from ipsec_orchestrator.adapters.specification.inventory_lowering import (
    InventorySource,
    lower_inventory,
)
from ipsec_orchestrator.adapters.specification.inventory_schema import InventoryFile
from ipsec_orchestrator.adapters.specification.playbook_lowering import lower_playbook
from ipsec_orchestrator.adapters.specification.playbook_schema import PlaybookFile
from ipsec_orchestrator.errors import Problem, SpecificationError, UsageError
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import Playbook


def read_inventory(paths: Sequence[Path]) -> Inventory:
    """Read an inventory from files and folders.

    Args:
        paths: Files, or folders of which all ``*.yml`` and ``*.yaml`` count, in name order.

    Raises:
        SpecificationError: All problems of all files.
        UsageError: No path at all.
    """
    if not paths:
        raise UsageError(
            "No inventory is given.",
            cure="Name a file or folder with -i, for example -i inventory/.",
        )
    files = read_sources(paths)
    examinations: dict[int, Examined[InventoryFile]] = {}
    sources: list[InventorySource] = []
    for index, file in enumerate(files):
        if file.document is None:
            continue
        examined = examine(file.document, InventoryFile)
        examinations[index] = examined
        if examined.content is not None:
            sources.append(
                InventorySource(
                    folder=file.path.parent,
                    examined=examined,
                    content=examined.content,
                ),
            )
    inventory = lower_inventory(sources)
    problems = [
        problem
        for index, file in enumerate(files)
        for problem in _in_order(file, examinations.get(index))
    ]
    if inventory is None and not _may_hold_domain(files, examinations):
        first = files[0]
        message = "no file of this inventory has the section 'domain'."
        problems.insert(
            0,
            Problem(file=str(first.path), line=1, column=1, path="domain", message=message),
        )
    if problems or inventory is None:
        raise SpecificationError(problems)
    return inventory


def read_playbook(path: Path, inventory: Inventory | None) -> Playbook:
    """Read a playbook.

    Args:
        path: The file.
        inventory: Gives the domain and the named networks; without it OUs must be whole DNs.

    Raises:
        SpecificationError: All problems of the file.
    """
    if path.is_dir():
        message = "this is a folder; a playbook is one file."
        problem = Problem(file=str(path), line=1, column=1, path="", message=message)
        raise SpecificationError([problem])
    file = read_source(path)
    if file.document is None:
        raise SpecificationError(file.problems)
    examined = examine(file.document, PlaybookFile)
    playbook = None
    if examined.content is not None:
        playbook = lower_playbook(examined, examined.content, path, inventory)
    problems = _in_order(file, examined)
    if problems or playbook is None:
        raise SpecificationError(problems)
    return playbook


def _in_order(
    file: SourceFile,
    examined: Examined[InventoryFile] | Examined[PlaybookFile] | None,
) -> list[Problem]:
    """Give the problems of a file from its top to its bottom."""
    problems = [*file.problems, *(examined.problems if examined else ())]
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def _may_hold_domain(
    files: Sequence[SourceFile],
    examinations: dict[int, Examined[InventoryFile]],
) -> bool:
    """Tell whether the domain may be in a file, or part of one, that could not be read."""
    for index, file in enumerate(files):
        examined = examinations.get(index)
        if examined is None or examined.content is None:
            return True
        if examined.document.has(("domain",)):
            return not examined.is_sound(("domain",))
        if file.problems:
            return True
    return False
