"""Whatever stands in a file: a value or a SpecificationError with positions, never a crash."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from ipsec_orchestrator.adapters.specification import read_inventory, read_playbook
from ipsec_orchestrator.adapters.specification.yaml_reader import read_yaml
from ipsec_orchestrator.errors import Problem, SpecificationError
from ipsec_orchestrator.model.inventory import Inventory

WORDS = st.sampled_from(
    [
        "domain", "name", "controllers", "pdc", "dns_server", "ldap", "credentials", "user",
        "transport", "auth", "networks", "azure", "me", "any", "defaults", "roles", "groups",
        "hosts", "role", "azure-vm", "fqdn", "addresses", "ou", "winrm", "ca_file", "variables",
        "gpo", "filter_actions", "action", "negotiate", "permit", "methods", "ESP[3DES,SHA1]",
        "AH[SHA1]+ESP[None,None]:1k/1s", "unsecured", "pfs", "filter_lists", "filters", "source",
        "destination", "protocol", "tcp", "source_port", "policies", "rules", "filter_list",
        "filter_action", "tunnel", "authentication", "kerberos", "assignment", "members",
        "key_exchange", "3DES-SHA1-2", "lifetime", "3h", "10.0.0.0/8", "::1", "10.0.0.1-10.0.0.2",
        "OU=x", "DC=ipsectest,DC=com", "a,b", "~nobody-here/x", "password", "\\", "=", "",
    ],
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), WORDS, st.text(max_size=12)
)
KEYS = st.one_of(WORDS, WORDS, st.text(max_size=6))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(KEYS, inner, max_size=6),
    ),
    max_leaves=25,
)

QUICK = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def mutations(sound: dict[str, object]) -> st.SearchStrategy[object]:
    """Give a sound document in which one value at any depth is another tree."""

    def places(value: object, at: tuple[object, ...]) -> list[tuple[object, ...]]:
        found = [at]
        if isinstance(value, dict):
            for key, inner in value.items():
                found += places(inner, (*at, key))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                found += places(inner, (*at, index))
        return found

    def replaced(value: object, at: tuple[object, ...], tree: object) -> object:
        if not at:
            return tree
        if isinstance(value, dict):
            return {
                key: replaced(inner, at[1:], tree) if key == at[0] else inner
                for key, inner in value.items()
            }
        assert isinstance(value, list)
        return [
            replaced(inner, at[1:], tree) if index == at[0] else inner
            for index, inner in enumerate(value)
        ]

    chosen = st.sampled_from(places(sound, ()))
    return st.builds(lambda at, tree: replaced(sound, at, tree), chosen, TREES)


def problems_of(read: Callable[[], object]) -> Sequence[Problem]:
    """Read a file; an exception of any other kind fails the test."""
    try:
        read()
    except SpecificationError as error:
        return error.problems or pytest.fail("refused without a problem")
    return ()


def check_file(path: Path, inventory: Inventory) -> None:
    for read in (lambda: read_inventory([path]), lambda: read_playbook(path, inventory)):
        problems = problems_of(read)
        places = [(problem.line, problem.column) for problem in problems]
        assert places == sorted(places)
        assert all(line >= 1 and column >= 1 for line, column in places)
        assert all(problem.message.strip() for problem in problems)
        assert all(problem.file == str(path) for problem in problems)


def write_tree(path: Path, tree: object) -> None:
    with path.open("w", encoding="utf-8", errors="surrogatepass") as stream:
        YAML(typ="safe", pure=True).dump(tree, stream)


@QUICK
@given(
    text=st.one_of(st.text(), st.text(alphabet="a:-[]{}&*!%#'\"|>\\\n\t <0x,?@`~.", max_size=60))
)
@example("%YAML 9.9\n---\n")
@example("%TAG ! x\n---\n!a b")
@example("&a *a")
@example("? ? ?")
@example("'\ud800'")
def test_any_text_is_read_or_refused(text: str) -> None:
    """Random text gives a document or problems with positions."""
    document, problems = read_yaml("f", text)

    assert document is not None or problems
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


@QUICK
@given(raw=st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(
    tmp_path: Path,
    example_inventory: Inventory,
    raw: bytes,
) -> None:
    """Random bytes give a value or problems, as inventory and as playbook."""
    path = tmp_path / "bytes.yml"
    path.write_bytes(raw)

    check_file(path, example_inventory)


@QUICK
@given(tree=TREES)
def test_any_tree_is_read_or_refused(
    tmp_path: Path,
    example_inventory: Inventory,
    tree: object,
) -> None:
    """Random trees of our own words give a value or problems."""
    path = tmp_path / "tree.yml"
    write_tree(path, tree)

    check_file(path, example_inventory)


@pytest.mark.parametrize(
    "example_file",
    ["inventory/domain.yml", "inventory/hosts.yml", "playbooks/azure-onpremises.yml"],
)
@QUICK
@given(draw=st.data())
def test_damaged_examples_are_read_or_refused(
    tmp_path: Path,
    root: Path,
    example_inventory: Inventory,
    example_file: str,
    draw: st.DataObject,
) -> None:
    """An example with one value replaced by anything gives a value or problems."""
    sound = YAML(typ="safe", pure=True).load((root / example_file).read_text(encoding="utf-8"))
    path = tmp_path / "damaged.yml"
    write_tree(path, draw.draw(mutations(sound)))

    check_file(path, example_inventory)
