"""A record that looks like one of a real domain: runs, passes, proofs and members, of any size."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.drift import Difference, DriftKind, DriftReport, Unread
from ipsec_orchestrator.model.evidence import Verdict
from ipsec_orchestrator.model.member_state import LastOutcome, MemberState
from ipsec_orchestrator.model.outcome import HostOutcome
from ipsec_orchestrator.model.proof_record import ProofRecord, ProvedFlow
from ipsec_orchestrator.model.record_view import RecordView
from ipsec_orchestrator.model.run import RunRecord, RunState
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass

MADE = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
DOMAIN = "corp.example.com"
PLAYBOOK = "azure-onpremises"
_OBJECT = "CN=ipsecFilter{7238523a-0000-4000-8000-000000000001},CN=IP Security,CN=System,DC=corp"
CHANGED_PORT = Difference(
    kind=DriftKind.DRIFT,
    object=_OBJECT,
    thing="filter list",
    name="azure-onpremises-HTTP8080",
    field="filters",
    expected="10.0.1.0/24 -> 10.2.27.0/25, TCP 8080",
    found="10.0.1.0/24 -> 10.2.27.0/25, TCP 8443",
    when=MADE - timedelta(hours=30),
    where="dc1.corp.example.com",
    who="CORP\\alice",
)
UNLINKED = Difference(
    kind=DriftKind.DRIFT,
    object="OU=IPSec,DC=corp,DC=example,DC=com",
    thing="link",
    name="IPSec-Azure-OnPremises on OU=IPSec",
    field="enabled",
    expected="yes",
    found="no",
)
RIVAL = Difference(
    kind=DriftKind.FOREIGN,
    object="CN={31B2F340-016D-11D2-945F-00C04FB984F9},CN=Policies,CN=System,DC=corp",
    thing="GPO",
    name="Old baseline",
    field="IPsec settings",
    expected="absent",
    found="come before ours",
)


def member_difference(host: str) -> Difference:
    """A member that has lost its policy."""
    return Difference(
        kind=DriftKind.DRIFT,
        object=f"{host}.{DOMAIN}",
        thing="member",
        name=host,
        field="policy",
        expected="policy-azure-onpremises",
        found="absent",
    )


def host_name(number: int) -> str:
    """Azure VMs and hosts on premises by turns."""
    return f"{('vm', 'host')[number % 2]}{number:05}"


def runs(number: int) -> tuple[RunRecord, ...]:
    """So many runs, newest first, one every six hours; the newest but two was interrupted."""
    found: list[RunRecord] = []
    for back in range(number):
        started = MADE - timedelta(hours=2 + 6 * back)
        state = RunState.INTERRUPTED if back == 2 else RunState.DONE
        found.append(
            RunRecord(
                run_id=f"{started:%Y%m%d-%H%M%S}-{back:06x}",
                command="apply" if back % 9 else "remove",
                playbook=PLAYBOOK if back % 4 else "branch-offices",
                domain=DOMAIN,
                dc="dc1.corp.example.com",
                state=state,
                started=started,
                ended=None if back == 2 else started + timedelta(seconds=95),
                steps=20,
                begun=True,
            )
        )
    return tuple(found)


def passes(number: int, hosts: tuple[str, ...] = ()) -> tuple[WatchPass, ...]:
    """So many passes, newest first, one every half hour."""
    return tuple(_pass(back, hosts) for back in range(number))


def _pass(back: int, hosts: tuple[str, ...]) -> WatchPass:
    started = MADE - timedelta(minutes=10 + 30 * back)
    found = tuple(_seen(back, hosts))
    return WatchPass(
        pass_id=f"{started:%Y%m%d-%H%M%S-%f}",
        playbook=PLAYBOOK,
        domain=DOMAIN,
        started=started,
        ended=started + timedelta(seconds=4),
        outcome=PassOutcome.REPORTED if found else PassOutcome.CLEAN,
        report=DriftReport(
            differences=found,
            unknown=tuple(
                Unread(object=host, reason="no answer within 20 s", cure="Is it switched on?")
                for host in hosts[3:4]
            ),
        ),
        members_read=(*hosts[:3], *hosts[4:]),
        alarms=("The link was repaired 3 times today and is left alone now.",)
        if back == 0 and hosts
        else (),
    )


def _seen(back: int, hosts: tuple[str, ...]) -> Iterator[Difference]:
    if back < 60:
        yield CHANGED_PORT
    if 100 <= back < 130 or 200 <= back < 204:
        yield UNLINKED
    if back < 200:
        yield RIVAL
    if back < 12:
        yield from (member_difference(host) for host in hosts[5:7])


def proofs(hosts: tuple[str, ...]) -> tuple[ProofRecord, ...]:
    """One proof a day for a week, newest first; one pair falls back to clear in the newest."""
    return tuple(
        ProofRecord(
            proof_id=f"proof-{back}",
            playbook=PLAYBOOK,
            domain=DOMAIN,
            began=MADE - timedelta(days=back, hours=3),
            ended=MADE - timedelta(days=back, hours=2, minutes=50),
            evidence=f"/srv/evidence/2026-11-{26 - back}",
            flows=tuple(
                _flow(source, destination, newest=back == 0)
                for source, destination in product(hosts, hosts)
                if source[:2] != destination[:2]
            ),
        )
        for back in range(7)
    )


def _flow(source: str, destination: str, *, newest: bool) -> ProvedFlow:
    clear = newest and (source, destination) == (host_name(2), host_name(1))
    return ProvedFlow(
        source=source,
        destination=destination,
        protocol=6,
        port=8080,
        is_protected=True,
        as_expected=not clear,
        addresses=f"10.0.1.{_number(source)} -> 10.2.27.{_number(destination)}",
        verdict=Verdict.CLEAR if clear else Verdict.ENCRYPTED,
        reason="the requests were answered in clear" if clear else "everything agrees",
    )


def _number(host: str) -> int:
    return int("".join(filter(str.isdigit, host)))


def members(number: int) -> tuple[MemberState, ...]:
    """So many members; one in fifty failed."""
    return tuple(
        MemberState(
            playbook=PLAYBOOK,
            domain=DOMAIN,
            host=host_name(each),
            last=LastOutcome(
                playbook=PLAYBOOK,
                domain=DOMAIN,
                host=host_name(each),
                run_id="20261126-070000-000001",
                outcome=HostOutcome.FAILED if each % 50 == 7 else HostOutcome.DONE,
                reason="no answer on port 5986" if each % 50 == 7 else "",
                time=MADE - timedelta(hours=2),
            ),
        )
        for each in range(number)
    )


def record(hosts: int = 12, run_count: int = 60, pass_count: int = 300) -> RecordView:
    """All of it."""
    names = tuple(host_name(each) for each in range(min(hosts, 10)))
    states = [
        replace(
            each,
            read=MADE - timedelta(minutes=10) if each.host in names else None,
            differences=int(each.host in names[5:7]),
            unread="no answer within 20 s" if each.host in names[3:4] else "",
        )
        for each in members(hosts)
    ]
    return RecordView(
        made=MADE,
        tool_version="0.1.0",
        folder="/home/admin/.local/state/ipsec_orchestrator",
        runs=runs(run_count),
        passes=passes(pass_count, names),
        proofs=proofs(names[:8]),
        pending=(
            PendingConfirmation(
                run_id="20261126-070000-000000",
                playbook=PLAYBOOK,
                domain=DOMAIN,
                deadline=MADE + timedelta(minutes=10),
                hosts=names[:4],
            ),
        ),
        members=tuple(states),
    )
