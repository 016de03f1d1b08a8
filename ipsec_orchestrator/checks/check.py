"""What a check is, and the ways to make one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from ipsec_orchestrator.facts.directory_health import DirectoryHealth
from ipsec_orchestrator.facts.health import HealthFacts, HostFacts, NotRead, Trouble
from ipsec_orchestrator.facts.host_health import HostHealth
from ipsec_orchestrator.facts.member_policy import MemberObservation
from ipsec_orchestrator.model.finding import CheckOutcome, Finding


class Need(StrEnum):
    """Groups of facts that have to be read for a check; what nobody needs is not read."""

    RECORDS = "records"
    DIRECTORY = "directory"
    ACCOUNTS = "accounts"
    CONTROLLERS = "controllers"
    POLICY = "policy"
    HEALTH = "health"
    NAMES = "names"
    PATHS = "paths"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a check ended for the domain or for one host; fields as those of ``Finding``."""

    outcome: CheckOutcome
    seen: str
    cure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One prerequisite.

    Attributes:
        check_id: Stable id; the part before the dot is the topic.
        title: What is checked, in words.
        needs: What it has to know.
        examine: Gives the findings, one for the domain or one a host.
        guards_apply: Whether ``apply`` refuses to begin while it fails.
    """

    check_id: str
    title: str
    needs: frozenset[Need]
    examine: Callable[[HealthFacts], Iterable[Finding]]
    guards_apply: bool = False

    @property
    def topic(self) -> str:
        """The file, and the word of ``--only``."""
        return self.check_id.partition(".")[0]


def passed(seen: str) -> Verdict:
    """All is well."""
    return Verdict(outcome=CheckOutcome.PASSED, seen=seen)


def failed(seen: str, cure: str) -> Verdict:
    """Something is missing or wrong, and this is what to do."""
    return Verdict(outcome=CheckOutcome.FAILED, seen=seen, cure=cure)


def unknown(seen: str, cure: str = "") -> Verdict:
    """It could not be seen."""
    return Verdict(outcome=CheckOutcome.UNKNOWN, seen=seen, cure=cure)


def not_applicable(seen: str) -> Verdict:
    """There is nothing to check here."""
    return Verdict(outcome=CheckOutcome.NOT_APPLICABLE, seen=seen)


def unread(missing: NotRead) -> Verdict:
    """Say that a fact could not be had."""
    return unknown(missing.reason, missing.cure)


def domain_check(
    check_id: str,
    title: str,
    needs: Iterable[Need],
    judge: Callable[[HealthFacts], Verdict],
    *,
    guards_apply: bool = False,
) -> Check:
    """Make a check that has one answer for the whole domain."""

    def examine(facts: HealthFacts) -> Iterable[Finding]:
        yield _finding(check_id, title, judge(facts), None)

    return Check(
        check_id=check_id,
        title=title,
        needs=frozenset(needs),
        examine=examine,
        guards_apply=guards_apply,
    )


def directory_check(
    check_id: str,
    title: str,
    judge: Callable[[HealthFacts, DirectoryHealth], Verdict],
    *,
    needs: Iterable[Need] = (),
    guards_apply: bool = False,
) -> Check:
    """Make a check of what the directory says; unknown where it could not be asked."""

    def judged(facts: HealthFacts) -> Verdict:
        if isinstance(facts.directory, NotRead):
            return unread(facts.directory)
        return judge(facts, facts.directory)

    return domain_check(
        check_id, title, [Need.DIRECTORY, *needs], judged, guards_apply=guards_apply
    )


def host_check(
    check_id: str,
    title: str,
    needs: Iterable[Need],
    judge: Callable[[HealthFacts, HostFacts], Verdict],
) -> Check:
    """Make a check that has an answer for every host."""

    def examine(facts: HealthFacts) -> Iterable[Finding]:
        for host in facts.member_hosts():
            yield _finding(check_id, title, judge(facts, host), host.host.name)

    return Check(check_id=check_id, title=title, needs=frozenset(needs), examine=examine)


def health_check(check_id: str, title: str, judge: Callable[[HostHealth], Verdict]) -> Check:
    """Make a check of ``HostHealth``; unknown where the host could not be asked."""

    def judged(_: HealthFacts, host: HostFacts) -> Verdict:
        return unread(host.health) if isinstance(host.health, NotRead) else judge(host.health)

    return host_check(check_id, title, [Need.HEALTH], judged)


def policy_check(
    check_id: str, title: str, judge: Callable[[HealthFacts, MemberObservation], Verdict]
) -> Check:
    """Make a check of ``MemberObservation``; unknown where the host could not be asked."""

    def judged(facts: HealthFacts, host: HostFacts) -> Verdict:
        if isinstance(host.policy, NotRead):
            return unread(host.policy)
        return judge(facts, host.policy)

    return host_check(check_id, title, [Need.POLICY], judged)


def _finding(check_id: str, title: str, verdict: Verdict, host: str | None) -> Finding:
    return Finding(
        check_id=check_id,
        title=title,
        outcome=verdict.outcome,
        seen=verdict.seen,
        cure=verdict.cure,
        host=host,
    )


def was_asked(missing: NotRead) -> bool:
    """Tell whether an attempt was made at all."""
    return missing.trouble is not Trouble.NOT_ASKED
