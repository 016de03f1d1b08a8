"""What the lab's own programs did: a domain that does not come up, a lab that is in use."""

from collections.abc import Sequence

from ipsec_orchestrator.errors.backend import BackendError


class LabError(BackendError):
    """The lab can't be built, started or taken down as asked."""

    usual_cure = "orchestrate lab status shows how it is; orchestrate lab down and up make it anew."


class LabProgramError(LabError):
    """One of the programs that the lab runs ended in failure or did not answer in time.

    Attributes:
        program: Name of the program.
        reason: What it ended with, in plain words.
        last_lines: The last lines that it wrote, for people; never decided on.
    """

    def __init__(
        self,
        *,
        program: str,
        reason: str,
        last_lines: Sequence[str] = (),
        cure: str | None = None,
    ) -> None:
        said = "".join(f"\n    {line}" for line in last_lines)
        cure = cure or self.usual_cure
        super().__init__(f"{program}: {reason}.{said}", cure=f"\n{cure}" if said else cure)
        self.program = program
        self.reason = reason
        self.last_lines = tuple(last_lines)


class LabNotFoundError(LabError):
    """There is no lab of that name in that state folder.

    Attributes:
        name: Name of the lab.
        state_dir: The state folder that was looked into.
    """

    def __init__(self, *, name: str, state_dir: str) -> None:
        super().__init__(
            f"There is no lab {name!r} under {state_dir}.", cure="`orchestrate lab up` makes one."
        )
        self.name = name
        self.state_dir = state_dir


class LabInUseError(LabError):
    """An address, port or lab that is wanted belongs to somebody else at the moment.

    Attributes:
        what: The address, port or lab.
        reason: Who has it, in plain words.
    """

    def __init__(self, *, what: str, reason: str, cure: str | None = None) -> None:
        super().__init__(f"{what} is in use: {reason}.", cure=cure)
        self.what = what
        self.reason = reason
