"""What the last hours of two members say of a flow between them: would it live with require?

Pure. In mode request traffic of a protected flow begins a key exchange; either an association
comes up, or the exchange fails and traffic goes on in clear. Both are written down where they are
audited. So what is neither seen nor would have been written down is unknown, not absent.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from ipsec_orchestrator.model.evidence import Association
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Address
from ipsec_orchestrator.model.measurement import (
    CountedEvent,
    FlowMeasurement,
    Measured,
    MemberHistory,
)

_UP: Final = 5451
# Events that say: IPsec was tried, or was due, and did not come about.
_FAILURES: Final = {
    4652: "key exchange (main mode) failed",
    4653: "key exchange (main mode) failed",
    4654: "negotiation of an association (quick mode) failed",
    4963: "traffic came in clear that should have been secured",
}
_MAIN_MODE: Final = frozenset({4652, 4653})
_IKE_MISSING: Final = 5453
_SUCCESS: Final = 1
_FAILURE: Final = 2
_NONE: Final = "None"


def measure(
    flow: Flow,
    source: MemberHistory,
    destination: MemberHistory,
    *,
    playbook: str = "PLAYBOOK",
) -> FlowMeasurement:
    """Judge one flow by what its two ends told.

    Args:
        flow: The flow.
        source: What the end that begins told.
        destination: What the other end told.
        playbook: Its file, for the commands in cures.
    """
    proving = f"orchestrate prove {playbook} --pairs {flow.source}:{flow.destination}"
    ends = (_End(flow, source, begins=True), _End(flow, destination, begins=False))
    unseen = tuple(text for end in ends for text in end.unseen())
    without = [end for end in ends if end.history.has_policy is False]
    if without:
        return FlowMeasurement(
            flow=flow,
            measured=Measured.FALLS_BACK,
            evidence=tuple(f"{e.history.host}: {e.history.policy_reason}" for e in without),
            unseen=unseen,
            cure=" ".join(dict.fromkeys(_policy_cure(end.history, playbook) for end in without)),
        )
    clear = tuple(text for end in ends for text in end.clear())
    if clear:
        return FlowMeasurement(
            flow=flow,
            measured=Measured.FALLS_BACK,
            evidence=clear,
            unseen=unseen,
            cure=f"{proving} names the reason.",
        )
    protected = tuple(text for end in ends for text in end.protected())
    if protected:
        encrypts = any(end.encrypts() for end in ends)
        return FlowMeasurement(
            flow=flow,
            measured=Measured.ENCRYPTED if encrypts else Measured.NOT_ENCRYPTED,
            evidence=protected,
            unseen=unseen,
        )
    return FlowMeasurement(
        flow=flow,
        measured=Measured.UNKNOWN if unseen else Measured.NO_TRAFFIC,
        unseen=unseen,
        cure=f"{proving} sends such traffic; measure again right after it.",
    )


class _End:
    """One end of a flow and what it told."""

    def __init__(self, flow: Flow, history: MemberHistory, *, begins: bool) -> None:
        self.history = history
        self._flow = flow
        self._begins = begins
        ends = (flow.source_address, flow.destination_address)
        self._local, self._peer = ends if begins else ends[::-1]
        self._rows = tuple(r for r in history.associations or () if self._fits_association(r))
        self._events = tuple(e for e in history.events or () if self._fits_event(e))

    def clear(self) -> Iterator[str]:
        """Say what shows that the flow goes in clear, or would have to."""
        if any(_is_soft(row) for row in self._rows):
            yield f"{self.history.host}: has a soft association with {self._peer} now"
        came_up = max((e.last for e in self._events if _is_up(e)), default=None)
        # Main mode is one for the pair: any association with the peer shows that it works again.
        with_peer = [e.last for e in self.history.events or () if self._is_up_with_peer(e)]
        reached = max(with_peer, default=None)
        for event in sorted(self._events, key=lambda event: event.last):
            words = _words_of_failure(event)
            since = reached if event.event_id in _MAIN_MODE else came_up
            if words is not None and not self._is_healed(event.last, since):
                yield f"{self.history.host}: {words}{_how_often(event)}"

    def _is_up_with_peer(self, event: CountedEvent) -> bool:
        return _is_up(event) and event.remote_address == self._peer

    def _is_healed(self, failed_at: datetime, came_up: datetime | None) -> bool:
        """Tell whether it went well after all; where success is not audited, by what there is."""
        if came_up is not None:
            return came_up > failed_at
        audits_success = bool((self.history.quick_mode_audit or 0) & _SUCCESS)
        return not audits_success and any(not _is_soft(row) for row in self._rows)

    def protected(self) -> Iterator[str]:
        """Say what shows that the flow is protected."""
        for row in self._rows:
            if not _is_soft(row):
                yield (
                    f"{self.history.host}: has an association now, {row.encryption} and "
                    f"{row.integrity}"
                )
        for event in self._events:
            if _is_up(event):
                yield f"{self.history.host}: an association came up{_how_often(event)}"

    def encrypts(self) -> bool:
        """Tell whether something shows encryption.

        An event names its algorithms by numbers that nobody has published; so with one alone it
        is what the rule's methods allow.
        """
        if self._rows:
            return any(row.encryption != _NONE for row in self._rows)
        allowed = [encryption for encryption, _ in self._flow.algorithms]
        return any(map(_is_up, self._events)) and bool(allowed) and _NONE not in allowed

    def unseen(self) -> Iterator[str]:
        """Say what could not be seen here."""
        found, host = self.history, self.history.host
        if found.has_policy is None and found.associations is None and found.events is None:
            yield f"{host}: could not be read: {found.policy_reason}"
            return
        if found.has_policy is None:
            yield f"{host}: whether it has the policy was not seen: {found.policy_reason}"
        if found.associations is None:
            yield f"{host}: its associations could not be read: {found.associations_problem}"
        if found.events is None:
            yield f"{host}: its security log could not be read: {found.events_problem}"
        else:
            yield from self._unwritten()

    def _unwritten(self) -> Iterator[str]:
        """Say why what is not in the log may have happened all the same."""
        found, host = self.history, self.history.host
        main, quick = found.main_mode_audit, found.quick_mode_audit
        if main is None or quick is None:
            yield f"{host}: whether key exchanges are audited was not seen"
        elif not (main & _FAILURE and quick & _FAILURE and quick & _SUCCESS):
            yield (
                f"{host}: IPsec Main Mode (failure) and Quick Mode (success and failure) are not "
                "both audited, so what happened is not written down"
            )
        if found.log_since and found.since and found.log_since > found.since:
            yield f"{host}: its security log reaches back to {_moment(found.log_since)} only"
        if found.is_cut_off:
            yield f"{host}: there were more events than were read"

    def _fits_association(self, row: Association) -> bool:
        return (
            (row.local_address, row.remote_address) == (self._local, self._peer)
            and row.protocol in {0, self._flow.protocol}
            and self._fits_ports(row.local_port, row.remote_port)
        )

    def _fits_event(self, event: CountedEvent) -> bool:
        if event.event_id == _IKE_MISSING and event.remote_address is None:
            return True
        fits = self._fits_ports if event.event_id == _UP else self._fits_packet
        # What an event leaves out is no reason to pass over it.
        return (
            event.remote_address == self._peer
            and event.local_address in {None, self._local}
            and event.protocol in {None, 0, self._flow.protocol}
            and fits(event.local_port or 0, event.remote_port or 0)
        )

    def _ports(self, local: int, remote: int) -> tuple[int, int]:
        """Give the port of the side that answers, and that of the side that begins."""
        return (remote, local) if self._begins else (local, remote)

    def _fits_ports(self, local: int, remote: int) -> bool:
        """Tell whether an association is for this direction; who begins chooses its port freely."""
        answering, beginning = self._ports(local, remote)
        return answering in {0, self._flow.port} and not beginning

    def _fits_packet(self, local: int, remote: int) -> bool:
        """Tell whether a failure is of this direction; it may name the ports of one packet."""
        answering, beginning = self._ports(local, remote)
        return answering == self._flow.port or not (answering or beginning)


def needed_hosts(flows: Iterable[Flow]) -> dict[str, tuple[Address, ...]]:
    """Give every host of some flows with the addresses of its peers."""
    found: dict[str, dict[Address, None]] = {}
    for flow in flows:
        found.setdefault(flow.source, {})[flow.destination_address] = None
        found.setdefault(flow.destination, {})[flow.source_address] = None
    return {host: tuple(peers) for host, peers in found.items()}


def _policy_cure(history: MemberHistory, playbook: str) -> str:
    again = f"orchestrate apply {playbook} --limit {history.host} refreshes it."
    return f"{history.policy_cure} {again}" if history.policy_cure else again


def _words_of_failure(event: CountedEvent) -> str | None:
    if event.event_id == _IKE_MISSING:
        return "the service for key exchange was not started"
    if event.event_id == _UP and event.is_soft:
        return "a soft association came up"
    return _FAILURES.get(event.event_id)


def _how_often(event: CountedEvent) -> str:
    often = "once" if event.count == 1 else f"{event.count} times, the last"
    return f", {often} at {_moment(event.last)} (event {event.event_id})"


def _is_up(event: CountedEvent) -> bool:
    return event.event_id == _UP and not event.is_soft


def _is_soft(row: Association) -> bool:
    """Tell whether an association protects nothing at all."""
    return row.encryption == _NONE and row.integrity == _NONE


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
