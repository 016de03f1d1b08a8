"""What a look for drift has spared, as lines for people and as JSON."""

from datetime import datetime

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.planning.drift.rotation import Chosen
from ipsec_orchestrator.report.lines import Line, Tone


def look_lines(whole: str | None, read_whole: datetime, chosen: Chosen) -> list[Line]:
    """Tell how much was read.

    Args:
        whole: Why everything was read of the directory; ``None`` if only changes were.
        read_whole: When everything was read the last time.
        chosen: Whose state was read.
    """
    if whole is None:
        text = f"Directory: only changes were read; everything at {_moment(read_whole)}."
    else:
        text = f"Directory: everything was read: {whole}."
    lines = [Line(text, Tone.QUIET)]
    members = f"Members: {len(chosen.hosts)} read"
    if chosen.oldest is not None:
        members += (
            f", {chosen.left_out} relied on as they were read before, the oldest of them at "
            f"{_moment(chosen.oldest)}"
        )
    lines.append(Line(f"{members}.", Tone.QUIET))
    if chosen.share_is_too_small:
        lines.append(
            Line(
                f"{chosen.overdue} members had to be read because of --max-age, and the sample "
                f"is {chosen.share}: choose a greater share or look more often.",
                Tone.WARNING,
            ),
        )
    return lines


def not_kept_line(path: str, reason: str) -> Line:
    """Tell that the next look can't begin from this one."""
    return Line(
        f"{path} can't be written: {reason}. The next look will read everything.", Tone.WARNING
    )


def look_to_json(whole: str | None, read_whole: datetime, chosen: Chosen) -> dict[str, Json]:
    """Give what is added to the document of ``drift --json`` when something may be spared."""
    return {
        "read": {
            "directory": "changes" if whole is None else "everything",
            "why": whole,
            "everything_read": _moment(read_whole),
            "members": len(chosen.hosts),
            "members_relied_on": chosen.left_out,
            "oldest_reading": _moment(chosen.oldest) if chosen.oldest else None,
            "members_overdue": chosen.overdue,
        },
    }


def _moment(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
