"""A web server on the hosts that a proof asks, planned like any other change."""

from collections.abc import Callable, Iterable

from ipsec_orchestrator import __version__
from ipsec_orchestrator.engine.prove_order import Limits
from ipsec_orchestrator.engine.web import read_web_state
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.facts.web_service import WebState
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.plan import Basis, Plan
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.web_part import WebWish, plan_web
from ipsec_orchestrator.ports import World
from ipsec_orchestrator.proof.flows import TCP

Tell = Callable[[str], None]


def make_web_plans(
    flows: Iterable[Flow], playbook: Playbook, limits: Limits, world: World, tell: Tell
) -> tuple[Plan, tuple[Plan, ...]]:
    """Ask every host that has to answer; give the plan, and the way back for each host.

    Raises:
        UsageError: A flow is not TCP, or a host can't have IIS.
        BackendError: A host could not be asked, or refused.
    """
    wishes = _wishes(flows, limits)
    names = world.directory.names()
    basis = Basis(
        domain=names.domain,
        dc=names.dc,
        playbook=playbook.name,
        gpo=playbook.gpo.name,
        tool_version=__version__,
    )
    states: dict[WebWish, WebState] = {}
    for wish in wishes:
        tell(f"asking {wish.host} for its web server")
        states[wish] = read_web_state(_host(wish.host, world), wish.port, world)
    return plan_web(wishes, states, basis)


def _wishes(flows: Iterable[Flow], limits: Limits) -> tuple[WebWish, ...]:
    peers: dict[tuple[str, int], dict[str, None]] = {}
    for flow in flows:
        if flow.protocol != TCP:
            raise UsageError(
                f"IIS answers on TCP only, and {flow.source} -> {flow.destination} is another "
                "protocol.",
                cure="Use --service temporary, or choose flows with --port.",
            )
        known = peers.setdefault((flow.destination, flow.port), {})
        known[str(flow.source_address)] = None
    return tuple(
        WebWish(host=host, port=port, peers=tuple(found), sizes=limits.sizes(TCP))
        for (host, port), found in peers.items()
    )


def _host(name: str, world: World) -> Host:
    host = world.inventory.host(name)
    if host is None:
        raise UsageError(
            f"The inventory has no host called {name}.",
            cure="orchestrate hosts lists those that it has.",
        )
    return host
