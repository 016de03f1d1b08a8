"""The page for the worst day names what the code names: DNs, attributes, keys, marks, events."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ipsec_orchestrator.adapters.jsonl_journal import JsonlJournal
from ipsec_orchestrator.adapters.scripts import script_text
from ipsec_orchestrator.codec.extension_names import (
    IPSEC_CSE,
    IPSEC_PAIR,
    ExtensionNames,
    format_extension_names,
)
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.engine.run import run
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.facts.run_lock import LOCK_NAME
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.adoption import ASSIGNMENT_NAMES
from ipsec_orchestrator.planning.desired import (
    CLASS_OF_KIND,
    IP_SECURITY_CONTAINER,
    POLICIES_CONTAINER,
    gpo_marker,
    marker,
)
from tests.worlds import ListObserver, MemoryDomain, SteppingClock


@pytest.fixture
def page(pages: Sequence[Any]) -> str:
    """The page."""
    text: str = next(page.text for page in pages if page.name == "docs/in-practice/undo.md")
    return text


def test_objects_are_found_by_the_marks_that_are_written(page: str) -> None:
    """The LDAP filters of the page fit the marks of any playbook, and look where they are."""
    filters = re.findall(r"\(adminDescription=([^)]*)\*\)", page)
    marks = [marker("x"), gpo_marker("x", created=True), gpo_marker("x", created=False)]

    assert [mark.removesuffix("x") for mark in marks] == filters
    assert f'"{IP_SECURITY_CONTAINER},$domain"' in page
    assert f'"{POLICIES_CONTAINER},$domain"' in page
    for name in CLASS_OF_KIND.values():
        assert f"(`{name}`)" in page


def test_the_assignment_is_where_the_code_writes_it(page: str) -> None:
    """The DN of CN=IPSEC below a GPO, and the attributes that unassigning clears."""
    below = assignment_dns("GPO")[-1].removesuffix(",GPO")

    assert f"`{below}`" in page
    listed = [f"`{name}`" for name in ASSIGNMENT_NAMES]
    assert f"clear {', '.join(listed[:-1])} and {listed[-1]}" in page
    for name in ("versionNumber", "gPCMachineExtensionNames", "gPLink"):
        assert f"`{name}`" in page


def test_the_pair_and_the_version_are_those_of_the_code(page: str) -> None:
    """The extension's GUIDs, and that 65535 is followed by 1."""
    pair = format_extension_names(ExtensionNames().insert(IPSEC_PAIR))
    highest = GpoVersion(user=0, machine=65535)

    assert f"`{pair}`" in page
    assert f"'{{{str(IPSEC_CSE).upper()}}}'" in page
    assert highest.next_machine().machine == 1
    assert "65535 there becomes 1, not 0" in page


def test_keys_and_services_are_those_that_the_script_reads(page: str) -> None:
    """What a person looks at is what the program looks at."""
    script = script_text("member_policy")
    (key,) = re.findall(r"^\$policyKey = '(HKLM:[^']*)'", script, re.MULTILINE)

    for below in (r"GPTIPSECPolicy", r"Policy\Cache"):
        assert rf"$policyKey\{below}" in script
        assert rf"'{key}\{below}'" in page
    assert rf"export {key.replace(':', '')} " in page
    for word in ("PolicyAgent", "IKEEXT", "RSOP_ExtensionStatus", "beginTime"):
        assert word in script
        assert word in page


def test_the_local_undo_is_that_of_the_task(page: str) -> None:
    """By hand the same commands in the same order as the task of --confirm-within."""
    task = script_text("dead_man_arm") + (
        Path(__file__).parents[2] / "docs" / "in-practice" / "commit-confirm.md"
    ).read_text(encoding="utf-8")
    commands = [
        "sc.exe config PolicyAgent start= disabled",
        "netsh.exe ipsec dynamic delete all",
        "sc.exe stop PolicyAgent",
    ]

    places = [page.index(f"\n{command}\n") for command in commands]
    assert places == sorted(places)
    for command in commands:
        assert f"`{command}`" in task


def test_nobody_is_told_to_delete_everything(page: str) -> None:
    """The one command that would empty the domain's store stands only behind a never."""
    for line in page.splitlines():
        if "static delete all" in line:
            assert line.startswith("**Never")
    assert page.index("1. **Unassign**") < page.index("2. **Raise") < page.index("3. **Refresh")
    assert f"`CN={LOCK_NAME}{{...}}`" in page


def test_a_journal_reads_as_the_page_says(
    page: str, howto: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """Event names, the place of the steps, and their before and after are those of a real one."""
    domain.apply(howto)
    plan = domain.plan_removal(howto)
    path = tmp_path / "RUN-ID.jsonl"
    with JsonlJournal(path, SteppingClock()) as journal:
        run(plan, domain.world, journal, ListObserver(), "r1")
    events: list[dict[str, Any]] = [
        json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()
    ]
    (begins,) = (event for event in events if event["event"] == "run-begins")
    done = [event["number"] for event in events if event["event"] == "step-ends"]

    assert "event -eq 'run-begins').plan.steps" in page
    assert "event -eq 'step-ends').number" in page
    assert done == list(range(1, len(plan.steps) + 1))
    entries = [step for step in begins["plan"]["steps"] if step["kind"] == "entry"]
    assert entries
    assert all({"title", "dn", "before", "after"} <= step.keys() for step in entries)
    assert all("ids" in event for event in events if event["event"] == "step-ends")
