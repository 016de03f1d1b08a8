"""Whose state is read in a pass: who needs it at once, the others in turn, nobody too seldom."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsec_orchestrator.model.inventory import Host, HostRole
from ipsec_orchestrator.model.watermark import MemberReading
from ipsec_orchestrator.planning.drift.rotation import Chosen, Rotation, Turn, choose_members

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOSTS = tuple(
    Host(name=f"vm{number:02}", role=HostRole.AZURE_VM, fqdn=f"vm{number:02}.corp.example.com")
    for number in range(20)
)
ACCOUNTS = {host.name: f"CN={host.name},OU=Servers,DC=corp" for host in HOSTS}
CHANGED = Rotation(turn=Turn.CHANGED)
TENTH = Rotation(turn=Turn.SAMPLE, percent=10)


def reading(host: Host, *, hours_ago: float = 1) -> MemberReading:
    """A clean reading."""
    return MemberReading(
        at=NOON - timedelta(hours=hours_ago), account=ACCOUNTS[host.name], basis="b", clean=True
    )


ALL_CLEAN = {host.name: reading(host) for host in HOSTS}


def choose(readings: dict[str, MemberReading], rotation: Rotation, *, basis: str = "b") -> Chosen:
    """Choose among all hosts at noon."""
    return choose_members(
        HOSTS, readings=readings, accounts=ACCOUNTS, basis=basis, now=NOON, rotation=rotation
    )


def names(chosen: Chosen) -> list[str]:
    """Who was chosen."""
    return [host.name for host in chosen.hosts]


def test_all_means_everybody() -> None:
    """Without a rotation everybody is read, however fresh the last reading is."""
    assert choose(ALL_CLEAN, Rotation()).hosts == HOSTS


def test_clean_and_fresh_readings_are_relied_on() -> None:
    """Where nothing has changed nobody is read, and the oldest reading is named."""
    readings = ALL_CLEAN | {"vm07": reading(HOSTS[7], hours_ago=23)}
    chosen = choose(readings, CHANGED)

    assert chosen.hosts == ()
    assert chosen.left_out == 20
    assert chosen.oldest == NOON - timedelta(hours=23)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(None, id="never read"),
        pytest.param(replace(ALL_CLEAN["vm03"], clean=False), id="was not clean"),
        pytest.param(replace(ALL_CLEAN["vm03"], account="CN=vm03,OU=Old,DC=corp"), id="moved"),
        pytest.param(replace(ALL_CLEAN["vm03"], basis="a"), id="compared with something else"),
        pytest.param(reading(HOSTS[3], hours_ago=24), id="too old"),
        pytest.param(reading(HOSTS[3], hours_ago=-1), id="of the future"),
    ],
)
@pytest.mark.parametrize("rotation", [CHANGED, TENTH])
def test_member_with_a_reason_is_read(other: MemberReading | None, rotation: Rotation) -> None:
    """Each of the reasons is enough, with and without a sample of the others."""
    readings = {name: each for name, each in ALL_CLEAN.items() if name != "vm03"}
    if other is not None:
        readings["vm03"] = other
    chosen = choose(readings, rotation)

    assert "vm03" in names(chosen)
    assert len(chosen.hosts) == (1 if rotation is CHANGED else 2)


def test_member_without_an_account_in_reach_is_read() -> None:
    """Nothing is relied on of a member that the GPO does not reach."""
    accounts = {name: dn for name, dn in ACCOUNTS.items() if name != "vm03"}
    readings = ALL_CLEAN | {"vm03": replace(ALL_CLEAN["vm03"], account="")}
    chosen = choose_members(
        HOSTS, readings=readings, accounts=accounts, basis="b", now=NOON, rotation=CHANGED
    )

    assert names(chosen) == ["vm03"]


def test_another_policy_means_everybody() -> None:
    """If members are to be compared with something else, everybody is read."""
    assert choose(ALL_CLEAN, CHANGED, basis="c").hosts == HOSTS
    assert choose(ALL_CLEAN, TENTH, basis="c").hosts == HOSTS


def test_sample_takes_the_oldest_then_the_name() -> None:
    """A tenth of twenty is two: the oldest reading, and among equals the first name."""
    readings = ALL_CLEAN | {"vm09": reading(HOSTS[9], hours_ago=2)}

    assert names(choose(readings, TENTH)) == ["vm00", "vm09"]


def test_too_small_a_share_is_told_and_the_age_kept() -> None:
    """More overdue readings than the share takes are read all the same, and it is told."""
    readings = ALL_CLEAN | {host.name: reading(host, hours_ago=30) for host in HOSTS[:5]}
    chosen = choose(readings, TENTH)

    assert names(chosen) == [host.name for host in HOSTS[:5]]
    assert chosen.overdue == 5
    assert chosen.share_is_too_small
    assert not choose(readings, CHANGED).share_is_too_small


@settings(deadline=None)
@given(
    percent=st.floats(0.1, 100),
    minutes=st.lists(st.integers(-120, 24 * 60), min_size=1, max_size=40),
)
def test_no_reading_that_is_relied_on_is_older_than_allowed(
    percent: float, minutes: list[int]
) -> None:
    """Whatever the share and the times of passes, clocks put back included, the age is kept."""
    rotation = Rotation(turn=Turn.SAMPLE, percent=percent, max_age=timedelta(hours=12))
    readings: dict[str, MemberReading] = {}
    now = NOON
    for step in minutes:
        now += timedelta(minutes=step)
        chosen = choose_members(
            HOSTS, readings=readings, accounts=ACCOUNTS, basis="b", now=now, rotation=rotation
        )
        for host in chosen.hosts:
            readings[host.name] = replace(reading(host), at=now)

        assert len(chosen.hosts) + chosen.left_out == len(HOSTS)
        assert all(timedelta() <= now - each.at < rotation.max_age for each in readings.values())
