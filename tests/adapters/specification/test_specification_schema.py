"""JSON Schema and the starter: what editors and newcomers get."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from ipsec_orchestrator.adapters.specification import (
    inventory_schema,
    playbook_schema,
    read_inventory,
    read_playbook,
    write_starter,
)
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.json import Json

SCHEMAS: dict[str, Callable[[], dict[str, Json]]] = {
    "inventory": inventory_schema,
    "playbook": playbook_schema,
}


def schema_of(path: Path) -> tuple[Path, str]:
    """Give the schema file that an example's first line names, and its kind."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    target = (path.parent / first.removeprefix(prefix)).resolve()
    return target, target.name.partition(".")[0]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_schema_is_valid_and_committed_as_generated(root: Path, kind: str) -> None:
    """The committed schema files are what ``orchestrate schema`` prints."""
    schema = SCHEMAS[kind]()
    Draft202012Validator.check_schema(schema)

    committed = json.loads((root / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8"))

    assert committed == schema


@pytest.mark.parametrize("kind", SCHEMAS)
def test_schema_describes_every_key(kind: str) -> None:
    """An editor has a title and a description to show for every key."""
    schema = SCHEMAS[kind]()
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    # "Any JSON" is an empty schema; there is nothing to say about it.
    for section in (schema, *filter(None, definitions.values())):
        assert isinstance(section, dict)
        assert section.get("description")
        properties = section.get("properties", {})
        assert isinstance(properties, dict)
        for key, found in properties.items():
            assert isinstance(found, dict)
            assert "$ref" in found or (found.get("title") and found.get("description")), key


@pytest.mark.parametrize("kind", SCHEMAS)
def test_schema_refuses_unknown_keys(kind: str) -> None:
    """Editors mark a misspelt key while one types."""
    validator = Draft202012Validator(SCHEMAS[kind]())

    assert any("hosst" in error.message for error in validator.iter_errors({"hosst": 1}))


@pytest.mark.parametrize(
    "name",
    [
        "inventory/domain.yml",
        "inventory/hosts.yml",
        "playbooks/azure-onpremises.yml",
        "playbooks/azure-onpremises-waves.yml",
    ],
)
def test_examples_name_their_schema_and_satisfy_it(root: Path, name: str) -> None:
    """Every example begins with the line by which editors find its schema, and fits it."""
    target, kind = schema_of(root / name)

    assert target.is_file()
    content = YAML(typ="safe", pure=True).load((root / name).read_text(encoding="utf-8"))
    assert list(Draft202012Validator(SCHEMAS[kind]()).iter_errors(content)) == []


def test_starter_can_be_read_as_it_is(tmp_path: Path) -> None:
    """What ``orchestrate init`` writes is a sound inventory and playbook with their schemas."""
    written = write_starter(tmp_path / "new")

    inventory = read_inventory([tmp_path / "new" / "inventory"])
    playbooks = [path for path in written if path.parent.name == "playbooks"]
    assert inventory.hosts
    assert [read_playbook(path, inventory).assignment for path in playbooks] == ["first-policy"]
    for path in written:
        if path.suffix == ".yml":
            target, kind = schema_of(path)
            assert json.loads(target.read_text(encoding="utf-8")) == SCHEMAS[kind]()
    assert {path.name for path in written} == {
        "domain.yml",
        "hosts.yml",
        "first-policy.yml",
        "inventory.schema.json",
        "playbook.schema.json",
    }


def test_starter_overwrites_nothing(tmp_path: Path) -> None:
    """One file in the way, and nothing is written at all."""
    (tmp_path / "playbooks").mkdir()
    there = tmp_path / "playbooks" / "first-policy.yml"
    there.write_text("mine")

    with pytest.raises(UsageError, match=r"first-policy\.yml is there already"):
        write_starter(tmp_path)

    assert there.read_text() == "mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [there]


def test_starter_says_when_it_cannot_write(tmp_path: Path) -> None:
    """A directory that can't be made is a mistake of the user's, told in a sentence."""
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="can't be written"):
        write_starter(tmp_path / "file" / "below")


@pytest.mark.parametrize("kind", SCHEMAS)
def test_reference_page_describes_every_key(root: Path, kind: str) -> None:
    """The reference pages leave no key of the schemas out."""
    page = (root / "docs" / "reference" / f"{kind}.md").read_text(encoding="utf-8")
    written = {word for code in re.findall(r"`([^`\n]+)`", page) for word in re.split(r"\W+", code)}
    headings = set(re.findall(r"^#+ (.*)$", page, re.MULTILINE))
    described = written | {word.casefold() for line in headings for word in re.split(r"\W+", line)}
    schema = SCHEMAS[kind]()
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    for section in (schema, *definitions.values()):
        assert isinstance(section, dict)
        properties = section.get("properties", {})
        assert isinstance(properties, dict)

        assert set(properties) <= described
