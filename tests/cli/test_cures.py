"""Every refusal says how to go on: of its own accord, or because whoever raises it does."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import ipsec_orchestrator
from ipsec_orchestrator.errors import (
    OrchestratorError,
    SpecificationError,
    UnsafeInSeveralWaysError,
)

ROOT = Path(ipsec_orchestrator.__file__).parent
# The way to go on is in every one of the problems, or of the errors, that they are made of.
EXEMPT = {SpecificationError, UnsafeInSeveralWaysError}
# What the lab's listener answers over the wire is read by programs, as Windows' own faults are.
ON_THE_WIRE = "ipsec_orchestrator.lab.winrm."


def all_errors() -> dict[str, type[OrchestratorError]]:
    """Every class of the tree, wherever in the package it is."""
    for module in walk_packages([str(ROOT)], "ipsec_orchestrator."):
        if ".errors" in module.name:
            import_module(module.name)
    found: dict[str, type[OrchestratorError]] = {}
    waiting = [OrchestratorError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            if not kind.__module__.startswith(ON_THE_WIRE):
                found[kind.__name__] = kind
            waiting.append(kind)
    return found


ERRORS = all_errors()


def makers(file: Path) -> Iterator[tuple[type[OrchestratorError], ast.Call]]:
    """Every place of a file where an error of the tree is made."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in ERRORS and ERRORS[name] not in EXEMPT:
            yield ERRORS[name], node


def names_a_cure(kind: type[OrchestratorError], call: ast.Call) -> bool:
    """Whether an error that is made here has a cure."""
    if kind.usual_cure:
        return True
    if "cure" not in inspect.signature(kind).parameters:
        # The class makes its own, out of what it is given.
        return "cure=" in inspect.getsource(kind.__init__)
    given = [word.value for word in call.keywords if word.arg == "cure"]
    return bool(given) and not (isinstance(given[0], ast.Constant) and not given[0].value)


@pytest.mark.parametrize(
    "file", sorted(ROOT.rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT))
)
def test_every_refusal_names_a_cure(file: Path) -> None:
    """No place in the program makes an error that leaves the reader alone."""
    without = [
        f"{kind.__name__} in line {call.lineno}"
        for kind, call in makers(file)
        if not names_a_cure(kind, call)
    ]

    assert without == []


def test_the_tree_is_found_and_its_users_too() -> None:
    """The test above looks at something: dozens of classes and hundreds of places."""
    places = sum(1 for file in ROOT.rglob("*.py") for _ in makers(file))

    assert len(ERRORS) > 20
    assert places > 150


@pytest.mark.parametrize("kind", sorted(ERRORS.values(), key=str), ids=lambda kind: kind.__name__)
def test_the_cure_is_part_of_the_sentence(kind: type[OrchestratorError]) -> None:
    """Whoever shows the error shows how to go on; a cure of the place goes before the usual one."""
    assert kind.__doc__
    error = OrchestratorError.__new__(kind)
    OrchestratorError.__init__(error, "It failed.", cure="Do this.")
    usual = OrchestratorError.__new__(kind)
    OrchestratorError.__init__(usual, "It failed.")

    assert str(error) == "It failed. Do this."
    assert str(usual) == ("It failed. " + kind.usual_cure).strip()
    assert (kind.usual_cure or "Do.").endswith(".")
