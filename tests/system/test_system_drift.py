"""Drift in a real directory: tampered with by other programs, found under the right words."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.system.conftest import DOMAIN_DN, OU_DN, POLICIES_DN, Laboratory, MakeLab, document
from tests.system.mending import Scene
from tests.system.tamperings import GPO_NAME, HARMLESS, LINK_NAME, TAMPERINGS, Tampering

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

ONE = ("--limit", "vm1")
ADMINISTRATOR = r"IPSECTEST\Administrator"


def drift(lab: Laboratory, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document of ``orchestrate drift``."""
    said = lab.play("drift", "--json", *ONE, *options)
    assert said.returncode in {0, 2, 3}, said.stderr
    return said.returncode, document(said)


def words(found: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    """Word, thing, name and field of every difference."""
    return {
        (each["kind"], each["thing"], each["name"], each["field"]) for each in found["differences"]
    }


@pytest.fixture(scope="module")
def applied(make_lab: MakeLab) -> Iterator[Scene]:
    """A lab of its own where the how-to was applied; at the end nothing differs any more."""
    made = make_lab("drift")
    made.apply(*ONE)
    yield Scene.of(made)
    code, found = drift(made)
    assert (code, found["differences"]) == (0, [])


@pytest.fixture
def scene(applied: Scene) -> Iterator[Scene]:
    """That lab, and after the test everything as it was before."""
    yield applied
    applied.mend()


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda each: each.name)
def test_tampering_is_found(scene: Scene, tampering: Tampering) -> None:
    """It has its word, its thing and its field, and nothing else is reported."""
    tampering.do(scene)
    code, found = drift(scene.lab)

    assert words(found) == {(tampering.kind, *each) for each in tampering.words}
    assert (code, found["unknown"]) == (2, [])
    for each in found["differences"]:
        assert each["expected"] != each["found"]
        if tampering.origin:
            assert each["who"] == ADMINISTRATOR, each["why_unknown"]
            assert each["where"] == scene.lab.layout.dc_fqdn
            assert each["when"]


def test_there_are_fifty_kinds_of_tampering() -> None:
    """No two of them have one name, and fifty are not too few to be called many."""
    assert len({each.name for each in TAMPERINGS}) == len(TAMPERINGS) >= 50


@pytest.mark.parametrize("tampering", HARMLESS, ids=lambda each: each.name)
def test_what_is_nobodys_business_is_not_reported(scene: Scene, tampering: Tampering) -> None:
    """A change beside ours that changes nothing for the members is no difference."""
    tampering.do(scene)

    assert drift(scene.lab)[1]["differences"] == []


def test_clean_domain_is_clean_many_times(scene: Scene) -> None:
    """Nothing is reported of an unchanged domain, ten times in a row."""
    first = drift(scene.lab)

    assert first[0] == 0
    assert {json.dumps(drift(scene.lab)) for _ in range(9)} == {json.dumps(first)}


def test_deleted_account_and_deleted_gpo(lab: Laboratory) -> None:
    """A GPO that is gone takes link and assignment with it; an account is gone for itself."""
    lab.apply(*ONE)
    gpo = f"CN={lab.gpo_id(GPO_NAME)},{POLICIES_DN}"
    deepest_first = sorted(lab.search(gpo, "dn"), key=len, reverse=True)
    lab.modify("\n".join(f"dn: {dn}\nchangetype: delete\n" for dn in deepest_first))
    lab.samba_tool("computer", "delete", "vm2")
    said = lab.play("drift", "--json", "--limit", "vm1,vm2")
    found = document(said)
    gone = {(each["thing"], each["name"]): each for each in found["differences"]}

    assert said.returncode == 2
    assert ("drift", "GPO", GPO_NAME, "the object") in words(found)
    assert ("drift", "link", LINK_NAME, "the object") in words(found)
    assert ("drift", "computer account", "vm2", "place") in words(found)
    assert gone["GPO", GPO_NAME]["who"] == ADMINISTRATOR
    assert gone["GPO", GPO_NAME]["when"]
    assert gone["computer account", "vm2"]["who"] == ADMINISTRATOR


def test_without_a_record_and_with_a_silent_member(lab: Laboratory) -> None:
    """Before any apply everything is pending; a member that refuses is unknown."""
    lab.used = True
    lab.fault("vm1", "refused")
    code, found = drift(lab)
    lab.fault("vm1")

    assert code == 2
    assert found["record"] is None
    assert {each["kind"] for each in found["differences"]} == {"pending"}
    assert [each["object"] for each in found["unknown"]] == ["vm1"]


def test_moved_account_and_lost_policy(lab: Laboratory) -> None:
    """An account in another OU is found, and so is a registry without the policy."""
    lab.apply(*ONE)
    lab.modify(
        f"dn: CN=VM1,{OU_DN}\nchangetype: modrdn\nnewrdn: CN=VM1\ndeleteoldrdn: 1\n"
        f"newsuperior: CN=Computers,{DOMAIN_DN}\n"
    )
    (lab.layout.root / "registry" / "vm1.json").unlink()
    code, found = drift(lab)

    assert code == 2
    assert ("drift", "computer account", "vm1", "place") in words(found)
