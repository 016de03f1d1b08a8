"""Plan files: what is read is what was written, and nothing else is carried out."""

import json
from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ipsec_orchestrator.app.plans import parse_plan_bytes
from ipsec_orchestrator.errors import PlanFileError
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.plan import Basis, BasisObject, Caution, Plan, Purpose
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import MemberStep
from ipsec_orchestrator.planning.planfile import (
    is_plan_text,
    is_playbook_json,
    parse_plan,
    plan_text,
)
from ipsec_orchestrator.planning.stepfile import attributes_from_json, attributes_to_json
from tests.strategies import changed, playbooks
from tests.worlds import MemoryDomain, memory_domain

# Every kind of value that a plan can have, and small enough to be damaged often.
DAMAGED = plan_text(
    Plan(
        purpose=Purpose.APPLY,
        basis=Basis(
            domain="ipsectest.com",
            dc="dc1.ipsectest.com",
            invocation_id=UUID(int=7),
            playbook="azure-onpremises",
            gpo="IPSec",
            tool_version="0.1.0",
            objects=(
                BasisObject(
                    dn="OU=x", guid=UUID(int=8), usn=9, attributes=Attributes({"a": (b"\0", b"b")})
                ),
                BasisObject(dn="CN=y", guid=None, usn=None, attributes=None),
            ),
        ),
        changes=(),
        steps=(MemberStep(stage=Stage.MEMBERS, title="t", host="vm1", before=None, after="p"),),
        warnings=(Caution(code="c", text="é"),),
    )
)


def plans_of(playbook: Playbook, other: Playbook) -> list[Plan]:
    """The first plan, the plan of a change, and that of the removal."""
    domain = memory_domain()
    first = domain.plan(playbook)
    domain.carry_out(first)
    return [first, domain.plan(other), domain.plan_removal(other)]


@settings(max_examples=8)
@given(st.data())
def test_a_plan_survives_its_file(data: st.DataObject) -> None:
    """Plan to JSON and back is the same plan, for new, changed and removed policies."""
    playbook = data.draw(playbooks())
    for plan in plans_of(playbook, data.draw(changed(playbook))):
        assert parse_plan(plan_text(plan), "plan.json") == plan


@settings(max_examples=8)
@given(playbooks())
def test_planning_twice_gives_the_same_text(playbook: Playbook) -> None:
    """Two plans of one world are equal byte for byte, in two domains that are alike as well."""
    domain = memory_domain()
    text = plan_text(domain.plan(playbook))

    assert plan_text(domain.plan(playbook)) == text
    assert plan_text(memory_domain().plan(playbook)) == text


@settings(max_examples=100)
@given(st.dictionaries(st.text("abcXY", min_size=1), st.lists(st.binary(max_size=20))))
def test_attribute_values_survive_json(values: dict[str, list[bytes]]) -> None:
    """Text, bytes and empty values all come back as they were."""
    attributes = Attributes(values)

    assert attributes_from_json(attributes_to_json(attributes)) == attributes


