"""The inverses of a run's steps on directory objects, sorted by when they may be done."""

from collections.abc import Iterable
from typing import Final

from ipsec_orchestrator.codec.extension_names import IPSEC_PAIR, parse_extension_names
from ipsec_orchestrator.codec.gp_link import parse_gp_link
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.model.backup import Backup
from ipsec_orchestrator.model.directory import Attributes, dn_key, same_dn
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep, TemplateVersionStep
from ipsec_orchestrator.planning.adoption import ASSIGNMENT_NAMES
from ipsec_orchestrator.planning.concerned import LINK, gpo_of_dn
from ipsec_orchestrator.planning.describe import kind_of
from ipsec_orchestrator.planning.desired import STAGE_OF_KIND
from ipsec_orchestrator.planning.draft import differing
from ipsec_orchestrator.planning.rollback_views import (
    DESCRIPTOR,
    EXTENSIONS,
    VERSION_NUMBER,
    RunToUndo,
    without_tombstones,
    writable,
)
from ipsec_orchestrator.planning.states import merged

_MARK: Final = "adminDescription"
_OWNER: Final = "ipsecOwnersReference"
# groupPolicyContainer flags, bit 1: the computer half is switched off [MS-GPOL] 2.2.4.
_COMPUTER_HALF_DISABLED: Final = 2


class Parts:
    """Made in the reverse order of the run, from what is there now.

    Attributes:
        back: Brings back what the run took away or changed in place.
        switch: Gives the assignment object its old content.
        link_away: Takes the link away, or switches it off, where there was no live one.
        away: Takes away the IP security objects that the run made.
        place_away: Takes away the place of the assignment.
        gpo_last: Gives the container of a GPO that stays its old mark and flags.
    """

    def __init__(self, run: RunToUndo) -> None:
        self._run = run
        self._found: dict[str, Attributes | None] = {
            key: entry.attributes if entry else None for key, entry in run.now.entries.items()
        }
        self.back: list[EntryStep] = []
        self.switch: list[EntryStep] = []
        self.link_away: list[EntryStep] = []
        self.away: list[EntryStep] = []
        self.place_away: list[EntryStep] = []
        self.gpo_last: list[EntryStep] = []
        for number, step in reversed(run.effective):
            if isinstance(step, EntryStep):
                self._undo(number, step)

    def is_heard(self) -> bool:
        """Whether members may have got something of the run, or would of taking it back.

        Without the extension's name in the GPO none is called to look.
        """
        run = self._run
        names = [(b.attributes(run.gpo_dn) or Attributes()).text(EXTENSIONS) for b in run.looks]
        if not any(is_called(text or "") for text in names):
            return False
        told = any(
            isinstance(step, TemplateVersionStep)
            or (
                isinstance(step, EntryStep)
                and same_dn(step.dn, run.gpo_dn)
                and VERSION_NUMBER in (step.after or ())
            )
            for _, step in run.effective
        )
        assigns = any(assigned(run, backup) for backup in run.looks)
        return told or bool(self.switch) or (assigns and bool(self.link_away or self.back))

    def is_felt(self) -> bool:
        """Whether the members of the run are among those that look."""
        return any(reached(self._run, backup) for backup in self._run.looks)

    def hidden(
        self, *, narrows: bool = False
    ) -> tuple[tuple[EntryStep, ...], tuple[EntryStep, ...]]:
        """Give the steps that hide the assignment while members let go, and show it again.

        A GPO that assigned a policy, but did not reach them until the run: members let go of the
        policy only if it is unassigned while they still look.

        Args:
            narrows: Whether the GPO is narrowed again.
        """
        run = self._run
        place = assignment_dns(run.gpo_dn)[-1]
        unlinks = bool(self.link_away) and not reached(run, run.before)
        if not assigned(run, run.before) or not (narrows or unlinks):
            return (), ()
        were = self._found.get(dn_key(place)) or Attributes()
        shown = were.only(ASSIGNMENT_NAMES)
        cleared = Attributes(dict.fromkeys(ASSIGNMENT_NAMES, ()))
        hide = EntryStep(
            stage=Stage.ASSIGNMENT,
            title="unassign until nobody new is reached",
            dn=place,
            before=shown,
            after=cleared,
        )
        show = EntryStep(
            stage=Stage.GPO,
            title="put back what the GPO assigned",
            dn=place,
            before=cleared,
            after=shown,
        )
        return (hide,), (show,)

    def _undo(self, number: int, step: EntryStep) -> None:
        found = self._found.get(dn_key(step.dn))
        if step.before is None:
            if found is not None:
                self._put(step, "take away again", found.only(step.after or ()), None)
        elif step.after is None:
            if found is None:
                was = self._before_move(number, step.dn)
                self._put(step, "bring back", None, writable(was))
                self._rights_back(step, was)
        elif found is not None:
            wanted = without_tombstones(step.before)
            if same_dn(step.dn, self._run.gpo_dn):
                # Versions only rise, and the names of extensions go with them.
                counted = {VERSION_NUMBER.casefold(), EXTENSIONS.casefold()}
                wanted = wanted.only(n for n in wanted if n.casefold() not in counted)
            if differing(wanted, found):
                self._put(step, "as it was", found.only(wanted), wanted)

    def _before_move(self, number: int, dn: str) -> Attributes:
        """Give an object, whole, as it was right before one of its moves."""
        states = self._run.states(dn)
        for other, moves in self._run.effective_moves():
            if same_dn(other, dn):
                for place, move in enumerate(moves):
                    if move.number == number:
                        return states[place] or Attributes()
        return Attributes()

    def _rights_back(self, step: EntryStep, was: Attributes) -> None:
        """Give a new object the access rights that the old one had, if they are others."""
        rights = was.values_of(DESCRIPTOR)
        if rights:
            after = Attributes({DESCRIPTOR: rights})
            self._put(step, "with its access rights", Attributes(), after)

    def _put(
        self,
        step: EntryStep,
        words: str,
        before: Attributes | None,
        after: Attributes | None,
    ) -> None:
        key = dn_key(step.dn)
        made = EntryStep(
            stage=_stage(step, after if before is None else self._found.get(key)),
            title=f"{words}: {step.title}",
            dn=step.dn,
            before=before,
            after=after,
        )
        self._list_for(made, self._found.get(key)).append(made)
        self._found[key] = None if after is None else merged(self._found.get(key), after)

    def _list_for(self, made: EntryStep, found: Attributes | None) -> list[EntryStep]:
        """Tell when a step may be done."""
        run = self._run
        new = run.before_attributes(made.dn) is None
        if LINK in (made.after or ()):
            live = reached(run, run.before) or not reached(run, run.now)
            return self.back if live else self.link_away
        if same_dn(made.dn, run.gpo_dn):
            on = (
                found is not None
                and _is_off(found)
                and not _is_off(merged(found, made.after or Attributes()))
            )
            return self.back if on else self.gpo_last
        if made.before is None or (made.after is not None and DESCRIPTOR in made.after):
            return self.back
        if run.gpo_id is not None and gpo_of_dn(made.dn) == run.gpo_id:
            return self.place_away if made.after is None else self.switch
        return self.away if new else self.back


