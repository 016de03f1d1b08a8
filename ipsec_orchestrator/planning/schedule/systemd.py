"""systemd: a service that does one pass, and a timer that starts it.

Quoting is that of systemd.syntax(7) and systemd.service(5), "Command lines"; ``%`` begins a
specifier almost everywhere, ``$`` a variable in command lines only.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from ipsec_orchestrator.model.schedule import (
    Schedule,
    ScheduleFile,
    SchedulerKind,
    UnattendedSource,
)
from ipsec_orchestrator.planning.schedule.command import (
    USER_VARIABLE,
    pass_arguments,
    variables,
    written_files,
)
from ipsec_orchestrator.planning.schedule.credential_names import KEYTAB, NOTIFY, PASSWORD
from ipsec_orchestrator.planning.schedule.mark import comment_lines
from ipsec_orchestrator.planning.schedule.timing import jitter_seconds, on_calendar

STATE_ROOT: Final = PurePosixPath("/var/lib")
_HOMES: Final = tuple(map(PurePosixPath, ("/home", "/root", "/run/user")))
# What a pass does not need is taken from it. The network it does need; and memory that is both
# written and executed, because the Kerberos libraries are called through closures made at run time.
_CONFINED: Final = (
    "ProtectSystem=strict",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
    "RemoveIPC=yes",
    "RestrictNamespaces=yes",
    "RestrictSUIDSGID=yes",
    "CapabilityBoundingSet=",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    # Refused, not killed: SQLite as root tries to give its files an owner, and goes on without.
    "SystemCallErrorNumber=EPERM",
)
# These a manager of one user can do as well.
_CONFINED_ANYWHERE: Final = (
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "SystemCallArchitectures=native",
)


def systemd_files(schedule: Schedule) -> tuple[ScheduleFile, ScheduleFile]:
    """Give the service and the timer."""
    return (
        ScheduleFile(name=f"{schedule.name}.service", text=_text(_service(schedule))),
        ScheduleFile(name=f"{schedule.name}.timer", text=_text(_timer(schedule))),
    )


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _timer(schedule: Schedule) -> Iterator[str]:
    yield from comment_lines(schedule)
    yield "[Unit]"
    yield f"Description=Starts {schedule.name}.service"
    yield ""
    yield "[Timer]"
    yield f"OnCalendar={on_calendar(schedule)}"
    # A pass that was due while the machine was off is made up for, once.
    yield "Persistent=yes"
    # One delay for this machine, not a new one each time: the distances stay equal.
    yield f"RandomizedDelaySec={jitter_seconds(schedule)}"
    yield "FixedRandomDelay=yes"
    yield ""
    yield "[Install]"
    yield "WantedBy=timers.target"


def _service(schedule: Schedule) -> Iterator[str]:
    of_system = schedule.kind is SchedulerKind.SYSTEMD
    yield from comment_lines(schedule)
    yield "[Unit]"
    yield f"Description=One pass of the IPsec policy watch {schedule.name}"
    if of_system:
        yield "Wants=network-online.target"
        yield "After=network-online.target"
    yield ""
    yield "[Service]"
    yield "Type=oneshot"
    yield f"ExecStart={_exec_start(schedule)}"
    # Differences that were found and told are no failure of the service.
    yield "SuccessExitStatus=2"
    if of_system:
        yield from _for_system(schedule)
    else:
        yield from (f"Environment={_quoted(f'{n}={v}')}" for n, v in variables(schedule).items())
    if schedule.source is UnattendedSource.ENVIRONMENT_FILE:
        yield f"EnvironmentFile={_raw(schedule.source_place)}"
    yield from _CONFINED_ANYWHERE
    # Metrics and logs are for somebody else to read; what is private is made so by the program itself.
    yield f"UMask={'0022' if written_files(schedule) else '0077'}"


def _exec_start(schedule: Schedule) -> str:
    """Give the command line; what systemd hands over is named as its credential."""
    if schedule.kind is SchedulerKind.SYSTEMD:
        schedule = replace(
            schedule,
            state=state_of(schedule),
            notify_config=f"credential:{NOTIFY}" if schedule.notify_config else "",
        )
    return " ".join(map(command_word, pass_arguments(schedule)))


def state_of(schedule: Schedule) -> str:
    """Give the state folder of a service of the system."""
    return schedule.state or str(STATE_ROOT / schedule.name)


def _for_system(schedule: Schedule) -> Iterator[str]:
    if schedule.run_as:
        yield f"User={schedule.run_as}"
    else:
        yield "DynamicUser=yes"
    if schedule.user:
        yield f"Environment={_quoted(f'{USER_VARIABLE}={schedule.user}')}"
    yield from _credentials(schedule)
    state = PurePosixPath(state_of(schedule))
    writable: list[str] = []
    if state.is_relative_to(STATE_ROOT) and state != STATE_ROOT:
        yield f"StateDirectory={_quoted(str(state.relative_to(STATE_ROOT)))}"
        yield "StateDirectoryMode=0700"
    else:
        writable.append(str(state))
    writable += [str(PurePosixPath(path).parent) for path in written_files(schedule)]
    if writable:
        yield f"ReadWritePaths={' '.join(map(_quoted, writable))}"
    yield f"ProtectHome={'read-only' if _needs_homes(schedule) else 'yes'}"
    yield from _CONFINED


def _credentials(schedule: Schedule) -> Iterator[str]:
    """Have systemd read the files, as root, and hand copies to this service alone."""
    name = {UnattendedSource.KEYTAB: KEYTAB, UnattendedSource.PASSWORD_FILE: PASSWORD}.get(
        schedule.source
    )
    if name:
        way = "LoadCredentialEncrypted" if schedule.encrypted else "LoadCredential"
        yield f"{way}={name}:{_raw(schedule.source_place)}"
    if schedule.notify_config:
        yield f"LoadCredential={NOTIFY}:{_raw(schedule.notify_config)}"


def _needs_homes(schedule: Schedule) -> bool:
    paths = (
        *(schedule.program[0], schedule.playbook, *schedule.inventory),
        *(schedule.state, *written_files(schedule)),
    )
    return any(PurePosixPath(path).is_relative_to(home) for path in paths for home in _HOMES)


def command_word(word: str) -> str:
    """Quote one word of ``ExecStart=``."""
    return _quoted(word).replace("$", "$$")


def _quoted(word: str) -> str:
    """Quote a word for a list of words, where variables mean nothing."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _raw(path: str) -> str:
    """Write a path where systemd takes the rest of the line as it stands, but for specifiers."""
    return path.replace("%", "%%")
