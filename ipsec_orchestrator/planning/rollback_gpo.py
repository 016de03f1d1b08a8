"""Taking back what a run did to the GPO as a whole: there or not, and its versions."""

from collections.abc import Iterator
from typing import Final

from ipsec_orchestrator.codec import gpt_ini
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep, GpoStep, Step, TemplateVersionStep
from ipsec_orchestrator.planning.rollback_parts import assigned, is_called
from ipsec_orchestrator.planning.rollback_views import (
    DESCRIPTOR,
    EXTENSIONS,
    OF_A_NEW_GPO,
    VERSION_NUMBER,
    RunToUndo,
    versions,
    writable,
)

_GPT_INI: Final = "gpt.ini"
_NEW_FLAGS: Final = b"0"


def gpo_again(run: RunToUndo) -> tuple[Step, ...]:
    """Make a GPO again that the run deleted, or what of it is missing."""
    deleted = run.deleted_gpo()
    was = run.before_attributes(run.gpo_dn)
    if deleted is None or was is None:
        return ()
    if run.now.entry(run.gpo_dn) is not None:
        return tuple(_halves_again(run))
    make = GpoStep(
        stage=Stage.GPO,
        title=f"create the GPO {deleted.name} again",
        name=deleted.name,
        gpo_id=deleted.gpo_id,
        via=deleted.via,
        comment=deleted.comment,
        before=False,
        after=True,
    )
    steps: list[Step] = [make]
    kept = writable(was)
    flags = kept.values_of("flags")
    more = {
        name: values
        for name, values in kept.items()
        if name.casefold() not in OF_A_NEW_GPO | {EXTENSIONS.casefold()}
    }
    before: dict[str, tuple[bytes, ...]] = dict.fromkeys(more, ())
    if flags and flags != (_NEW_FLAGS,):
        more["flags"] = flags
        before["flags"] = (_NEW_FLAGS,)
    if more:
        steps.append(_put_back(run, "give the GPO back what it had", before, more))
    if was.values_of(DESCRIPTOR):
        rights = {DESCRIPTOR: was.values_of(DESCRIPTOR)}
        steps.append(_put_back(run, "give the GPO back its access rights", {}, rights))
    return tuple(steps)


def _put_back(
    run: RunToUndo,
    title: str,
    before: dict[str, tuple[bytes, ...]],
    after: dict[str, tuple[bytes, ...]],
) -> EntryStep:
    return EntryStep(
        stage=Stage.GPO,
        title=title,
        dn=run.gpo_dn,
        before=Attributes(before),
        after=Attributes(after),
    )


def _halves_again(run: RunToUndo) -> Iterator[EntryStep]:
    """Make the containers again that went before the deletion was interrupted."""
    for half in ("Machine", "User"):
        dn = f"CN={half},{run.gpo_dn}"
        was = run.before_attributes(dn)
        if was is not None and run.now.entry(dn) is None:
            yield EntryStep(
                stage=Stage.GPO,
                title=f"make the container {half} again",
                dn=dn,
                before=None,
                after=writable(was),
            )


def gpo_away(run: RunToUndo) -> tuple[GpoStep, ...]:
    """Delete the GPO that the run made."""
    made = run.made_gpo()
    if made is None or run.before.entry(run.gpo_dn) or run.now.entry(run.gpo_dn) is None:
        return ()
    return (
        GpoStep(
            stage=Stage.GPO,
            title=f"delete the GPO {made.name}",
            name=made.name,
            gpo_id=made.gpo_id,
            via=made.via,
            comment=made.comment,
            before=True,
            after=False,
        ),
    )


def raise_versions(
    run: RunToUndo, via: GpoVia, *, hidden: bool, goes: bool
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Raise both versions, so that members look; and once more, quietly, at the end.

    While members look the extension has to be among those that are called, also where the GPO
    did not name it before the run; a GPO that stays gives it back at the end.

    Args:
        run: What is taken back.
        via: The way to ``gpt.ini``.
        hidden: Whether the assignment is put back only at the end.
        goes: Whether the GPO itself goes at the end.

    Returns:
        The steps before the members, and those after them.
    """
    found = run.now.attributes(run.gpo_dn)
    if run.gpo_id is None or (found is None and run.deleted_gpo() is None):
        return (), ()
    was = (run.before_attributes(run.gpo_dn) or Attributes()).text(EXTENSIONS) or ""
    there = (found or Attributes()).text(EXTENSIONS) or ""
    visible = assigned(run, run.before) is not None and not hidden
    first, second = (was, there) if visible else (there, was)
    while_looking = first if is_called(first) else second
    content = run.now.file(run.gpo_id, _GPT_INI)
    template = gpt_ini.version(content) if content is not None else GpoVersion()
    number = int((found or Attributes()).text(VERSION_NUMBER) or "0")
    known = [GpoVersion.from_number(each) for each in versions(run)] + [template]
    new = GpoVersion(
        user=max(each.user for each in known), machine=max(each.machine for each in known)
    ).next_machine()
    loud = _publish(
        run,
        via,
        stage=Stage.ASSIGNMENT,
        template=template,
        before=(there, GpoVersion.from_number(number)),
        after=(while_looking, new),
    )
    if goes or not (hidden or while_looking != was):
        return loud, ()
    newer = new.next_machine()
    quiet = _publish(
        run,
        via,
        stage=Stage.GPO,
        template=new,
        before=(while_looking, new),
        after=(was, newer),
    )
    return loud, quiet


def _publish(
    run: RunToUndo,
    via: GpoVia,
    *,
    stage: Stage,
    template: GpoVersion,
    before: tuple[str, GpoVersion],
    after: tuple[str, GpoVersion],
) -> tuple[Step, ...]:
    number = after[1].number
    assert run.gpo_id is not None  # noqa: S101 - whoever calls has looked
    return (
        TemplateVersionStep(
            stage=stage,
            title=f"set gpt.ini to version {number}",
            gpo_id=run.gpo_id,
            via=via,
            before=template.number,
            after=number,
        ),
        EntryStep(
            stage=stage,
            title=f"tell members: version {number}",
            dn=run.gpo_dn,
            before=_attributes(*before),
            after=_attributes(*after),
        ),
    )


def _attributes(names: str, version: GpoVersion) -> Attributes:
    return Attributes(
        {
            EXTENSIONS: (names.encode(),) if names else (),
            VERSION_NUMBER: (str(version.signed_number).encode(),),
        },
    )
