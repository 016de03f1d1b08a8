"""A pass of the watch that somebody else starts: what is started, how often, by which system."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SchedulerKind(StrEnum):
    """Whose schedule it is, in the words of the command line."""

    SYSTEMD = "systemd"
    SYSTEMD_USER = "systemd-user"
    WINDOWS = "windows"
    KUBERNETES = "kubernetes"
    CRON = "cron"


class UnattendedSource(StrEnum):
    """Where a pass that nobody watches has its credentials from."""

    INVENTORY = "inventory"
    """What the inventory names: keytab, ticket cache or keyring."""
    KEYTAB = "keytab"
    """A keytab that the schedule hands over."""
    PASSWORD_FILE = "password-file"  # noqa: S105 - a word
    """A file with nothing but the password, that the schedule hands over."""
    ENVIRONMENT_FILE = "environment-file"
    """A file of variables that the scheduler reads."""
    SECRET = "secret"  # noqa: S105 - a word
    """A Secret of Kubernetes."""
    GMSA = "gmsa"
    """A group managed service account that the task runs as."""
    ACCOUNT = "account"
    """An account whose password the Task Scheduler keeps, and asks for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One schedule, complete: everything that is installed is made from it.

    It holds no secret, only the places of secrets, and is written into what is installed, so that
    it can be told later whether that is as it was made.

    Attributes:
        name: What it is called there; small letters, digits and hyphens.
        kind: Whose schedule it is.
        program: How the program is started: a full path, and arguments before the command.
        playbook: Path of the playbook; absolute.
        inventory: Paths of the inventory; absolute.
        every_seconds: Time between two passes.
        mode: ``report``, ``ask`` or ``repair``; empty leaves it to the playbook.
        limit: Only these hosts; empty for all.
        dc: The DC to use; empty for the PDC emulator.
        threads: Hosts at once; 0 for the program's default.
        state: State folder; empty for the one that the scheduler gives or the account has.
        notify_config: Path of the file that says who is told, or ``keyring:SERVICE``; empty for
            none.
        event_logs: Logs that are told, as ``--event-log`` takes them; files absolute.
        metrics_file: Path of the file of metrics that is written; empty for none.
        user: Who the program is towards the domain; empty where the source says it.
        source: Where credentials come from.
        source_place: The file, Secret or account of the source.
        encrypted: Whether the file was encrypted by ``systemd-creds``.
        run_as: Account of the system that the program runs as; empty for the scheduler's choice.
        image: Container image, for Kubernetes.
    """

    name: str
    kind: SchedulerKind
    program: tuple[str, ...]
    playbook: str
    inventory: tuple[str, ...]
    every_seconds: int
    mode: str = ""
    limit: str = ""
    dc: str = ""
    threads: int = 0
    state: str = ""
    notify_config: str = ""
    event_logs: tuple[str, ...] = ()
    metrics_file: str = ""
    user: str = ""
    source: UnattendedSource = UnattendedSource.INVENTORY
    source_place: str = ""
    encrypted: bool = False
    run_as: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFile:
    """A file of a schedule: its name, without a folder, and its text."""

    name: str
    text: str


class PlaceChange(StrEnum):
    """What installing did to a place."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledPlace:
    """A file, a task or lines of a table, and what installing did there."""

    place: str
    change: PlaceChange


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledSchedule:
    """What a scheduler has of ours.

    Attributes:
        name: What it is called there.
        kind: Whose schedule it is.
        places: Where it is.
        schedule: What it was made from; ``None`` if that can't be read any more.
        differences: What is not as this program would make it, a sentence each.
        enabled: Whether the scheduler will start it; ``None`` if it does not tell.
        last_run: When it was started last; ``None`` for never, or if it is not told.
        next_run: When it is due; likewise.
        last_result: How the last one ended, in the scheduler's own code; empty if not told.
    """

    name: str
    kind: SchedulerKind
    places: tuple[str, ...]
    schedule: Schedule | None
    differences: tuple[str, ...] = ()
    enabled: bool | None = None
    last_run: datetime | None = None
    next_run: datetime | None = None
    last_result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedSchedule:
    """What was taken away, and what was left because it is not the schedule's alone."""

    name: str
    kind: SchedulerKind
    removed: tuple[str, ...]
    left: tuple[str, ...] = ()
