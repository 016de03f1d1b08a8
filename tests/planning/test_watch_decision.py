"""What a pass decides: only what every word and every guard allows is repaired."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.model.drift import Difference, DriftKind, DriftReport
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.model.watch_rules import Handling, WatchRules, WeeklyTimes
from ipsec_orchestrator.planning.watch.decision import Decision, Surroundings, decide
from ipsec_orchestrator.planning.watch.handling import handling_of, in_directory, on_member

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
THINGS = ("GPO", "link", "assignment", "policy", "rule", "filter list", "member", "replication")

differences = st.builds(
    Difference,
    kind=st.sampled_from(DriftKind),
    object=st.sampled_from(["CN=a", "CN=b", "vm1", "vm2"]),
    thing=st.sampled_from(THINGS),
    name=st.sampled_from(["vm1", "vm2", "x"]),
    field=st.sampled_from(["policy", "content", "enforced", "inheritance", "the object"]),
    expected=st.just("this"),
    found=st.just("that"),
)
reports = st.builds(
    DriftReport,
    differences=st.lists(differences, max_size=5, unique=True).map(tuple),
    record=st.sampled_from(["r1", None]),
)
rules = st.builds(
    WatchRules,
    on_drift=st.sampled_from(Handling),
    kinds=st.dictionaries(st.sampled_from(THINGS), st.sampled_from(Handling)),
    groups=st.sampled_from([(), (("web", Handling.REPAIR),), (("web", Handling.REPORT),)]),
    times=st.integers(1, 3),
)
modes = st.none() | st.sampled_from(Handling)
GROUPS = {"vm1": ("web",), "vm2": ()}


def around(mode: Handling | None = None, obstacle: str = "", *earlier: WatchPass) -> Surroundings:
    """A pass at noon."""
    return Surroundings(now=NOW, groups=GROUPS, mode=mode, obstacle=obstacle, earlier=earlier)


@given(reports, rules, modes)
def test_only_what_may_be_repaired_is(
    report: DriftReport, wanted: WatchRules, mode: Handling | None
) -> None:
    """A repair is of drift alone, and every word says repair."""
    found = decide(report, wanted, around(mode))

    if found.handling is Handling.REPAIR:
        assert not found.held
        assert found.differences
        for each in found.differences:
            assert in_directory(each) or on_member(each)
            assert handling_of(each, wanted, GROUPS, mode) is Handling.REPAIR
        assert not any(
            each.kind is DriftKind.PENDING and each.thing != "replication"
            for each in report.differences
        )
        # What members get is whole.
        assert set(filter(in_directory, report.differences)) <= set(found.differences)


@given(reports, rules, modes)
def test_an_obstacle_stops_every_repair(
    report: DriftReport, wanted: WatchRules, mode: Handling | None
) -> None:
    """Whatever is going on elsewhere keeps repairs back, and says so; it stops nothing else."""
    free = decide(report, wanted, around(mode))
    held = decide(report, wanted, around(mode, "Somebody is at work."))

    assert held.handling is not Handling.REPAIR
    if free.handling is Handling.REPAIR:
        assert held.held == "Somebody is at work."
    else:
        assert held == free


@given(reports, rules)
def test_mode_report_and_mode_ask_never_repair(report: DriftReport, wanted: WatchRules) -> None:
    """The option has the last word."""
    told = decide(report, wanted, around(Handling.REPORT))
    asked = decide(report, wanted, around(Handling.ASK))

    assert told.handling in {None, Handling.REPORT}
    assert asked.handling in {None, Handling.ASK}
    assert not told.held
    assert not asked.held


DRIFT = Difference(
    kind=DriftKind.DRIFT,
    object="CN=a",
    thing="link",
    name="g on OU",
    field="enabled",
    expected="yes",
    found="no",
)
REPORT = DriftReport(differences=(DRIFT,), record="r1")
REPAIR = WatchRules(on_drift=Handling.REPAIR, times=2, within=3600)


def test_a_dc_that_lags_behind_holds_nobody_up() -> None:
    """What has not come to another DC yet is no wish of the playbook, and a repair goes on."""
    lag = replace(DRIFT, kind=DriftKind.PENDING, thing="replication", name="dc2", field="version")
    alone = decide(DriftReport(differences=(lag,), record="r1"), REPAIR, around())
    beside = decide(DriftReport(differences=(DRIFT, lag), record="r1"), REPAIR, around())

    assert alone == Decision()
    assert (beside.handling, beside.differences) == (Handling.REPAIR, (DRIFT,))


def repaired(minutes_ago: float, outcome: PassOutcome = PassOutcome.REPAIRED) -> WatchPass:
    """A pass that repaired the link."""
    started = NOW - timedelta(minutes=minutes_ago)
    return WatchPass(
        pass_id=f"p{minutes_ago}",
        playbook="p",
        domain="d",
        started=started,
        ended=started,
        outcome=outcome,
        report=REPORT,
        run_id="r",
    )


def test_repairs_are_counted_within_the_time_only() -> None:
    """As many repairs as allowed within the hour, also such as failed, are an alarm."""
    tired = decide(REPORT, REPAIR, around(None, "", repaired(10), repaired(59, PassOutcome.FAILED)))
    fresh = decide(REPORT, REPAIR, around(None, "", repaired(10), repaired(61)))

    assert tired.handling is Handling.REPORT
    assert tired.held == tired.alarms[0]
    assert "link g on OU was repaired 2 times within 1 h" in tired.held
    assert fresh == Decision(handling=Handling.REPAIR, differences=(DRIFT,))


def test_hours() -> None:
    """Within ``leave_alone`` and outside of ``repair_only`` nothing is repaired."""
    noon = WeeklyTimes(text="noon", days=frozenset(range(7)), begins=700, lasts=60, zone=UTC)
    night = WeeklyTimes(text="night", days=frozenset(range(7)), begins=0, lasts=60, zone=UTC)

    def held(**hours: tuple[WeeklyTimes, ...]) -> str:
        wanted = WatchRules(on_drift=Handling.REPAIR, **hours)  # type: ignore[arg-type]
        return decide(REPORT, wanted, around()).held

    assert "leave_alone says 'noon'" in held(leave_alone=(noon,))
    assert "repair_only says 'night'" in held(repair_only=(night,))
    assert held(repair_only=(night, noon)) == ""
    assert held(leave_alone=(night,)) == ""


def test_without_a_record_nothing_is_repaired_and_the_reason_is_told() -> None:
    """Nobody can tell what was there."""
    pending = Difference(
        kind=DriftKind.PENDING,
        object="CN=a",
        thing="link",
        name="g on OU",
        field="enabled",
        expected="yes",
        found="no",
    )
    found = decide(DriftReport(differences=(pending,)), REPAIR, around())

    assert found.handling is Handling.REPORT
    assert "no record here of a run" in found.held
