"""Steps of a web server for proofs: carried out once, undone by the inverse, refused where stale."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from ipsec_orchestrator.engine.precheck import check_before_writing
from ipsec_orchestrator.engine.web import perform_web
from ipsec_orchestrator.errors import ReadBackError, StalePlanError, UsageError
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import StepOutcome
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import WebPart, WebStep, inverse
from ipsec_orchestrator.ports import ScriptCall, World
from tests.worlds import MemoryDomain

WORDS = {"feature": WebPart.FEATURE, "site": WebPart.SITE, "rule": WebPart.RULE}


@dataclass(slots=True)
class Windows:
    """A host on which IIS can be: what it has, and whether it does as it is told."""

    parts: set[WebPart]
    ours: bool = False
    taken: bool = False
    obeys: bool = True
    changes: int = 0

    def answer(self, call: ScriptCall) -> Json:
        """Answer both scripts."""
        if call.name == "set_web_service":
            self.changes += 1
            part = WORDS[str(call.parameters["Part"])]
            if self.obeys and call.parameters["Wanted"] == "present":
                self.ours = self.ours or part is WebPart.FEATURE
                self.parts.add(part)
            elif self.obeys:
                self.parts.discard(part)
            return {"restart_needed": False, "features": []}
        return {
            "installable": True,
            "feature": WebPart.FEATURE in self.parts,
            "is_ours": self.ours,
            "site": WebPart.SITE in self.parts,
            "rule": WebPart.RULE in self.parts,
            "taken": self.taken,
            "problem": None,
        }


def step(part: WebPart, host: str = "vm1") -> WebStep:
    """A step that makes a part."""
    return WebStep(
        stage=Stage.WEB, title="t", host=host, part=part, port=8080, before=False, after=True
    )


@pytest.fixture
def windows() -> Windows:
    """A host without IIS."""
    return Windows(parts=set())


@pytest.fixture
def world(domain: MemoryDomain, windows: Windows) -> World:
    """The how-to's domain, in which vm1 is that host."""
    return replace(domain, answers={"vm1": windows.answer}).world


def every_part() -> Iterator[WebStep]:
    """The steps that make all of it."""
    yield from (step(part) for part in WebPart)


def test_a_second_time_changes_nothing_and_the_inverse_restores(
    world: World, windows: Windows
) -> None:
    """Done, then so already, then undone: nothing is left."""
    steps = tuple(every_part())
    check_before_writing(steps, world)
    first = [perform_web(found, world) for found in steps]
    second = [perform_web(found, world) for found in steps]
    made, changes = set(windows.parts), windows.changes
    back = [inverse(found) for found in reversed(steps)]
    check_before_writing(back, world)
    undone = [perform_web(found, world) for found in back if isinstance(found, WebStep)]

    assert first == undone == [StepOutcome.DONE] * 3
    assert second == [StepOutcome.ALREADY] * 3
    assert made == set(WebPart)
    assert changes == 3
    assert windows.parts == set()


def test_an_iis_of_somebody_else_is_not_uninstalled(world: World, windows: Windows) -> None:
    """Neither before the first write nor in the middle of it."""
    windows.parts = {WebPart.FEATURE}
    removal = inverse(step(WebPart.FEATURE))
    assert isinstance(removal, WebStep)

    with pytest.raises(StalePlanError, match="somebody else's"):
        check_before_writing([removal], world)
    with pytest.raises(StalePlanError, match="somebody else's"):
        perform_web(removal, world)
    assert windows.changes == 0


def test_a_port_that_was_taken_meanwhile_is_refused(world: World, windows: Windows) -> None:
    """What listens there now was not there when the plan was made."""
    windows.taken = True

    with pytest.raises(StalePlanError, match="port 8080"):
        check_before_writing([step(WebPart.SITE)], world)
    assert windows.changes == 0


def test_what_reads_back_differently_is_an_error(world: World, windows: Windows) -> None:
    """A host that says yes and does nothing is found out."""
    windows.obeys = False

    with pytest.raises(ReadBackError):
        perform_web(step(WebPart.RULE), world)


def test_a_host_that_is_gone_from_the_inventory_is_named(world: World) -> None:
    """A plan may be older than the inventory."""
    with pytest.raises(UsageError, match="elsewhere"):
        perform_web(step(WebPart.SITE, "elsewhere"), world)
