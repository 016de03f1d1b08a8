"""What can't work without anybody there is refused, with what to do instead."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.inventory import CredentialSource
from ipsec_orchestrator.model.schedule import Schedule, SchedulerKind, UnattendedSource
from ipsec_orchestrator.planning.schedule.checking import check_name, check_schedule, name_for
from ipsec_orchestrator.planning.schedule.mark import mark, marked_schedule

NOTHING = CredentialSource()
KEYRING = CredentialSource(user="a", keyring_service="ipsec")
KINDS = SchedulerKind
SOURCES = UnattendedSource
KUBERNETES = {
    "kind": KINDS.KUBERNETES,
    "source": SOURCES.SECRET,
    "source_place": "s",
    "image": "i:1",
}
GMSA = {"kind": KINDS.WINDOWS, "source": SOURCES.GMSA, "source_place": "CORP\\g$"}


@pytest.mark.parametrize(
    ("changes", "named", "words"),
    [
        ({"source": SOURCES.INVENTORY}, NOTHING, "kinit runs out.*keytab"),
        ({"source": SOURCES.INVENTORY}, KEYRING, "no keyring.*systemd-user"),
        ({"source": SOURCES.INVENTORY}, CredentialSource(keytab="/k"), "can't read /k.*--run-as"),
        ({"source": SOURCES.INVENTORY}, CredentialSource(ccache="/c"), "can't read /c.*--keytab"),
        ({"source": SOURCES.GMSA}, NOTHING, "--gmsa does not go with --as systemd"),
        ({"source": SOURCES.PASSWORD_FILE}, NOTHING, "nobody says whose.*--user"),
        ({"source": SOURCES.ENVIRONMENT_FILE, "encrypted": True}, NOTHING, "--encrypted"),
        ({"kind": KINDS.CRON, "encrypted": True}, NOTHING, "--encrypted"),
        ({"kind": KINDS.CRON}, KEYRING, "ipsec, which comes before --keytab"),
        ({"kind": KINDS.CRON, "run_as": "bob"}, NOTHING, "Leave out --run-as"),
        ({"kind": KINDS.SYSTEMD_USER, "run_as": "bob"}, NOTHING, "Leave out --run-as"),
        ({"run_as": "a b"}, NOTHING, "no name of an account"),
        ({"state": "/srv/state"}, NOTHING, "--run-as whose it is"),
        ({"playbook": "/tmp/p.yml"}, NOTHING, "temporary folder"),  # noqa: S108 - refused
        ({"program": ("/opt/$x/python",)}, NOTHING, "dollar sign"),
        ({"source_place": "/etc/a\\b"}, NOTHING, "backslash"),
        ({"playbook": "/etc/a\nb"}, NOTHING, "line break"),
        ({"limit": "a\tb"}, NOTHING, "line break"),
        ({"inventory": ("/etc/a ",)}, NOTHING, "blank at its end"),
        ({"every_seconds": 420}, NOTHING, "calendar"),
        ({"name": "Über"}, NOTHING, "no name of a schedule"),
        ({"image": "i:1"}, NOTHING, "--image"),
        ({"notify_config": "credential:x"}, NOTHING, "Name the file itself"),
        ({"notify_config": "keyring:x"}, NOTHING, "no keyring"),
        ({"event_logs": ("ecs:/a\n",)}, NOTHING, "line break"),
        ({**GMSA, "source": SOURCES.KEYTAB}, NOTHING, "--gmsa, --run-as"),
        ({**GMSA, "source_place": "CORP\\g"}, NOTHING, "dollar sign"),
        ({**GMSA, "user": "a"}, NOTHING, "--gmsa or --run-as says"),
        ({**GMSA, "playbook": r"C:\%TEMP%\p.yml"}, NOTHING, "percent sign"),
        ({**KUBERNETES, "image": ""}, NOTHING, "--image"),
        ({**KUBERNETES, "source_place": "A_b"}, NOTHING, "no name of a Secret"),
        ({**KUBERNETES, "state": "/x"}, NOTHING, "--state does not go"),
        ({**KUBERNETES, "event_logs": ("ecs:/x",)}, NOTHING, "ecs: does not go"),
        ({**KUBERNETES, "source": SOURCES.KEYTAB}, NOTHING, "--secret"),
    ],
)
def test_what_could_not_work_is_refused(
    schedule: Schedule, changes: dict[str, object], named: CredentialSource, words: str
) -> None:
    """The sentence says what is wrong, and how to do it otherwise."""
    with pytest.raises(UsageError, match=words):
        check_schedule(replace(schedule, **changes), named)  # type: ignore[arg-type]  # as the fields


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, NOTHING),
        ({"encrypted": True}, NOTHING),
        ({"source": SOURCES.PASSWORD_FILE}, CredentialSource(user="a")),
        ({"source": SOURCES.INVENTORY, "run_as": "root"}, CredentialSource(keytab="/etc/k")),
        ({"kind": KINDS.CRON, "source": SOURCES.INVENTORY}, CredentialSource(ccache="/c")),
        ({"kind": KINDS.SYSTEMD_USER, "source": SOURCES.INVENTORY}, KEYRING),
        ({"kind": KINDS.CRON}, NOTHING),
        (GMSA, NOTHING),
        ({**GMSA, "source": SOURCES.ACCOUNT, "source_place": "CORP\\svc"}, NOTHING),
        (KUBERNETES, NOTHING),
    ],
)
def test_what_can_work_is_not(
    schedule: Schedule, changes: dict[str, object], named: CredentialSource
) -> None:
    """Every way that the documentation names passes."""
    check_schedule(replace(schedule, **changes), named)  # type: ignore[arg-type]  # as the fields


@given(st.text(max_size=80))
def test_every_playbook_gives_a_name(stem: str) -> None:
    """Whatever the file is called, its schedule can have a name, and it is the same again."""
    check_name(name_for(f"/etc/{stem}.yml"))


def test_the_mark_gives_back_the_schedule(schedule: Schedule) -> None:
    """A schedule is read out of its mark; one that somebody has edited badly is none."""
    line = mark(replace(schedule, playbook="/etc/ä\u2028\"{}'.yml"))

    found = marked_schedule(f"# {line}\nmore")
    assert found is not None
    assert found.playbook == "/etc/ä\u2028\"{}'.yml"
    assert line.isascii()


@given(st.data())
def test_a_damaged_mark_is_no_schedule(data: st.DataObject) -> None:
    """Whatever stands there, it is read or not, and never an error."""
    good = json.loads(
        mark(
            Schedule(
                name="x",
                kind=KINDS.CRON,
                program=("p",),
                playbook="/p",
                inventory=(),
                every_seconds=60,
            )
        ).partition(" ")[2]
    )
    key = data.draw(st.sampled_from(sorted(good)))
    good[key] = data.draw(
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers(), min_size=1)
    )
    text = f"ipsec_orchestrator/schedule {json.dumps(good)}"
    cut = data.draw(st.integers(30, len(text)))
    found = marked_schedule(text[:cut])

    assert found is None or isinstance(found, Schedule)
