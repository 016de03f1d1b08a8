"""One end of a flow: what is started there, what it tells, and that all of it goes again.

Nothing here raises for a host's sake: what could not be done or read is part of the evidence.
"""

from typing import Final

from ipsec_orchestrator.engine.prove_capture import EndCapture
from ipsec_orchestrator.engine.prove_order import ProofOrder, Service
from ipsec_orchestrator.engine.prove_questions import SECONDS, HostQuestions
from ipsec_orchestrator.facts import association_answers, proof_answers
from ipsec_orchestrator.facts.member_policy import SCRIPT as MEMBER_POLICY
from ipsec_orchestrator.facts.member_policy import parse_member_policy
from ipsec_orchestrator.model.evidence import Association, EndEvidence, IpsecEvent, Request
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Address, Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.ports import World

NOTES_VARIABLE: Final = "proof_notes"
"""Variable of a host in the inventory: sentences that every proof about it has to carry."""

_BY_PACKET_MONITOR: Final = (
    "NetEventPacketCapture is not there, so pktmon captured; equal packets count as one."
)
POLICY_AGENT: Final = "PolicyAgent"
_FAILURE_SECONDS: Final = 600


class ProofEnd:
    """One host during the proof of one flow.

    Args:
        host: The host.
        local: Its address in the flow.
        peer: The other end's address.
        run_id: 32 hexadecimal digits, by which the host knows what belongs to this proof.
        order: How it is to be proved.
        world: How the host is reached.
    """

    def __init__(
        self,
        host: Host,
        *,
        local: Address,
        peer: Address,
        run_id: str,
        order: ProofOrder,
        world: World,
    ) -> None:
        self.host = host
        self._local = local
        self._peer = peer
        self._order = order
        self._questions = HostQuestions(host, run_id=run_id, world=world)
        self._capture = EndCapture(self._questions, local=local, peer=peer, limits=order.limits)
        self._begun = False
        self._touched = False
        self._notes: list[str] = _notes_of(host)
        self._rows: tuple[association_answers.QuickModeRow, ...] | None = None
        self._associations_problem: str | None = None
        self._offloads = False
        self._events: tuple[IpsecEvent, ...] | None = None
        self._audits: bool | None = None
        self._has_policy: bool | None = None
        self._received: frozenset[str] | None = None
        self.listens = False

    def begin(self) -> bool:
        """Set up the guard and the folder; without them nothing else is started there."""
        self._touched = True
        problem = self._questions.ask(
            proof_answers.BEGIN,
            {
                "EndProgram": self._questions.program(proof_answers.END),
                "LifetimeSeconds": self._order.limits.guard_seconds,
            },
            lambda _: None,
        )[1]
        self._begun = problem is None
        self._capture.problem = problem
        return self._begun

    def start_capture(self) -> None:
        """Begin to watch the adapter."""
        if self._begun:
            self._capture.start()
        if self._capture.by_packet_monitor:
            self.note(f"{self.host.name}: {_BY_PACKET_MONITOR}")

    def start_listener(self, flow: Flow) -> str | None:
        """Start the temporary listener; give the reason if nobody will answer."""
        if not self._begun:
            return self._capture.problem or "nothing could be started there"
        state, problem = self._questions.ask(
            proof_answers.LISTENER_START,
            {
                "ListenerProgram": self._questions.program(proof_answers.LISTENER),
                "Protocol": _protocol(flow),
                "Port": flow.port,
                "LocalAddress": str(self._local),
                "PeerAddress": str(self._peer),
                "LifetimeSeconds": self._order.limits.guard_seconds,
            },
            proof_answers.parse_listener_start,
        )
        if state is None:
            return problem
        if state.taken:
            self.note(f"{self.host.name}: port {flow.port} was taken; what listens there answered.")
            return None
        self.listens = state.listening
        return None if state.listening else (state.problem or "no reason given")

    def send(self, flow: Flow, nonces: tuple[str, ...]) -> tuple[Request, ...]:
        """Send the flow's requests from here."""
        limits = self._order.limits
        sizes = limits.sizes(flow.protocol)
        found, problem = self._questions.ask(
            proof_answers.REQUEST,
            {
                "SourceAddress": str(self._local),
                "Address": str(self._peer),
                "Port": flow.port,
                "Protocol": _protocol(flow),
                "Nonces": list(nonces),
                "Sizes": list(sizes),
                "TimeoutMilliseconds": int(limits.request_seconds * 1000),
                "Method": "GET" if self._order.service is Service.IIS else "POST",
            },
            proof_answers.parse_requests,
            # Connecting, sending and receiving may each take that long.
            seconds=SECONDS + 3 * limits.request_seconds * len(sizes),
            with_run=False,
        )
        if found is None:
            self.note(f"{self.host.name}: whether the requests were sent is unknown: {problem}")
        return found or ()

    def look(self) -> None:
        """Read associations, events and the policy's state, while the associations live."""
        pair: dict[str, Json] = {"LocalAddress": str(self._local), "PeerAddress": str(self._peer)}
        found, problem = self._questions.ask(
            association_answers.ASSOCIATIONS,
            pair,
            association_answers.parse_associations,
            with_run=False,
        )
        if found is not None:
            self._rows, self._offloads = found.rows, found.offloads_ipsec
            problem = found.problem
        self._associations_problem = problem
        limits = self._order.limits
        events, problem = self._questions.ask(
            association_answers.EVENTS,
            {
                "PeerAddress": str(self._peer),
                "AssociationSeconds": limits.association_seconds,
                "FailureSeconds": _FAILURE_SECONDS,
                "MaximumEvents": limits.events,
            },
            association_answers.parse_events,
            with_run=False,
        )
        if events is not None:
            self._events, self._audits = events.events, events.audits_quick_mode
            problem = events.problem
        if problem is not None:
            self.note(f"{self.host.name}: the audit events could not be read: {problem}")
        if self._audits is False:
            self.note(
                f"{self.host.name}: IPsec Quick Mode is not audited, so that the SPIs of its "
                "associations can't be known.",
            )
        policy, _ = self._questions.ask(MEMBER_POLICY, {}, self._sees_policy, with_run=False)
        self._has_policy = policy

    def stop_capture(self) -> None:
        """Stop watching, and fetch the frames."""
        self._capture.stop()
        if self._capture.frames_left_out:
            self.note(
                f"{self.host.name}: {self._capture.frames_left_out} more frames were captured than "
                f"the limit of {self._order.limits.frames} allows to be looked at.",
            )

    def finish(self) -> None:
        """Take everything away; what can't be is said, and the host's guard tries again."""
        if not self._touched:
            return
        found, problem = self._questions.ask(proof_answers.END, {}, proof_answers.parse_end)
        if found is None:
            # It may be done any number of times, and a connection may break as IPsec comes up.
            found, problem = self._questions.ask(proof_answers.END, {}, proof_answers.parse_end)
        if found is not None:
            self._touched = False
            self._received = found.received if self.listens else None
            problem = ", ".join(f"{what} ({why})" for what, why in found.problems.items())
        if problem:
            self.note(
                f"{self.host.name}: not everything could be taken away at once: {problem}; the "
                f"host does it by itself after {self._order.limits.guard_seconds} seconds.",
            )

    def note(self, text: str) -> None:
        """Keep something that every reader must be told."""
        self._notes.append(text)

    def evidence(self, *, without_frames: str | None = None) -> EndEvidence:
        """Give everything that this end told.

        Args:
            without_frames: Why the frames mean nothing, if they do.
        """
        return EndEvidence(
            host=self.host.name,
            frames=None if without_frames else self._capture.frames,
            frames_left_out=self._capture.frames_left_out,
            capture_problem=without_frames or self._capture.problem,
            associations=self._associations(),
            associations_problem=self._associations_problem,
            events=self._events,
            received_nonces=self._received,
            has_policy=self._has_policy,
            offloads_ipsec=self._offloads,
            notes=tuple(self._notes),
        )

    def _associations(self) -> tuple[Association, ...] | None:
        if self._rows is None:
            return None
        return association_answers.join(self._rows, self._events or ())

    def _sees_policy(self, answer: Json) -> bool:
        seen = parse_member_policy(answer)
        if seen.assigned is None:
            return False
        if not seen.runs(POLICY_AGENT):
            return False
        name = seen.assigned.name
        return name is None or name.casefold() == self._order.policy.casefold()


def _protocol(flow: Flow) -> str:
    return "UDP" if flow.protocol == 17 else "TCP"  # noqa: PLR2004 - IANA


def _notes_of(host: Host) -> list[str]:
    notes = host.variables.get(NOTES_VARIABLE, [])
    return [str(note) for note in notes] if isinstance(notes, list) else []