def _stage(step: EntryStep, attributes: Attributes | None) -> Stage:
    """Show what was cleaned up under what it is."""
    if step.stage is not Stage.CLEAN_UP:
        return step.stage
    kind = kind_of(attributes or Attributes())
    return STAGE_OF_KIND[kind] if kind else step.stage


def _is_off(gpo: Attributes) -> bool:
    return bool(int(gpo.text("flags") or "0") & _COMPUTER_HALF_DISABLED)


def is_called(names: str) -> bool:
    """Tell whether members call the IPsec extension for a GPO with these extension names."""
    return parse_extension_names(names).has(IPSEC_PAIR)


def assigned(run: RunToUndo, backup: Backup) -> str | None:
    """Give the DN of the policy that the GPO assigned at a time."""
    if run.gpo_id is None:
        return None
    place = backup.attributes(assignment_dns(run.gpo_dn)[-1])
    return place.text(_OWNER) if place is not None else None


def reached(run: RunToUndo, backup: Backup) -> bool:
    """Tell whether the GPO was in force at a time: there, switched on, and linked."""
    gpo = backup.attributes(run.gpo_dn)
    if run.gpo_id is None or gpo is None or _is_off(gpo):
        return False
    texts = _links(run, backup)
    # A run that does not touch the link leaves it as the playbook wants it: live.
    return not texts or any(
        (link := parse_gp_link(text).find(run.gpo_id)) is not None and not link.disabled
        for text in texts
    )


def _links(run: RunToUndo, backup: Backup) -> Iterable[str]:
    units = {
        step.dn: None
        for step in run.plan.steps
        if isinstance(step, EntryStep) and LINK in (step.after or ())
    }
    return [(backup.attributes(dn) or Attributes()).text(LINK) or "" for dn in units]
