"""Stage 8 of the how-to: the policy is assigned to the GPO, and the GPO's version says so.

Order [MS-GPOL] 2.2.8.2: the assignment object, then ``gpt.ini``, then extension names and
version number in one modify. Until that last modify no member looks.
"""

from ipsec_orchestrator.codec.extension_names import (
    IPSEC_PAIR,
    ExtensionNames,
    format_extension_names,
    parse_extension_names,
)
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.errors import ForeignObjectError
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.facts.ip_security_container import IpSecurityContainer
from ipsec_orchestrator.model.directory import Attributes, Entry, dn_key
from ipsec_orchestrator.model.plan import Action, Change, FieldChange
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep, Step, TemplateVersionStep
from ipsec_orchestrator.planning.adoption import ASSIGNMENT_NAMES
from ipsec_orchestrator.planning.desired import (
    DesiredPolicy,
    announced_version,
    announcement,
    marker,
)
from ipsec_orchestrator.planning.draft import Draft, differing
from ipsec_orchestrator.planning.gpo_part import GpoTarget

_MARK = "adminDescription"


def wanted_assignment(policy: DesiredPolicy | None) -> Attributes:
    """Give the three attributes of the assignment object [MS-GPIPSEC] 2.2.2."""
    if policy is None:
        return Attributes(dict.fromkeys(ASSIGNMENT_NAMES, ()))
    return Attributes(
        {
            "ipsecOwnersReference": (policy.dn.encode(),),
            "ipsecName": (policy.name.encode(),),
            "description": (policy.description.encode(),) if policy.description else (),
        },
    )


def plan_assignment(
    playbook: Playbook,
    policy: DesiredPolicy | None,
    target: GpoTarget,
    container: IpSecurityContainer,
    *,
    repaired: bool,
) -> Draft:
    """Plan the assignment and everything that makes members notice it.

    Raises:
        ForeignObjectError: The GPO carries somebody else's policy.
    """
    *parents, dn = assignment_dns(target.dn)
    found = target.observed.child(dn) if target.observed else None
    _refuse_foreign(playbook, found, container)
    steps: list[Step] = []
    wanted = wanted_assignment(policy)
    if policy is not None:
        steps += [_parent(parent, playbook) for parent in parents if not _is_there(target, parent)]
        if found is None:
            steps.append(
                EntryStep(
                    stage=Stage.ASSIGNMENT,
                    title="make the place of the assignment",
                    dn=dn,
                    before=None,
                    after=Attributes({"objectClass": (b"ipsecPolicy",)}),
                ),
            )
    switched = bool(differing(wanted, found.attributes)) if found else policy is not None
    if switched:
        mark = announcement(playbook.name, next_version(target).machine)
        after = wanted.with_values(_MARK, [mark.encode()])
        steps.append(
            EntryStep(
                stage=Stage.ASSIGNMENT,
                title=f"assign {policy.name}" if policy else "unassign the policy",
                dn=dn,
                before=(found.attributes if found else Attributes()).only(after),
                after=after,
            ),
        )
    change = Change(
        stage=Stage.ASSIGNMENT,
        action=_action(found, switched=switched, assigned=policy is not None),
        kind="assignment",
        name=policy.name if policy else _old_name(found),
        object=dn,
        fields=_fields(found, policy) if switched else (),
    )
    version = plan_version(
        playbook,
        target,
        wants_pair=policy is not None,
        needed=switched or repaired or is_unheard(playbook, target),
    )
    return Draft(changes=(change,), steps=tuple(steps)) + version


def is_unheard(playbook: Playbook, target: GpoTarget) -> bool:
    """Tell whether an earlier run switched the assignment and ended before telling members."""
    found = target.observed.child(assignment_dns(target.dn)[-1]) if target.observed else None
    mark = found.attributes.text(_MARK) if found else None
    announced = announced_version(mark, playbook.name)
    return announced is not None and announced > _versions(target)[0].machine


def _refuse_foreign(
    playbook: Playbook,
    found: Entry | None,
    container: IpSecurityContainer,
) -> None:
    owner = found.attributes.text("ipsecOwnersReference") if found else None
    if found is None or owner is None or playbook.gpo.adopt:
        return
    policy = container.entry(owner)
    if policy is not None:
        ours = policy.attributes.text(_MARK) == marker(playbook.name)
    else:
        # Somebody deleted the policy; our own assignment of it is put right.
        ours = announced_version(found.attributes.text(_MARK), playbook.name) is not None
    if not ours:
        name = found.attributes.text("ipsecName") or owner
        raise ForeignObjectError(
            object=f"The assignment of the GPO {playbook.gpo.name!r}",
            reason=f"it assigns {name!r}, which this playbook did not make",
            cure="Set gpo.adopt: true in the playbook to replace that assignment.",
        )


