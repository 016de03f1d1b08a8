"""What can't work when nobody is there, refused before anything is written."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import PurePosixPath
from typing import Final

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.inventory import CredentialSource
from ipsec_orchestrator.model.schedule import Schedule, SchedulerKind, UnattendedSource
from ipsec_orchestrator.planning.schedule.command import LOG_FILE, pass_arguments
from ipsec_orchestrator.planning.schedule.timing import check_every

# A CronJob's name may have 52 characters, because its jobs get eleven more (Kubernetes, "CronJob").
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,50}[a-z0-9])?")
_NAME_LENGTH: Final = 52
_SYSTEM_ACCOUNT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]*")
_SECRET: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_TEMPORARY: Final = tuple(map(PurePosixPath, ("/tmp", "/var/tmp")))  # noqa: S108 - refused
_S: Final = UnattendedSource
_K: Final = SchedulerKind
_ALLOWED: Final = {
    _K.SYSTEMD: {_S.INVENTORY, _S.KEYTAB, _S.PASSWORD_FILE, _S.ENVIRONMENT_FILE},
    _K.SYSTEMD_USER: {_S.INVENTORY, _S.KEYTAB, _S.ENVIRONMENT_FILE},
    _K.CRON: {_S.INVENTORY, _S.KEYTAB},
    _K.KUBERNETES: {_S.SECRET},
    _K.WINDOWS: {_S.GMSA, _S.ACCOUNT},
}
_OPTIONS: Final = {
    _S.INVENTORY: "credentials in the inventory",
    _S.KEYTAB: "--keytab",
    _S.PASSWORD_FILE: "--password-file",
    _S.ENVIRONMENT_FILE: "--environment-file",
    _S.SECRET: "--secret",
    _S.GMSA: "--gmsa",
    _S.ACCOUNT: "--run-as",
}


def name_for(playbook: str) -> str:
    """Give the name of a playbook's schedule, where nobody chose one."""
    stem = re.split(r"[/\\]", playbook)[-1].rpartition(".")[0]
    words = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    return f"ipsec-{words}"[:_NAME_LENGTH].strip("-")


