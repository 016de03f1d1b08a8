"""systemd: unit files, and ``systemctl`` to switch them on."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ipsec_orchestrator.adapters.schedulers.processes import ask, order
from ipsec_orchestrator.adapters.schedulers.schedule_files import (
    read_file,
    remove_file,
    write_files,
)
from ipsec_orchestrator.errors import ForeignScheduleError, ScheduleNotFoundError
from ipsec_orchestrator.model.schedule import (
    InstalledPlace,
    InstalledSchedule,
    PlaceChange,
    RemovedSchedule,
    Schedule,
    SchedulerKind,
)
from ipsec_orchestrator.planning.schedule.mark import is_marked, marked_schedule
from ipsec_orchestrator.planning.schedule.systemd import STATE_ROOT, systemd_files

SYSTEM_FOLDER: Final = Path("/etc/systemd/system")
_CURE: Final = "Use --as cron where there is no systemd, or --out and install the files yourself."
# What systemd writes of an instant with TZ=UTC: day names are English in every language.
_INSTANT: Final = re.compile(r"[A-Z][a-z]{2} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? UTC")
_SUFFIXES: Final = (".service", ".timer")


class SystemdUnits:
    """The units of the system, or of this user.

    Args:
        kind: Which of the two.
        folder: Where the unit files lie.
        image: Root of an installation that is not running: then units are only enabled there, and
            no manager is spoken to; ``None`` for this machine.
    """

    def __init__(self, *, kind: SchedulerKind, folder: Path, image: Path | None = None) -> None:
        self._kind = kind
        self._folder = folder
        self._image = image
        scope = ["--user"] if kind is SchedulerKind.SYSTEMD_USER else []
        root = [] if image is None else [f"--root={image}"]
        self._systemctl = ("systemctl", "--no-pager", *scope, *root)

    def install(self, schedule: Schedule) -> tuple[InstalledPlace, ...]:
        """Write both units, have them read, and switch the timer on."""
        if self._image is None:
            # Asked first: where no manager answers, no file shall be left behind.
            self._order("show", "--property=Version")
        done = write_files(self._folder, systemd_files(schedule))
        timer = f"{schedule.name}.timer"
        if self._image is not None:
            self._order("enable", timer)
            return done
        if any(place.change is not PlaceChange.UNCHANGED for place in done):
            self._order("daemon-reload")
        self._order("enable", "--now", timer)
        return done

    def installed(self) -> tuple[InstalledSchedule, ...]:
        """Give the schedules whose timer is ours."""
        if not self._folder.is_dir():
            return ()
        names = sorted(
            path.stem for path in self._folder.glob("*.timer") if is_marked(read_file(path) or "")
        )
        return tuple(map(self._one, names))

    def remove(self, name: str) -> RemovedSchedule:
        """Switch the timer off, delete both units; a pass that is going on comes to its end."""
        paths = [self._folder / f"{name}{suffix}" for suffix in _SUFFIXES]
        texts = {path: text for path in paths if (text := read_file(path)) is not None}
        if not texts:
            known = [found.name for found in self.installed()]
            raise ScheduleNotFoundError(name=name, scheduler=self._kind.value, known=known)
        for path, text in texts.items():
            if not is_marked(text):
                raise ForeignScheduleError(place=str(path))
        timer = f"{name}.timer"
        if (self._folder / timer) in texts:
            self._order("disable", *(() if self._image else ("--now",)), timer)
        for path in texts:
            remove_file(path)
        if self._image is None:
            self._order("daemon-reload")
        return RemovedSchedule(
            name=name,
            kind=self._kind,
            removed=tuple(map(str, texts)),
            left=tuple(str(path) for path in self._around(name) if path.exists()),
        )

    def _around(self, name: str) -> list[Path]:
        """Give what systemd and other people may have put beside the units of a name."""
        found = [self._folder / f"{name}{suffix}.d" for suffix in _SUFFIXES]
        if self._kind is SchedulerKind.SYSTEMD:
            root = self._image or Path("/")
            found += [
                root / STATE_ROOT.relative_to("/") / name,
                root / f"var/lib/systemd/timers/stamp-{name}.timer",
            ]
        return found

    def _one(self, name: str) -> InstalledSchedule:
        texts = {suffix: read_file(self._folder / f"{name}{suffix}") for suffix in _SUFFIXES}
        schedule = marked_schedule(texts[".timer"] or "")
        differences = list(self._file_differences(name, schedule, texts))
        enabled = ask((*self._systemctl, "is-enabled", f"{name}.timer"), cure=_CURE)
        known: dict[str, str] = {}
        if self._image is None:
            known = self._properties(f"{name}.timer") | self._properties(f"{name}.service")
            if known.get("ActiveState.timer") != "active":
                differences.append(f"{name}.timer is not started")
        return InstalledSchedule(
            name=name,
            kind=self._kind,
            places=tuple(
                str(self._folder / f"{name}{suffix}")
                for suffix, text in texts.items()
                if text is not None
            ),
            schedule=schedule,
            differences=tuple(differences),
            enabled=enabled.returncode == 0,
            last_run=instant(known.get("LastTriggerUSec.timer", "")),
            next_run=instant(known.get("NextElapseUSecRealtime.timer", "")),
            last_result=known.get("Result.service", ""),
        )

    def _file_differences(
        self, name: str, schedule: Schedule | None, texts: dict[str, str | None]
    ) -> list[str]:
        if schedule is None:
            return [f"what {name} was made from can't be read any more"]
        found: list[str] = []
        for file in systemd_files(schedule):
            text = texts[file.name.removeprefix(name)]
            if text is None:
                found.append(f"{file.name} is missing")
            elif text != file.text:
                found.append(f"{file.name} is not as this program makes it")
        found += [
            f"{path.name} changes it"
            for path in self._around(name)[: len(_SUFFIXES)]
            if path.is_dir()
        ]
        return found

    def _properties(self, unit: str) -> dict[str, str]:
        names = "ActiveState,LastTriggerUSec,NextElapseUSecRealtime,Result"
        said = self._order("show", f"--property={names}", unit)
        pairs = (line.partition("=") for line in said.splitlines())
        suffix = unit.rpartition(".")[2]
        return {f"{name}.{suffix}": value for name, _, value in pairs}

    def _order(self, *words: str) -> str:
        return order((*self._systemctl, *words), cure=_CURE)


def instant(text: str) -> datetime | None:
    """Read an instant as systemd writes it with ``TZ=UTC``; ``None`` for never."""
    found = _INSTANT.fullmatch(text.strip())
    if found is None:
        return None
    return datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
