"""Watching one end's adapter while the requests of a proof travel."""

from ipsec_orchestrator.engine.prove_order import Limits
from ipsec_orchestrator.engine.prove_questions import SECONDS, HostQuestions
from ipsec_orchestrator.facts import capture_answers
from ipsec_orchestrator.model.evidence import Frame
from ipsec_orchestrator.model.inventory import Address


class EndCapture:
    """The capture of one host during the proof of one flow.

    Args:
        questions: Runs the scripts there.
        local: Its address in the flow.
        peer: The other end's address.
        limits: How much may be captured and looked at.
    """

    def __init__(
        self,
        questions: HostQuestions,
        *,
        local: Address,
        peer: Address,
        limits: Limits,
    ) -> None:
        self._questions = questions
        self._local = local
        self._peer = peer
        self._limits = limits
        self._capturing = False
        self.by_packet_monitor = False
        self.frames: tuple[Frame, ...] | None = None
        self.frames_left_out = 0
        self.problem: str | None = None

    def start(self) -> None:
        """Begin to watch the adapter."""
        started, problem = self._questions.ask(
            capture_answers.START,
            {
                "PeerAddress": str(self._peer),
                "TruncationBytes": self._limits.truncation_bytes,
                "MaximumMegabytes": self._limits.capture_megabytes,
            },
            capture_answers.parse_capture_start,
        )
        self._capturing = started is not None and started.capturing
        self.by_packet_monitor = started is not None and started.by_packet_monitor
        self.problem = problem if started is None else started.problem

    def stop(self) -> None:
        """Stop watching, and fetch the frames; without a capture it does nothing."""
        if not self._capturing:
            return
        _, problem = self._questions.ask(capture_answers.STOP, {}, lambda _: None)
        found, unread = self._questions.ask(
            capture_answers.READ,
            {
                "LocalAddress": str(self._local),
                "PeerAddress": str(self._peer),
                "MaximumFrames": self._limits.frames,
            },
            capture_answers.parse_capture,
            seconds=2 * SECONDS,
        )
        if found is None or found.problem is not None:
            reason = unread if found is None else found.problem
            self.problem = reason or problem
            return
        self.frames = found.frames
        self.frames_left_out = found.left_out