def _is_there(target: GpoTarget, dn: str) -> bool:
    if target.observed is None:
        # A GPO is born with its Machine container [MS-GPOL] 2.2.8.1.7.
        return dn_key(dn) == dn_key(f"CN=Machine,{target.dn}")
    return target.observed.child(dn) is not None


def _parent(dn: str, playbook: Playbook) -> EntryStep:
    attributes = {
        "objectClass": (b"container",),
        _MARK: (marker(playbook.name).encode(),),
    }
    return EntryStep(
        stage=Stage.ASSIGNMENT,
        title="make room for the assignment",
        dn=dn,
        before=None,
        after=Attributes(attributes),
    )


def _action(found: Entry | None, *, switched: bool, assigned: bool) -> Action:
    if not switched:
        return Action.UNCHANGED
    had = found is not None and bool(found.attributes.values_of("ipsecOwnersReference"))
    if not assigned:
        return Action.DELETE
    return Action.CHANGE if had else Action.CREATE


def _old_name(found: Entry | None) -> str:
    return (found.attributes.text("ipsecName") if found else None) or "no policy"


def _fields(found: Entry | None, policy: DesiredPolicy | None) -> tuple[FieldChange, ...]:
    old = found.attributes if found else Attributes()
    pairs = (
        ("policy", old.text("ipsecName"), policy.name if policy else None),
        ("policy object", old.text("ipsecOwnersReference"), policy.dn if policy else None),
    )
    return tuple(
        FieldChange(field=name, old=was, new=now) for name, was, now in pairs if was != now
    )


def plan_version(
    playbook: Playbook,
    target: GpoTarget,
    *,
    wants_pair: bool,
    needed: bool,
    stage: Stage = Stage.ASSIGNMENT,
) -> Draft:
    """Plan ``gpt.ini``, extension names and version number.

    Without need there is still a step if the IPsec pair is missing, or if directory and
    ``gpt.ini`` disagree: members would cache half a GPO.
    """
    observed = target.observed
    text = observed.entry.attributes.text("gPCMachineExtensionNames") if observed else None
    names = parse_extension_names(text or "")
    wanted = names.insert(IPSEC_PAIR) if wants_pair else names
    container, template = _versions(target)
    if not needed and wanted == names and container == template:
        return Draft()
    return publish(
        playbook,
        target,
        names=names,
        wanted=wanted,
        container=container,
        template=template,
        stage=stage,
    )


def _versions(target: GpoTarget) -> tuple[GpoVersion, GpoVersion]:
    """Give the version of the container and that of the template."""
    observed = target.observed
    number = int((observed.entry.attributes.text("versionNumber") if observed else None) or "0")
    template = (observed.template_version if observed else None) or 0
    return GpoVersion.from_number(number), GpoVersion.from_number(template)


def next_version(target: GpoTarget) -> GpoVersion:
    """Give the version under which members hear of what is planned now."""
    return _raised(*_versions(target), target.heard)


def _raised(container: GpoVersion, template: GpoVersion, heard: int) -> GpoVersion:
    ahead = GpoVersion(
        user=max(container.user, template.user),
        machine=max(container.machine, template.machine, heard),
    )
    return ahead.next_machine()


def publish(
    playbook: Playbook,
    target: GpoTarget,
    *,
    names: ExtensionNames,
    wanted: ExtensionNames,
    container: GpoVersion,
    template: GpoVersion,
    stage: Stage,
) -> Draft:
    """Give the two steps that raise both versions together and set the extension names."""
    new = _raised(container, template, target.heard)
    steps = (
        TemplateVersionStep(
            stage=stage,
            title=f"set gpt.ini to version {new.number}",
            gpo_id=target.gpo_id,
            via=playbook.gpo.via,
            before=template.number,
            after=new.number,
        ),
        EntryStep(
            stage=stage,
            title=f"tell members: version {new.number}",
            dn=target.dn,
            before=_version_attributes(names, container),
            after=_version_attributes(wanted, new),
        ),
    )
    fields = [FieldChange(field="version", old=str(container.number), new=str(new.number))]
    if wanted != names:
        was, now = format_extension_names(names), format_extension_names(wanted)
        fields.append(FieldChange(field="extensions", old=was or None, new=now or None))
    change = Change(
        stage=stage,
        action=Action.CHANGE,
        kind="GPO version",
        name=playbook.gpo.name,
        object=target.dn,
        fields=tuple(fields),
    )
    return Draft(changes=(change,), steps=steps)


def _version_attributes(names: ExtensionNames, version: GpoVersion) -> Attributes:
    text = format_extension_names(names)
    return Attributes(
        {
            "gPCMachineExtensionNames": (text.encode(),) if text else (),
            "versionNumber": (str(version.signed_number).encode(),),
        },
    )
