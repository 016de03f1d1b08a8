"""YAML form: positions, duplicates, aliases, bounds, unreadable files."""

from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.specification import read_inventory, read_playbook
from ipsec_orchestrator.adapters.specification.document import Position
from ipsec_orchestrator.adapters.specification.yaml_reader import read_yaml
from ipsec_orchestrator.errors import Problem, SpecificationError, UsageError


def only_problem(path: Path) -> Problem:
    with pytest.raises(SpecificationError) as caught:
        read_inventory([path])
    (problem,) = caught.value.problems
    return problem


def test_positions_of_keys_and_values_are_known() -> None:
    """Every key and value knows its line and column, counted from 1."""
    document, problems = read_yaml("f", "a:\n  b: [x, {c: 1}]\n")

    assert not problems
    assert document is not None
    assert document.value == {"a": {"b": ["x", {"c": 1}]}}
    assert document.key_position(("a", "b")) == Position(line=2, column=3)
    assert document.value_position(("a", "b", 1, "c")) == Position(line=2, column=14)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("2001-01-01", "2001-01-01"),
        ("12:30", "12:30"),
        ("~", None),
        ("True", True),
        ("'8080'", "8080"),
        ("!!str 8080", "8080"),
        ("1_000", "1_000"),
        ("-5", -5),
    ],
)
def test_words_mean_what_yaml_1_2_says(written: str, meant: object) -> None:
    """Plain words follow the core schema of YAML 1.2, not the surprises of 1.1."""
    document, problems = read_yaml("f", f"a: {written}\n")

    assert not problems
    assert document is not None
    assert document.value == {"a": meant}
    assert isinstance(document.value, dict)
    assert type(document.value["a"]) is type(meant)


def test_duplicate_key_names_both_places() -> None:
    """A key written twice is a problem at the second place that names the first."""
    _, (problem,) = read_yaml("f", "a:\n  b: 1\n  c: 2\n  b: 3\n")

    assert (problem.line, problem.column, problem.path) == (4, 3, "a.b")
    assert "line 2, column 3" in problem.message


def test_anchors_and_aliases_are_allowed() -> None:
    """An alias gives the value of its anchor."""
    document, problems = read_yaml("f", "a: &x [1, 2]\nb: *x\n")

    assert not problems
    assert document is not None
    assert document.value == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "line", "column", "fragment"),
    [
        ("a: 1\n\tb: 2\n", 2, 1, "tabs"),
        ("a: b: c\n", 1, 5, "quotes"),
        ("a: [1, 2\n", 2, 1, "not valid YAML"),
        ("a: *nowhere\n", 1, 4, "anchor"),
        ("a: &x [*x]\n", 1, 8, "inside the value"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second YAML document"),
        ("%YAML 1.1\n---\na: 1\n", 2, 1, "1.2"),
        ("a: !thing 1\n", 1, 1, "tags"),
        ("a: !!int x\n", 1, 1, "tag"),
        ("a: .inf\n", 1, 1, "finite"),
        ("a: 1e999\n", 1, 1, "finite"),
        (f"a: {'9' * 5000}\n", 1, 1, "digits"),
        ("<<: {a: 1}\n", 1, 1, "merge keys"),
        ("? [a]\n: 1\n", 1, 3, "plain words"),
        ("a: \x07\n", 1, 4, "control character"),
        ('a: "\\UFFFFFFFF"\n', 1, 1, "escape"),
        ("a: " + "[" * 5000, 1, 44, "levels deep"),
        ("", 1, 1, "empty"),
        ("# nothing\n", 1, 1, "empty"),
    ],
)
def test_bad_form_is_one_problem_at_its_place(
    text: str,
    line: int,
    column: int,
    fragment: str,
) -> None:
    """Whatever is no YAML of ours becomes one problem with its position."""
    _, problems = read_yaml("f", text)

    assert [(problem.line, problem.column) for problem in problems] == [(line, column)]
    assert fragment in problems[0].message


def test_alias_bomb_is_bounded() -> None:
    """Aliases of aliases are counted as what they expand to, and refused beyond the limit."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 10):
        aliases = ", ".join([f"*a{level - 1}"] * 10)
        levels.append(f"a{level}: &a{level} [{aliases}]")

    _, (problem,) = read_yaml("f", "\n".join(levels))

    assert "aliases expanded" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "password: hunter2\n  x\ny: z: 1",
        "password: *hunter2\n",
        "password: !hunter2 x\n",
        "password: !hunter2!x y\n",
        "password: {hunter2\n",
        "password: [hunter2: }\n",
        "password: 'hunter2\n",
        "password: hunter2\npassword: hunter2\n",
        "{hunter2\n",
    ],
)
def test_syntax_errors_do_not_repeat_the_file(text: str) -> None:
    """A message about broken YAML never quotes words of the file; one might be a password."""
    _, problems = read_yaml("f", text)

    assert problems
    assert not any("hunter2" in str(problem) for problem in problems)


def test_missing_file_is_a_problem(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    problem = only_problem(tmp_path / "nowhere.yml")

    assert "no such file" in problem.message
    assert problem.file == str(tmp_path / "nowhere.yml")


def test_folder_without_files_is_a_problem(tmp_path: Path) -> None:
    """A folder without YAML files is no inventory."""
    (tmp_path / "readme.txt").write_text("x")

    assert "no *.yml" in only_problem(tmp_path).message


def test_file_that_is_not_utf8_is_a_problem_at_the_byte(tmp_path: Path) -> None:
    """The first byte that is not UTF-8 is pointed at."""
    path = tmp_path / "latin1.yml"
    path.write_bytes("domain:\n  name: münchen.example\n".encode("latin-1"))

    problem = only_problem(path)

    assert (problem.line, problem.column) == (2, 10)
    assert "UTF-8" in problem.message


def test_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    """Editors on Windows put a byte order mark first; it does no harm."""
    path = tmp_path / "bom.yml"
    path.write_bytes(b"\xef\xbb\xbfdomain: {name: corp.example}\r\n")

    assert read_inventory([path]).domain.name == "corp.example"


def test_huge_file_is_refused(tmp_path: Path) -> None:
    """A file beyond any inventory's size is not read."""
    path = tmp_path / "huge.yml"
    with path.open("wb") as stream:
        stream.truncate(9 * 1024 * 1024)

    assert "larger than" in only_problem(path).message


def test_device_is_refused() -> None:
    """A device that never ends is no file."""
    assert "not a regular file" in only_problem(Path("/dev/zero")).message


def test_path_with_nul_is_a_problem() -> None:
    """A path that no system takes is a problem, not a crash."""
    assert "no such file" in only_problem(Path("a\0b")).message


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text\n", "42\n"])
def test_wrong_top_level_is_one_problem(tmp_path: Path, text: str) -> None:
    """A file whose top is no mapping is told so, once."""
    path = tmp_path / "list.yml"
    path.write_text(text)

    problem = only_problem(path)

    assert "must be a mapping" in problem.message
    assert (problem.line, problem.column) == (1, 1)


def test_folder_as_playbook_is_a_problem(tmp_path: Path) -> None:
    """A playbook is one file."""
    with pytest.raises(SpecificationError, match="one file"):
        read_playbook(tmp_path, None)


def test_no_path_is_a_usage_error() -> None:
    """Without any path there is nothing to read."""
    with pytest.raises(UsageError, match="No inventory"):
        read_inventory([])
