"""Passes of a watch as values, for tests of what they tell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ipsec_orchestrator.model.drift import Difference, DriftKind, DriftReport, Unread
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass

PLAYBOOK: Final = "azure-onpremises"
DOMAIN: Final = "ipsectest.com"
FIRST: Final = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
EVERY: Final = timedelta(minutes=30)
LIST_DN: Final = "CN=ipsecFilter{1},CN=IP Security,CN=System,DC=ipsectest,DC=com"
MEMBERS: Final = ("host1", "vm1")


def difference(**other: Any) -> Difference:  # noqa: ANN401 - fields of a difference
    """A port that somebody changed."""
    return replace(
        Difference(
            kind=DriftKind.DRIFT,
            object=LIST_DN,
            thing="filter list",
            name="azure-to-onpremises",
            field="filter 1",
            expected="tcp any to 443",
            found="tcp any to 80",
            when=datetime(2026, 11, 26, 8, 55, 3, tzinfo=UTC),
            where="dc1.ipsectest.com",
            who=None,
        ),
        **other,
    )


def member_difference(name: str) -> Difference:
    """A member without its policy."""
    return Difference(
        kind=DriftKind.DRIFT,
        object=f"{name}.ipsectest.com",
        thing="member",
        name=name,
        field="policy",
        expected="policy-azure-onpremises",
        found="absent",
    )


def unread(name: str = "vm1") -> Unread:
    """A host that did not answer."""
    return Unread(object=name, reason="no connection", cure="Switch it on.")


def watch_pass(number: int, outcome: PassOutcome | None = None, **other: Any) -> WatchPass:  # noqa: ANN401 - fields of a pass
    """The pass of this number; what is not said is as in a clean one.

    ``differences`` and ``unknown`` make its report; without an outcome it is clean or reported.
    """
    differences = tuple(other.pop("differences", ()))
    unknown = tuple(other.pop("unknown", ()))
    found = PassOutcome.REPORTED if differences or unknown else PassOutcome.CLEAN
    started = FIRST + number * EVERY
    silent = {each.object for each in unknown}
    return replace(
        WatchPass(
            pass_id=f"{started:%Y%m%d-%H%M%S}-000000",
            playbook=PLAYBOOK,
            domain=DOMAIN,
            started=started,
            ended=started + timedelta(seconds=12),
            outcome=outcome or found,
            report=DriftReport(differences=differences, unknown=unknown, record="a-run"),
            members_read=tuple(name for name in MEMBERS if name not in silent),
        ),
        **other,
    )


def killed_pass(number: int) -> WatchPass:
    """A pass that was begun and never ended."""
    started = FIRST + number * EVERY
    return WatchPass(
        pass_id=f"{started:%Y%m%d-%H%M%S}-000000",
        playbook=PLAYBOOK,
        domain=DOMAIN,
        started=started,
    )
