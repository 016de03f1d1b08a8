"""From the provisional id of a GPO in the plan to the one that Windows chose."""

from dataclasses import dataclass, field, replace
from typing import assert_never
from uuid import UUID

from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.steps import (
    DeadManStep,
    EntryStep,
    FilteringStep,
    GpoStep,
    HealthStep,
    MemberStep,
    Step,
    TemplateAccessStep,
    TemplateVersionStep,
    WebStep,
)


@dataclass(frozen=True, slots=True)
class Bindings:
    """Provisional id -> real id, learned while a run goes on."""

    ids: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])

    def with_id(self, provisional: UUID, real: UUID) -> "Bindings":
        """Give a copy that knows one more id."""
        return Bindings({**self.ids, provisional: real})

    def bind(self, step: Step) -> Step:
        """Put the real ids into a step."""
        if not self.ids:
            return step
        match step:
            case EntryStep():
                return replace(
                    step,
                    dn=self._text(step.dn),
                    before=self._attributes(step.before),
                    after=self._attributes(step.after),
                )
            case GpoStep() | TemplateVersionStep():
                return replace(step, gpo_id=self.ids.get(step.gpo_id, step.gpo_id))
            case FilteringStep():
                return replace(step, dn=self._text(step.dn))
            case TemplateAccessStep():
                return replace(
                    step,
                    dn=self._text(step.dn),
                    gpo_id=self.ids.get(step.gpo_id, step.gpo_id),
                )
            case MemberStep() | DeadManStep() | HealthStep() | WebStep():
                return step
            case _:
                assert_never(step)

    def _text(self, text: str) -> str:
        for provisional, real in self.ids.items():
            text = text.replace(str(provisional).upper(), str(real).upper())
        return text

    def _attributes(self, attributes: Attributes | None) -> Attributes | None:
        if attributes is None:
            return None
        found = dict(attributes.items())
        for provisional, real in self.ids.items():
            old, new = str(provisional).upper().encode(), str(real).upper().encode()
            found = {
                name: tuple(value.replace(old, new) for value in values)
                for name, values in found.items()
            }
        return Attributes(found)
