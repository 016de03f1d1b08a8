"""IIS on a host as ``web_service.ps1`` tells of it, and what to ask ``set_web_service.ps1`` for."""

from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.steps import WebPart, WebStep

READ: Final = "web_service"
SET: Final = "set_web_service"
_PART_WORDS: Final = {WebPart.FEATURE: "feature", WebPart.SITE: "site", WebPart.RULE: "rule"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebState:
    """What there is of IIS on one host, for one port.

    Attributes:
        installable: The host has the commands by which it is installed and told of its sites.
        feature: IIS is installed.
        is_ours: We have installed it.
        site: The site of ours for that port is there.
        rule: The firewall rule of ours for that port is there.
        taken: Something that is not ours listens on that port.
        problem: Error id if it could not be told.
    """

    installable: bool
    feature: bool
    is_ours: bool
    site: bool
    rule: bool
    taken: bool
    problem: str | None = None

    def has(self, part: WebPart) -> bool:
        """Tell whether a part is there."""
        return {
            WebPart.FEATURE: self.feature,
            WebPart.SITE: self.site,
            WebPart.RULE: self.rule,
        }[part]

    def has_of_ours(self, part: WebPart) -> bool:
        """Tell whether a part is there and bears our mark."""
        return self.has(part) and (part is not WebPart.FEATURE or self.is_ours)


def parse_web_state(answer: Json) -> WebState:
    """Read the answer of ``web_service.ps1``.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(READ, answer)
    return WebState(
        installable=fields.flag("installable"),
        feature=fields.flag("feature"),
        is_ours=fields.flag("is_ours"),
        site=fields.flag("site"),
        rule=fields.flag("rule"),
        taken=fields.flag("taken"),
        problem=fields.optional_text("problem"),
    )


def order_of(step: WebStep) -> dict[str, Json]:
    """Give the parameters of ``set_web_service.ps1`` that carry a step out."""
    return {
        "Part": _PART_WORDS[step.part],
        "Wanted": "present" if step.after else "absent",
        "Port": step.port,
        "Peers": list[Json](step.peers),
        "Sizes": list[Json](step.sizes),
    }