def check_name(name: str) -> None:
    """Refuse a name that one of the schedulers would not take.

    Raises:
        UsageError: It is none.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a schedule.",
            cure="Use small letters, digits and hyphens, at most 52, for example ipsec-watch.",
        )


def check_schedule(schedule: Schedule, named: CredentialSource) -> None:
    """Refuse a schedule that could not work.

    Args:
        schedule: What is wanted.
        named: Where the inventory says that credentials come from.

    Raises:
        UsageError: It could not work; the sentence says why.
    """
    check_name(schedule.name)
    check_every(schedule.every_seconds)
    _check_words(schedule)
    _check_source(schedule, named)
    for sentence, cure in _reasons(schedule):
        raise UsageError(sentence, cure=cure)


def _check_words(schedule: Schedule) -> None:
    single: list[object] = [getattr(schedule, field.name) for field in fields(Schedule)]
    for word in (*single, *schedule.program, *schedule.inventory, *schedule.event_logs):
        if isinstance(word, str) and not (word.isprintable() and word == word.strip()):
            raise UsageError(
                f"{word!r} can't stand in a schedule: it has a line break, another control "
                "character, or a blank at its end.",
                cure="Rename the file or folder.",
            )


def _check_source(schedule: Schedule, named: CredentialSource) -> None:
    allowed = _ALLOWED[schedule.kind]
    if schedule.source not in allowed:
        ways = ", ".join(_OPTIONS[found] for found in UnattendedSource if found in allowed)
        raise UsageError(
            f"{_OPTIONS[schedule.source]} does not go with --as {schedule.kind}.",
            cure=f"There credentials come from: {ways}. docs/in-practice/schedule.md says how.",
        )
    if schedule.source is UnattendedSource.INVENTORY:
        _check_inventory_source(schedule, named)
    elif schedule.source is UnattendedSource.KEYTAB and schedule.kind is not SchedulerKind.SYSTEMD:
        other = named.ccache or named.keytab or named.keyring_service
        if other:
            raise UsageError(
                f"The inventory names {other}, which comes before --keytab.",
                cure="Leave out --keytab, or take it out of the inventory.",
            )
    if schedule.encrypted and not (
        schedule.kind is SchedulerKind.SYSTEMD
        and schedule.source in {UnattendedSource.KEYTAB, UnattendedSource.PASSWORD_FILE}
    ):
        raise UsageError(
            "--encrypted is for --as systemd with --keytab or --password-file.",
            cure="Leave it out; only systemd decrypts a file for a service.",
        )
    if schedule.source is UnattendedSource.PASSWORD_FILE and not (schedule.user or named.user):
        raise UsageError(
            "--password-file gives a password, but nobody says whose.",
            cure="Give --user, or name user below credentials in the inventory.",
        )


def _check_inventory_source(schedule: Schedule, named: CredentialSource) -> None:
    if named.keyring_service and schedule.kind is SchedulerKind.SYSTEMD:
        raise UsageError(
            "A service of the system has no keyring: that belongs to somebody's session.",
            cure="Use --as systemd-user, or --keytab or --password-file.",
        )
    file = named.keytab or named.ccache
    if file and schedule.kind is SchedulerKind.SYSTEMD and not schedule.run_as:
        raise UsageError(
            f"The service would run as an account of its own, which can't read {file}.",
            cure="Give --keytab, which systemd hands over, or say with --run-as who may read it.",
        )
    if not (file or named.keyring_service):
        ways = ", ".join(
            _OPTIONS[found]
            for found in UnattendedSource
            if found in _ALLOWED[schedule.kind] and found is not UnattendedSource.INVENTORY
        )
        raise UsageError(
            "Nobody will be there to type a password, and the ticket of kinit runs out.",
            cure=f"Name a keytab or a keyring in the inventory, or give one of: {ways}.",
        )


def _reasons(schedule: Schedule) -> Iterator[tuple[str, str]]:
    """Give what speaks against it, each with its cure."""
    yield from _against_notify(schedule)
    match schedule.kind:
        case SchedulerKind.SYSTEMD:
            yield from _against_systemd(schedule)
            yield from _against_systemd_paths(schedule)
        case SchedulerKind.SYSTEMD_USER:
            yield from _against_account(schedule)
            yield from _against_systemd_paths(schedule)
        case SchedulerKind.CRON:
            yield from _against_account(schedule)
        case SchedulerKind.WINDOWS:
            yield from _against_windows(schedule)
        case SchedulerKind.KUBERNETES:
            yield from _against_kubernetes(schedule)
    if schedule.image and schedule.kind is not SchedulerKind.KUBERNETES:
        yield "--image is for --as kubernetes.", "Leave it out."


def _against_notify(schedule: Schedule) -> Iterator[tuple[str, str]]:
    named = schedule.notify_config
    if named.startswith("credential:"):
        yield (
            f"{named} is what a schedule makes of a file.",
            "Name the file itself with --notify-config.",
        )
    if named.startswith("keyring:") and schedule.kind in {
        SchedulerKind.SYSTEMD,
        SchedulerKind.KUBERNETES,
    }:
        yield (
            f"Where --as {schedule.kind} runs the program there is no keyring.",
            "Name a file with --notify-config: its content is handed over.",
        )


def _against_account(schedule: Schedule) -> Iterator[tuple[str, str]]:
    if schedule.run_as:
        yield (
            f"--as {schedule.kind} runs as the user whose schedule it is.",
            "Leave out --run-as and give the command as that user, or use --as systemd.",
        )


def _against_systemd(schedule: Schedule) -> Iterator[tuple[str, str]]:
    if schedule.run_as and not _SYSTEM_ACCOUNT.fullmatch(schedule.run_as):
        yield (
            f"{schedule.run_as!r} is no name of an account that systemd takes.",
            "Give the account's name as `id -un` prints it.",
        )
    if schedule.state and not schedule.run_as:
        yield (
            f"The service would run as nobody in particular, and {schedule.state} belongs to somebody.",
            "Say with --run-as whose it is, or leave out --state: then systemd makes one.",
        )
    paths = (*schedule.inventory, schedule.playbook, schedule.state, schedule.program[0])
    for path in paths:
        if path and any(PurePosixPath(path).is_relative_to(folder) for folder in _TEMPORARY):
            yield (
                f"{path} lies in a temporary folder, which is another one for the service.",
                "Put it somewhere else, for example into /etc/ipsec-orchestrator.",
            )
            return


def _against_systemd_paths(schedule: Schedule) -> Iterator[tuple[str, str]]:
    if "$" in schedule.program[0]:
        yield (
            f"systemd would take a part of {schedule.program[0]} for a variable.",
            "Install the program in a folder without a dollar sign.",
        )
    for path in (schedule.source_place, schedule.notify_config):
        # There the rest of the line is the path, and nothing can be escaped.
        if "\\" in path:
            yield (f"systemd can't be told of {path}.", "Rename it without the backslash.")


def _against_windows(schedule: Schedule) -> Iterator[tuple[str, str]]:
    if schedule.user:
        yield (
            "A task is to the domain who it runs as.",
            "Leave out --user: --gmsa or --run-as says who that is.",
        )
    if schedule.source is UnattendedSource.GMSA and not schedule.source_place.endswith("$"):
        yield (
            f"{schedule.source_place!r} is no group managed service account.",
            r"Give it as DOMAIN\name$, with the dollar sign.",
        )
    for word in pass_arguments(schedule):
        if "%" in word or "$(" in word:
            yield (
                f"The Task Scheduler would take a part of {word!r} for a variable.",
                "Rename it without the percent sign or $(.",
            )
            return


def _against_kubernetes(schedule: Schedule) -> Iterator[tuple[str, str]]:
    if not schedule.image:
        yield (
            "Which image the pod runs is not said.",
            "Build one with the program in it, and name it with --image.",
        )
    if not _SECRET.fullmatch(schedule.source_place):
        yield (
            f"{schedule.source_place!r} is no name of a Secret.",
            "Use small letters, digits, hyphens and dots.",
        )
    for option, value in (
        ("--state", schedule.state),
        ("--metrics-file", schedule.metrics_file),
        ("--event-log ecs:", any(log.startswith(LOG_FILE) for log in schedule.event_logs)),
        ("--run-as", schedule.run_as),
    ):
        if value:
            yield (
                f"{option} does not go with --as kubernetes.",
                "Leave it out: the pod has a volume for its state and a user of its own.",
            )
