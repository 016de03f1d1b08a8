"""What ``orchestrate prove`` does: choose flows, prove them, print; once or until interrupted."""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from rich.live import Live
from rich.table import Table

from ipsec_orchestrator.adapters.specification import read_playbook
from ipsec_orchestrator.app.evidence import save_evidence
from ipsec_orchestrator.app.plans import members_of
from ipsec_orchestrator.app.proof_store import proof_record, proof_store
from ipsec_orchestrator.app.prove import ProofWish, parse_pairs, prove_flows, wished_flows
from ipsec_orchestrator.cli.carrying_out import say
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection, state_place
from ipsec_orchestrator.cli.output import (
    print_json,
    print_lines,
    print_table,
    results,
    style_of,
    talk,
)
from ipsec_orchestrator.cli.progress import telling
from ipsec_orchestrator.cli.web_service import web_service
from ipsec_orchestrator.engine.prove import Proof
from ipsec_orchestrator.engine.prove_order import Service
from ipsec_orchestrator.errors import BackendError, UsageError
from ipsec_orchestrator.model.evidence import FlowVerdict, Verdict
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.proof_record import ProofRecord
from ipsec_orchestrator.ports import World
from ipsec_orchestrator.report.lines import Tone
from ipsec_orchestrator.report.proof_matrix import matrix_rows
from ipsec_orchestrator.report.proof_rows import (
    HEADINGS,
    expected,
    note_lines,
    port_text,
    probe_line,
    proof_rows,
    proof_to_json,
    tone_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line of ``prove``."""

    playbook: str
    pairs: str | None
    count: int | None
    port: int | None
    service: str
    control: bool
    watch: bool
    evidence: str | None
    keep_payload: bool
    timeout: float
    guard: int | None
    yes: bool
    state: str | None
    as_json: bool


def prove_and_print(asked: Asked, connection: Connection) -> int:
    """Do all of it and give the exit code."""
    if asked.watch and (asked.as_json or asked.evidence):
        raise UsageError(
            "--watch goes on until interrupted: it has no --json and no --evidence.",
            cure="Leave out one or the other.",
        )
    folder = Path(asked.evidence) if asked.evidence else None
    if folder is not None and folder.exists():
        raise UsageError(f"{folder} is there already.", cure="Name a new folder for the evidence.")
    inventory = connection.read_inventory()
    playbook = read_playbook(Path(asked.playbook), inventory)
    wish = ProofWish(
        pairs=parse_pairs(asked.pairs, inventory) if asked.pairs else (),
        count=asked.count,
        port=asked.port,
        control=asked.control,
        service=Service(asked.service),
        keep_payload=asked.keep_payload,
        request_seconds=asked.timeout,
        guard_seconds=asked.guard,
    )
    flows = wished_flows(
        playbook, inventory, members_of(playbook, inventory, connection.limit), wish
    )
    talk().print(f"{len(flows)} flows. {wish.limits.sentence()}", soft_wrap=True)
    with connection.open(inventory) as world, _service(asked, flows, playbook, wish, world):
        if asked.watch:
            _watch(flows, playbook, wish, world)
            return Exit.DONE
        began_at = world.clock.now()
        proofs = _prove_once(flows, playbook, wish, world)
        proof_id = uuid4()
        if folder is not None:
            save_evidence(
                folder,
                proofs,
                playbook,
                world,
                run_id=proof_id,
                began_at=began_at,
                keeps_payload=wish.keep_payload,
            )
            talk().print(f"Evidence: {folder.absolute()}", soft_wrap=True)
        verdicts = [proof.verdict for proof in proofs]
        record = proof_record(
            str(proof_id),
            playbook.name,
            inventory.domain.name,
            verdicts,
            began=began_at,
            ended=world.clock.now(),
            evidence=str(folder.absolute()) if folder else "",
        )
    _record(record, asked.state)
    if asked.as_json:
        print_json(proof_to_json(verdicts))
    else:
        print_table(HEADINGS, proof_rows(verdicts))
        headings, rows = matrix_rows(verdicts)
        print_table(headings, [(row, Tone.PLAIN) for row in rows])
    print_lines(note_lines(verdicts), to_stderr=asked.as_json)
    return exit_code(verdicts)


def _record(record: ProofRecord, state: str | None) -> None:
    """Record a proof; one that can't be recorded was made all the same, so it is shown."""
    try:
        proof_store(state_place(state), tell=say).put(record)
    except BackendError as error:
        say(f"This proof is not in the record: {error}")


def _service(
    asked: Asked, flows: tuple[Flow, ...], playbook: Playbook, wish: ProofWish, world: World
) -> AbstractContextManager[None]:
    if wish.service is not Service.IIS:
        return nullcontext()
    return web_service(flows, playbook, wish, world, yes=asked.yes, state=asked.state)


def exit_code(verdicts: Sequence[FlowVerdict]) -> Exit:
    """Give the exit code: what is known to be wrong goes before what is not known."""
    if any(found.verdict not in expected(found.flow) | {Verdict.UNKNOWN} for found in verdicts):
        return Exit.DIFFERENCES
    if any(found.verdict is Verdict.UNKNOWN for found in verdicts):
        return Exit.SOME_HOSTS
    return Exit.DONE


def _prove_once(
    flows: tuple[Flow, ...], playbook: Playbook, wish: ProofWish, world: World
) -> list[Proof]:
    found: dict[Flow, Proof] = {}
    with telling() as tell:

        def say(flow: Flow, text: str) -> None:
            tell(f"[{len(found)}/{len(flows)}] {flow.source} -> {flow.destination}: {text}")

        with closing(prove_flows(flows, playbook, wish, world, say)) as proofs:
            for proof in proofs:
                found[proof.verdict.flow] = proof
                tell(probe_line(proof.evidence, proof.verdict).text)
    return [found[flow] for flow in flows]


def _watch(flows: tuple[Flow, ...], playbook: Playbook, wish: ProofWish, world: World) -> None:
    """Prove again and again; Ctrl-C is the way to end it, and no error."""
    table = _Watched(flows)
    try:
        with table.shown():
            while True:
                with closing(prove_flows(flows, playbook, wish, world, table.say)) as proofs:
                    for proof in proofs:
                        table.take(proof)
                        print_lines([probe_line(proof.evidence, proof.verdict)])
    except KeyboardInterrupt:
        talk().print("Stopped.")


class _Watched:
    """The live table of ``--watch``: what each flow's last probe said, and what it does now."""

    def __init__(self, flows: tuple[Flow, ...]) -> None:
        self._now = dict.fromkeys(flows, "")
        self._last: dict[Flow, Proof] = {}
        self._probes = dict.fromkeys(flows, 0)

    @contextmanager
    def shown(self) -> Generator[None]:
        """Show it while the block runs, where there is a terminal."""
        if not results().is_terminal:
            yield
            return
        with Live(self, console=results(), refresh_per_second=4):
            yield

    def say(self, flow: Flow, text: str) -> None:
        """Take what is done at the moment; may come from any thread."""
        self._now[flow] = text

    def take(self, proof: Proof) -> None:
        """Take a verdict."""
        flow = proof.verdict.flow
        self._last[flow] = proof
        self._probes[flow] += 1
        self._now[flow] = ""

    def __rich__(self) -> Table:
        table = Table("from", "to", "port", "probes", "last", "ms", "verdict", "now")
        for flow, now in self._now.items():
            proof = self._last.get(flow)
            requests = proof.evidence.requests if proof else ()
            table.add_row(
                flow.source,
                flow.destination,
                port_text(flow),
                str(self._probes[flow]),
                f"{requests[-1].sent_at:%H:%M:%S}" if requests else "",
                f"{requests[-1].milliseconds:.0f}" if requests else "",
                proof.verdict.verdict.value if proof else "",
                now,
                style=style_of(tone_of(proof.verdict)) if proof else None,
            )
        return table
