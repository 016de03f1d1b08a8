"""The documents of ``--json``, held against JSON schemas, and the table of hosts."""

import json
from pathlib import Path
from typing import cast

import jsonschema
import pytest

from ipsec_orchestrator.app.show import domain_policies
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import (
    HostOutcome,
    MemberResult,
    RunReport,
    StepOutcome,
    StepResult,
)
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.planning.planfile import plan_to_json
from ipsec_orchestrator.report.lines import Tone, plain_text
from ipsec_orchestrator.report.policy_report import policy_lines, policy_to_json
from ipsec_orchestrator.report.run_report import (
    TABLE_HEADINGS,
    ending_lines,
    member_rows,
    run_to_json,
)
from tests.worlds import MemoryDomain, with_windows_hosts

SCHEMAS = cast(
    "dict[str, dict[str, Json]]",
    json.loads((Path(__file__).parent / "documents.schema.json").read_text(encoding="utf-8")),
)


def check(document: Json, kind: str) -> None:
    """Hold a document, as it is after writing and reading it, against its schema."""
    read = json.loads(json.dumps(document))
    schema = {**SCHEMAS[kind], "$defs": SCHEMAS["$defs"]}
    jsonschema.Draft202012Validator(schema).validate(read)


def test_plan_and_run_documents_fit_their_schemas(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """What scripts read has a shape that is written down."""
    with_windows_hosts(domain, tmp_path)
    hosts = [host for host in domain.inventory.hosts if host.name != "dc1"]
    plan = domain.plan(howto, hosts)
    check(plan_to_json(plan), "plan")
    check(run_to_json(domain.carry_out(plan)), "run")
    check(plan_to_json(domain.plan_removal(howto, hosts)), "plan")
    for found in domain_policies(domain.world):
        check(policy_to_json(found.policy, found.gpos), "policy")


def test_schemas_refuse_something(howto: Playbook, domain: MemoryDomain) -> None:
    """The schemas are no formality: a document without its steps does not fit."""
    document = {**plan_to_json(domain.plan(howto))}
    del document["steps"]

    with pytest.raises(jsonschema.ValidationError):
        check(document, "plan")


def test_a_policy_reads_in_the_playbooks_words(howto: Playbook, domain: MemoryDomain) -> None:
    """``show`` names rules, filters and methods as the playbook does."""
    domain.apply(howto)
    (found,) = domain_policies(domain.world)
    text = plain_text(list(policy_lines(found.policy, found.gpos)))

    for words in (
        "policy policy-azure-onpremises\n",
        f"assigned to: {howto.gpo.name}\n",
        "made by: ipsec_orchestrator playbook=azure-onpremises\n",
        "filter 1: 10.0.1.0/24 to 10.2.27.0/25, tcp any to 8080, mirrored\n",
        "filter 2: 10.2.27.0/25 to 10.0.1.0/24, tcp any to 8080, mirrored\n",
        "methods: ESP[3DES,SHA1]\n",
        "rule default response\n",
    ):
        assert words in text


def test_a_broken_reference_is_shown(howto: Playbook, domain: MemoryDomain) -> None:
    """A policy whose part was deleted says which part is missing."""
    domain.apply(howto)
    (found,) = domain_policies(domain.world)
    rule = next(shown for shown in found.policy.rules if shown.rule.name)
    assert rule.filter_list is not None
    guid = f"{{{str(rule.filter_list.object_id).upper()}}}"
    domain.directory.delete(
        f"CN=ipsecFilter{guid},CN=IP Security,CN=System,DC=ipsectest,DC=com",
    )
    (broken,) = domain_policies(domain.world)
    lines = list(policy_lines(broken.policy))

    assert [line.text for line in lines if line.tone is Tone.BAD] == [
        f"  refers to {guid}, which is not there",
    ]


def member(outcome: HostOutcome, **values: str | bool | None) -> MemberResult:
    """One member's result."""
    fields = {"policy": None, "enforced": None, "cure": None, **values}
    return MemberResult(
        host="vm1",
        role="azure-vm",
        outcome=outcome,
        policy=cast("str | None", fields["policy"]),
        enforced=cast("bool | None", fields["enforced"]),
        reason="Because.",
        cure=cast("str | None", fields["cure"]),
    )


@pytest.mark.parametrize(
    ("result", "cells", "tone"),
    [
        (
            member(HostOutcome.DONE, policy="p", enforced=True),
            ("vm1", "azure-vm", "done", "p", "yes", "Because."),
            Tone.GOOD,
        ),
        (
            member(HostOutcome.DONE, policy="p", enforced=False, cure="Start it."),
            ("vm1", "azure-vm", "done", "p", "no", "Because. Start it."),
            Tone.GOOD,
        ),
        (
            member(HostOutcome.FAILED, cure="Look."),
            ("vm1", "azure-vm", "failed", "not seen", "not seen", "Because. Look."),
            Tone.BAD,
        ),
        (
            member(HostOutcome.UNKNOWN),
            ("vm1", "azure-vm", "unknown", "not seen", "not seen", "Because."),
            Tone.WARNING,
        ),
        (
            member(HostOutcome.FAILED, enforced=False),
            ("vm1", "azure-vm", "failed", "none", "no", "Because."),
            Tone.BAD,
        ),
        (
            MemberResult(
                host="dc1",
                role="domain-controller",
                outcome=HostOutcome.DONE,
                policy=None,
                enforced=None,
                reason="Written.",
            ),
            ("dc1", "domain-controller", "done", "", "", "Written."),
            Tone.GOOD,
        ),
    ],
)
def test_the_table_has_a_row_a_host(
    result: MemberResult,
    cells: tuple[str, ...],
    tone: Tone,
) -> None:
    """Outcome, policy, enforcement and reason, with the cure behind it."""
    assert member_rows([result]) == [(cells, tone)]
    assert len(cells) == len(TABLE_HEADINGS)


def step(number: int, outcome: StepOutcome, reason: str = "") -> StepResult:
    """One step's result."""
    return StepResult(
        number=number,
        stage=Stage.POLICY,
        title="t",
        object="o",
        outcome=outcome,
        reason=reason,
    )


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (
            RunReport(run_id="r", steps=(step(1, StepOutcome.DONE),), members=()),
            ["1 steps done."],
        ),
        (
            RunReport(
                run_id="r",
                steps=(step(1, StepOutcome.DONE), step(2, StepOutcome.ALREADY)),
                members=(),
            ),
            ["1 steps done, 1 were so already."],
        ),
        (
            RunReport(
                run_id="r",
                steps=(step(1, StepOutcome.FAILED), step(2, StepOutcome.SKIPPED)),
                members=(),
                error="It broke.",
            ),
            ["Stopped: It broke.", "0 steps were done and stay done; 1 were not begun."],
        ),
        (
            RunReport(
                run_id="r",
                steps=(step(1, StepOutcome.SKIPPED, "not yet"),),
                members=(member(HostOutcome.UNKNOWN, cure="Look."),),
            ),
            [
                "1 steps wait: not yet. `orchestrate resume r` does them later.",
                "vm1: unknown: Because. Look.",
            ],
        ),
    ],
)
def test_the_end_says_how_to_go_on(report: RunReport, words: list[str]) -> None:
    """Done, stopped, or waiting: each ending names what comes next."""
    text = plain_text(ending_lines(report))

    for expected in words:
        assert expected in text