def leaves(found: Json, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of everything in a document that is no object and no list."""
    if isinstance(found, dict):
        return [leaf for key, value in found.items() for leaf in leaves(value, (*path, key))]
    if isinstance(found, list):
        return [leaf for at, value in enumerate(found) for leaf in leaves(value, (*path, at))]
    return [path]


def test_a_change_anywhere_in_the_file_is_refused(howto: Playbook, domain: MemoryDomain) -> None:
    """Whatever value of a plan file is edited, the digest gives it away."""
    text = plan_text(domain.plan(howto))
    paths = leaves(json.loads(text))
    assert len(paths) > 100
    for path in paths:
        document = json.loads(text)
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = "edited"
        with pytest.raises(PlanFileError):
            parse_plan(json.dumps(document), "plan.json")


def test_a_step_taken_out_is_refused(howto: Playbook, domain: MemoryDomain) -> None:
    """Leaving out a step is tampering as well, and the message says what to do."""
    document = json.loads(plan_text(domain.plan(howto)))
    del document["steps"][3]

    with pytest.raises(PlanFileError, match="digest does not fit") as caught:
        parse_plan(json.dumps(document), "plan.json")
    assert "plan again" in str(caught.value)


def resealed(plan: Plan, change: Callable[[dict[str, object]], None]) -> str:
    """The text of a plan whose content was changed and whose digest was made to fit again."""
    from ipsec_orchestrator.planning import planfile  # noqa: PLC0415 - its digest is no public name

    document = json.loads(plan_text(plan))
    del document["digest"]
    change(document)
    document["digest"] = planfile._digest(document)
    return json.dumps(document)


def without_steps(document: dict[str, object]) -> None:
    """No steps at all."""
    del document["steps"]


def with_unknown_step(document: dict[str, object]) -> None:
    """A step of a kind that does not exist."""
    document["steps"] = [{"kind": "shell", "stage": "gpo", "title": "run something"}]


def with_steps_as_text(document: dict[str, object]) -> None:
    """Steps that are no list."""
    document["steps"] = "none"


@pytest.mark.parametrize("change", [without_steps, with_unknown_step, with_steps_as_text])
def test_an_incomplete_plan_is_refused(
    howto: Playbook,
    domain: MemoryDomain,
    change: Callable[[dict[str, object]], None],
) -> None:
    """A plan with a fitting digest but without all its parts is no plan."""
    with pytest.raises(PlanFileError, match="not a complete plan"):
        parse_plan(resealed(domain.plan(howto), change), "plan.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "plan.json:1:2: not JSON"),
        ("[]", "not a plan of this program"),
        ("[" * 100_000, "not a plan of this program"),
        ('{"a": ' + "9" * 5000 + "}", "not a plan of this program"),
        ('{"format": "other"}', "not a plan of this program"),
        ('{"format": "ipsec_orchestrator/plan", "format_version": 99}', "plan format 99"),
    ],
)
def test_what_is_no_plan_is_said_to_be_none(text: str, words: str) -> None:
    """Files that are no plan, or of another version, are refused with the reason."""
    with pytest.raises(PlanFileError) as caught:
        parse_plan(text, "plan.json")
    assert words in str(caught.value)


_BLANKS = b" \t\r\n"


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_file_is_refused_in_a_sentence(data: st.DataObject) -> None:
    """Cut short anywhere, or with any byte turned: one sentence, never a traceback."""
    content = DAMAGED.encode()
    cut = data.draw(st.integers(0, len(content) - 2))
    at = data.draw(st.integers(0, len(content) - 2))
    turned = bytearray(content)
    turned[at] ^= data.draw(st.integers(1, 255))
    # One kind of blank for another between two words of JSON damages nothing.
    assume(content[at] not in _BLANKS or turned[at] not in _BLANKS)
    for damaged in (content[:cut], bytes(turned)):
        with pytest.raises(PlanFileError) as caught:
            parse_plan_bytes(damaged, "plan.json")
        assert str(caught.value).startswith("plan.json")
        assert "\n" not in str(caught.value)


def test_a_hash_that_does_not_fit_is_refused(howto: Playbook, domain: MemoryDomain) -> None:
    """The content hash of an object and its attributes belong together."""

    def with_other_hash(document: dict[str, object]) -> None:
        basis = document["basis"]
        assert isinstance(basis, dict)
        basis["objects"][0]["content"] = "0" * 64

    with pytest.raises(PlanFileError, match="does not fit its attributes"):
        parse_plan(resealed(domain.plan(howto), with_other_hash), "plan.json")


def test_plans_and_playbooks_are_told_apart(howto: Playbook, domain: MemoryDomain) -> None:
    """A plan file is known by its first words; a playbook is not taken for one."""
    assert is_playbook_json('{"gpo": {"name": "x"}}')
    assert not is_playbook_json('{"format": "other"}')
    assert not is_playbook_json("")
    assert is_plan_text(plan_text(domain.plan(howto)))
    assert not is_plan_text("gpo:\n  name: ipsec_orchestrator/plan\n")
