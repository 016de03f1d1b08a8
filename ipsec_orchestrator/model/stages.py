"""The stages of the how-to, under which plan, apply and journal group their steps."""

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """A stage of the article, or one of those that the article leaves out.

    Steps are grouped for people by stage; the order in which they are carried out is the order
    of the plan, because [MS-GPIPSEC] 2.2.1 wants the policy object before its parts.
    """

    DEAD_MAN = "dead-man"
    GPO = "gpo"
    LINK = "link"
    FILTER_ACTION = "filter-action"
    FILTER_LIST = "filter-list"
    POLICY = "policy"
    ASSIGNMENT = "assignment"
    WAVES = "waves"
    MEMBERS = "members"
    CLEAN_UP = "clean-up"
    WEB = "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTitle:
    """How a stage is called: the article's number (empty if it has none) and words."""

    number: str
    words: str

    @property
    def text(self) -> str:
        """Number and words in one line."""
        return f"{self.number}  {self.words}" if self.number else self.words


STAGE_TITLES = {
    Stage.DEAD_MAN: StageTitle(
        number="", words="members: a task that takes the effect away unless it is confirmed"
    ),
    Stage.GPO: StageTitle(number="1", words="create the GPO and link it to the OU"),
    Stage.LINK: StageTitle(number="2", words="enable the link"),
    Stage.FILTER_ACTION: StageTitle(number="3", words="define the filter action"),
    Stage.FILTER_LIST: StageTitle(number="4, 5", words="define the filter list"),
    Stage.POLICY: StageTitle(number="6, 7", words="define the policy and its rules"),
    Stage.ASSIGNMENT: StageTitle(number="8", words="assign the policy to the GPO"),
    Stage.WAVES: StageTitle(number="", words="reach one wave after another"),
    Stage.MEMBERS: StageTitle(number="", words="members: refresh and verify"),
    Stage.CLEAN_UP: StageTitle(number="", words="take away what has been replaced"),
    Stage.WEB: StageTitle(number="check", words="a web server that answers"),
}
