"""Plans as text for people, compared with golden files."""

from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.model.plan import Action, Plan
from ipsec_orchestrator.model.policy import Cipher, Integrity, Playbook, SecurityMethod
from ipsec_orchestrator.model.stages import STAGE_TITLES, Stage
from ipsec_orchestrator.report.lines import Tone, plain_text
from ipsec_orchestrator.report.plan_report import counts_by_action, plan_lines, summary
from tests.worlds import MemoryDomain, with_windows_hosts

HERE = Path(__file__).parent


def changed(playbook: Playbook) -> Playbook:
    """The how-to with another security method, polling interval, and a filter less."""
    method = SecurityMethod(esp=(Cipher.DES, Integrity.MD5), lifetime_seconds=3600)
    return replace(
        playbook,
        filter_actions=(replace(playbook.filter_actions[0], methods=(method,)),),
        filter_lists=(
            replace(playbook.filter_lists[0], filters=playbook.filter_lists[0].filters[:1]),
        ),
        policies=(replace(playbook.policies[0], polling_interval_seconds=60),),
    )


@pytest.fixture
def plans(howto: Playbook, domain: MemoryDomain, tmp_path: Path) -> dict[str, Plan]:
    """The plans of a life: first apply, nothing to do, a change, the removal."""
    with_windows_hosts(domain, tmp_path)
    hosts = [host for host in domain.inventory.hosts if host.name != "dc1"]
    first = domain.plan(howto, hosts)
    domain.apply(howto, hosts)
    return {
        "howto-first": first,
        "howto-unchanged": domain.plan(howto, hosts),
        "howto-changed": domain.plan(changed(howto), hosts),
        "howto-removed": domain.plan_removal(howto, hosts),
    }


@pytest.mark.parametrize(
    "case", ["howto-first", "howto-unchanged", "howto-changed", "howto-removed"]
)
def test_plans_read_as_in_the_golden_files(
    plans: dict[str, Plan],
    case: str,
    update_cases: bool,  # noqa: FBT001
) -> None:
    """A person who knows the article recognises each stage; --update-cases writes the files."""
    path = HERE / f"{case}.txt"
    text = plain_text(plan_lines(plans[case]))
    if update_cases:
        path.write_text(text, encoding="utf-8")

    assert text == path.read_text(encoding="utf-8")


def test_every_stage_of_the_article_is_a_heading(plans: dict[str, Plan]) -> None:
    """The plan of the how-to has the article's stages in the article's order."""
    headings = [
        line.text.partition("  (")[0]
        for line in plan_lines(plans["howto-first"])
        if line.tone is Tone.HEADING
    ]

    assert headings[1:-1] == [
        STAGE_TITLES[stage].text
        for stage in Stage
        if stage not in {Stage.DEAD_MAN, Stage.WAVES, Stage.CLEAN_UP, Stage.WEB}
    ]


def test_warnings_stand_before_the_question(plans: dict[str, Plan]) -> None:
    """Weak algorithms are the last thing read before the count."""
    lines = plan_lines(plans["howto-first"])
    warnings = [line.text for line in lines if line.tone is Tone.WARNING]

    assert warnings[0] == "Worth knowing before you say yes"
    assert any("3DES and SHA-1" in text for text in warnings)
    assert lines[-1].text == summary(plans["howto-first"])


def test_an_empty_plan_says_so(plans: dict[str, Plan]) -> None:
    """Nothing to do is said in a sentence, not with a row of zeros."""
    assert summary(plans["howto-unchanged"]) == "Nothing to do: everything is as wanted."


def test_changes_are_counted_by_action(plans: dict[str, Plan]) -> None:
    """Every action has a number, zeros included."""
    counts = counts_by_action(plans["howto-changed"].changes)

    assert set(counts) == {action.value for action in Action}
    assert sum(counts.values()) == len(plans["howto-changed"].changes)
    assert counts["change"] > 0
