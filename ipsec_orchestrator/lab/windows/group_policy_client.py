"""A member's Group Policy client, as far as IPsec is concerned.

One run ([MS-GPOL] 3.2.5.1): which GPOs apply, whether the IPsec extension is called, and what the
extension finds ([MS-GPIPSEC] 3.2.5). Pure over the ``Directory`` port; the caller writes the
registry and keeps the memory between runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from ipsec_orchestrator.errors import BackendError, DirectoryError
from ipsec_orchestrator.lab.windows.computer_account import ComputerAccount
from ipsec_orchestrator.lab.windows.group_policy_scope import (
    AppliedGpo,
    GpoList,
    TemplateReader,
    gpo_list,
)
from ipsec_orchestrator.lab.windows.policy_download import Assignment, read_assignment
from ipsec_orchestrator.ports import Directory

# HRESULTs that the extension leaves in RSOP_ExtensionStatus (winerror.h).
ERROR_NO_SUCH_OBJECT: Final = 0x80072030
ERROR_SERVER_DOWN: Final = 0x8007203A
ERROR_ACCESS_DENIED: Final = 0x80070005


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMemory:
    """What the client keeps between runs, to see whether anything changed.

    Attributes:
        versions: (container, template) version of every GPO with the extension, by GUID, in
            processing order.
    """

    versions: tuple[tuple[UUID, int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedAssignment:
    """A policy that a GPO assigns; precedence 1 is in force, higher ones lost."""

    precedence: int
    gpo: AppliedGpo
    assignment: Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRun:
    """What the IPsec extension did.

    Attributes:
        error: 0, or the HRESULT with which it ended; it then left everything as it was.
        reason: The error in words.
        winner: The GPO that decides: the last one that carries the extension, even when its
            assignment is cleared.
        assignment: What that GPO says; ``None`` after an error.
        ranked: All assignments that could be read, the one in force first.
    """

    winner: AppliedGpo
    error: int = 0
    reason: str = ""
    assignment: Assignment | None = None
    ranked: tuple[RankedAssignment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPolicyRun:
    """One run.

    Attributes:
        gpos: Applied and denied GPOs.
        memory: To be given to the next run.
        extension: What the IPsec extension did; ``None`` if it was not called.
        not_called: Why it was not called; empty if it was.
        seen: Reasons by GPO container why a GPO did not apply.
    """

    gpos: GpoList
    memory: RunMemory
    extension: ExtensionRun | None = None
    not_called: str = ""
    seen: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)


def run_group_policy(
    directory: Directory,
    computer: ComputerAccount,
    read_template: TemplateReader,
    *,
    memory: RunMemory,
    force: bool,
    call_when_unchanged: bool,
) -> GroupPolicyRun:
    """Refresh the computer's policy.

    Args:
        directory: Read with the computer's own credentials.
        computer: Its account.
        read_template: Gives a GPO's ``gpt.ini``.
        memory: From the run before.
        force: ``gpupdate /force``: call the extension even if nothing changed.
        call_when_unchanged: The extension's ``NoGPOListChanges`` is 0 or absent.

    Raises:
        BackendError: The run as a whole failed; nothing was changed.
    """
    gpos = gpo_list(directory, computer, read_template)
    carriers = [gpo for gpo in gpos.applied if gpo.has_ipsec]
    fresh = RunMemory(
        versions=tuple((g.gpo_id, g.container_version, g.template_version) for g in carriers),
    )
    seen = {denied.dn: denied.reason for denied in gpos.denied}
    if not carriers:
        # [MS-GPIPSEC] 3.2.4.1 ignores the list of GPOs that went: nobody tells the extension.
        return GroupPolicyRun(
            gpos=gpos,
            memory=fresh,
            not_called="no applicable GPO carries the IPsec extension",
            seen=seen,
        )
    if fresh == memory and not force and not call_when_unchanged:
        return GroupPolicyRun(gpos=gpos, memory=fresh, not_called="no GPO has changed", seen=seen)
    extension = _run_extension(directory, carriers)
    # A failed extension is called again at the next run, changed or not.
    kept = fresh if extension.error == 0 else RunMemory()
    return GroupPolicyRun(gpos=gpos, memory=kept, extension=extension, seen=seen)


def _run_extension(directory: Directory, carriers: list[AppliedGpo]) -> ExtensionRun:
    """Take the last carrier for the one that counts [MS-GPIPSEC] 3.2.5.3; nothing is merged."""
    winner = carriers[-1]
    try:
        assignment = read_assignment(directory, winner.dn)
    except BackendError as error:
        return ExtensionRun(winner=winner, error=error_number(error), reason=str(error))
    ranked = [(winner, assignment)]
    for gpo in reversed(carriers[:-1]):
        try:
            ranked.append((gpo, read_assignment(directory, gpo.dn)))
        except DirectoryError:
            continue  # a loser that can't be read has no place in the log and no effect
    return ExtensionRun(
        winner=winner,
        assignment=assignment,
        ranked=tuple(
            RankedAssignment(precedence=place, gpo=gpo, assignment=found)
            for place, (gpo, found) in enumerate(ranked, start=1)
        ),
    )


def error_number(error: BackendError) -> int:
    """Give the HRESULT that a member would note for one of our errors."""
    match error:
        case DirectoryError(code=32):
            return ERROR_NO_SUCH_OBJECT
        case DirectoryError(code=50):
            return ERROR_ACCESS_DENIED
        case _:
            return ERROR_SERVER_DOWN
