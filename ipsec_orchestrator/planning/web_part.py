"""Plans a web server on every host that has to answer, and the way back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.facts.web_service import WebState
from ipsec_orchestrator.model.plan import Action, Basis, Caution, Change, FieldChange, Plan, Purpose
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import WebPart, WebStep, inverse

_NAMES: Final = {
    WebPart.FEATURE: "IIS",
    WebPart.SITE: "ipsec_orchestrator-iis-{port}",
    WebPart.RULE: "ipsec_orchestrator-iis-{port}",
}
# The rule is there before anything listens, and goes after it.
_ORDER: Final = (WebPart.FEATURE, WebPart.RULE, WebPart.SITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebWish:
    """That a host answers on a port.

    Attributes:
        host: Inventory name.
        port: TCP port.
        peers: Addresses from which the requests come.
        sizes: Sizes in bytes of what can be asked for.
    """

    host: str
    port: int
    peers: tuple[str, ...]
    sizes: tuple[int, ...]


def plan_web(
    wishes: Iterable[WebWish], states: Mapping[WebWish, WebState], basis: Basis
) -> tuple[Plan, tuple[Plan, ...]]:
    """Plan what is missing, and for each host the way back.

    What bears our mark already was left by a run that was killed: the way back includes it. What
    is not ours is neither changed nor taken away; a port that it listens on is left to it.

    Args:
        wishes: Who is to answer where.
        states: What each host has.
        basis: What the plan is made from.

    Raises:
        UsageError: A host can't have IIS.
    """
    steps: list[WebStep] = []
    ours: list[WebStep] = []
    cautions: list[Caution] = []
    for wish in wishes:
        state = states[wish]
        if state.taken:
            cautions.append(
                Caution(
                    code="port-taken",
                    text=f"{wish.host}: something that is not ours listens on port {wish.port}; "
                    "it answers, and nothing is changed there.",
                )
            )
            continue
        if not state.installable or state.problem is not None:
            reason = state.problem or "it has no Server Manager, or IIS without its scripting tools"
            raise UsageError(
                f"{wish.host} can't get a web site for the proof: {reason}.",
                cure="Use --service temporary.",
            )
        for part in _ORDER:
            step = _step(wish, part)
            same = [known for known in (*steps, *ours) if _is_same(known, step)]
            if same:
                continue
            if not state.has(part):
                steps.append(step)
            elif state.has_of_ours(part):
                ours.append(step)
    if any(step.part is WebPart.FEATURE for step in steps):
        cautions.append(
            Caution(
                code="restart",
                text="Windows may want a restart after IIS has been uninstalled again.",
            )
        )
    plan = Plan(
        purpose=Purpose.APPLY,
        basis=basis,
        changes=tuple(_change(step) for step in steps),
        steps=tuple(steps),
        warnings=tuple(cautions),
    )
    return plan, tuple(_ways_back([*ours, *steps], basis))


def _ways_back(made: Sequence[WebStep], basis: Basis) -> Iterator[Plan]:
    for host in dict.fromkeys(step.host for step in made):
        own = sorted(
            (step for step in made if step.host == host),
            key=lambda step: _ORDER.index(step.part),
            reverse=True,
        )
        yield Plan(
            purpose=Purpose.REMOVE,
            basis=basis,
            changes=tuple(_change(step, Action.DELETE) for step in own),
            steps=tuple(inverse(step) for step in own),
        )


def _is_same(one: WebStep, other: WebStep) -> bool:
    return (one.host, one.part) == (other.host, other.part) and (
        one.port == other.port or one.part is WebPart.FEATURE
    )


def _step(wish: WebWish, part: WebPart) -> WebStep:
    titles = {
        WebPart.FEATURE: f"install IIS on {wish.host}",
        WebPart.RULE: f"let requests to port {wish.port} into {wish.host}",
        WebPart.SITE: f"make a web site on port {wish.port} of {wish.host}",
    }
    return WebStep(
        stage=Stage.WEB,
        title=titles[part],
        host=wish.host,
        part=part,
        port=wish.port,
        peers=wish.peers if part is WebPart.RULE else (),
        sizes=wish.sizes if part is WebPart.SITE else (),
        before=False,
        after=True,
    )


def _change(step: WebStep, action: Action = Action.CREATE) -> Change:
    told: dict[str, str] = {"host": step.host}
    if step.part is WebPart.FEATURE:
        told["features"] = "Web-Server, Web-Scripting-Tools"
    else:
        told["port"] = str(step.port)
    if step.peers:
        told["from"] = ", ".join(step.peers)
    return Change(
        stage=Stage.WEB,
        action=action,
        kind=step.part.value,
        name=_NAMES[step.part].format(port=step.port),
        object=step.host,
        fields=tuple(
            FieldChange(
                field=field,
                old=text if action is Action.DELETE else None,
                new=None if action is Action.DELETE else text,
            )
            for field, text in told.items()
        ),
    )
